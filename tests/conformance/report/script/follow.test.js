// Where a value goes, and how many message delays it takes.
// PAGES: a folder with pages of runs as JSON, and in each how many delays Python finds.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { criticalPaths, parseValue, stepsOf } from "../../../../conformance/report/static/follow.js";
import { Timeline } from "../../../../conformance/report/static/timeline.js";
import { page } from "./pages.js";

test("a value is named by its client and its sequence number", () => {
  assert.deepEqual(parseValue(" 1.1:3 "), { client: "1.1", sequence: 3 });
  assert.deepEqual(parseValue("2.1:3..9#ab12cd"), { client: "2.1", sequence: 3 });
  for (const wrong of ["", "1.1", ":3", "1.1:x", "a:1"]) assert.equal(parseValue(wrong), null, wrong);
});

/** @type {Partial<import("../../../../conformance/report/static/timeline.js").Step>[]} */
const STEPS = [
  { number: 1, lane: 0, kind: "Broadcast", values: [["1.1", 1, 5]] },
  { number: 2, lane: 1, kind: "Phase2a", ballot: "(1, 1)", first: 1, last: 1, values: [["1.1", 1, 5]], causes: [[1, "value"]] },
  { number: 3, lane: 1, kind: "Phase2a", ballot: "(1, 1)", first: 2, last: 2, values: [["1.1", 6, 1]] },
  { number: 4, lane: 2, kind: "Phase2b", ballot: "(1, 1)", first: 1, last: 1, causes: [[2, "2a"]] },
  { number: 5, lane: 2, kind: "Phase2b", ballot: "(1, 1)", first: 2, last: 2, causes: [[3, "2a"]] },
  { number: 6, lane: 3, kind: "Learn", ballot: "(1, 1)", first: 1, last: 1, values: [["1.1", 1, 5]], causes: [[4, "2b"]] },
  { number: 7, lane: 3, kind: "Deliver", first: 1, last: 1, values: [["1.1", 1, 5]] },
];

test("the steps about a value name it, or a proposal that has it", () => {
  const timeline = new Timeline(page({ steps: STEPS }));
  assert.deepEqual([...stepsOf(timeline, { client: "1.1", sequence: 4 })], [0, 1, 3, 5, 6]);
  assert.deepEqual([...stepsOf(timeline, { client: "1.1", sequence: 6 })], [2, 4]);
  assert.deepEqual([...stepsOf(timeline, { client: "1.1", sequence: 7 })], []);
});

test("the critical path goes from the broadcast to the delivery, a delay a message", () => {
  const timeline = new Timeline(page({ steps: STEPS }));
  assert.deepEqual(criticalPaths(timeline, { client: "1.1", sequence: 4 }), [{ delivered: 6, path: [0, 1, 3, 5, 6], delays: 3 }]);
  assert.deepEqual(criticalPaths(timeline, { client: "1.1", sequence: 6 }), []);
});

test("phase 1 is on the path where it begins for the value, and only there", () => {
  const steps = [
    STEPS[0],
    { number: 2, lane: 1, kind: "Phase1a", ballot: "(1, 1)", first: 1, last: 1 },
    { number: 3, lane: 2, kind: "Phase1b", ballot: "(1, 1)", first: 1, last: 1, causes: /** @type {[number, string][]} */ ([[2, "1a"]]) },
    { ...STEPS[1], number: 4, causes: /** @type {[number, string][]} */ ([[1, "value"], [3, "1b"]]) },
    { ...STEPS[3], number: 5, causes: /** @type {[number, string][]} */ ([[4, "2a"]]) },
    { ...STEPS[5], number: 6, causes: /** @type {[number, string][]} */ ([[5, "2b"]]) },
    { ...STEPS[6], number: 7 },
  ];
  const value = { client: "1.1", sequence: 1 };
  assert.equal(criticalPaths(new Timeline(page({ steps, waits: true })), value)[0].delays, 5);
  assert.equal(criticalPaths(new Timeline(page({ steps, waits: false })), value)[0].delays, 3);
});

const folder = process.env.PAGES;
test("of recorded runs it finds as many delays as the checker does", { skip: !folder }, () => {
  const files = readdirSync(folder ?? ".");
  assert.ok(files.length > 1);
  for (const file of files) {
    const { page: recorded, values, delays } = JSON.parse(readFileSync(`${folder}/${file}`, "utf8"));
    const timeline = new Timeline(recorded);
    /** @type {number[]} */
    const found = values.flatMap((/** @type {string} */ text) => {
      const value = parseValue(text);
      return value ? criticalPaths(timeline, value).map((path) => path.delays) : [];
    });
    assert.deepEqual(found.sort(), delays.sort(), file);
  }
});

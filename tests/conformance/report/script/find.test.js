// Filters and search.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isFiltered, isShown, nextOf, parseInstances, search } from "../../../../conformance/report/static/find.js";
import { Timeline } from "../../../../conformance/report/static/timeline.js";
import { page } from "./pages.js";

const { steps } = new Timeline(page({
  steps: [
    { number: 1, lane: 0, kind: "Phase1a", text: "Phase1a (1, 1) for 1..4", ballot: "(1, 1)", first: 1, last: 4 },
    { number: 2, lane: 1, kind: "Phase2b", text: "Phase2b (1, 1) in 7", ballot: "(1, 1)", first: 7, last: 7 },
    { number: 3, lane: 1, kind: "Broadcast", text: "Broadcast 1.1:1" },
    { number: 4, lane: 2, kind: "Phase2b", text: "Phase2b (2, 2) in 3", ballot: "(2, 2)", first: 3, last: 3, mark: "rejected" },
  ],
}));

/** @param {Partial<import("../../../../conformance/report/static/find.js").Filters>} parts */
const shown = (parts) => {
  const filters = { kinds: new Set(), lanes: new Set(), ballot: "", instances: [], ...parts };
  return steps.filter((step) => isShown(step, filters)).map((step) => step.number);
};

test("instances are single ones and runs; anything else is no list", () => {
  assert.deepEqual(parseInstances("1..5, 9 11-12"), [[1, 5], [9, 9], [11, 12]]);
  assert.deepEqual(parseInstances(" "), []);
  for (const wrong of ["a", "5..1", "1..", "-3", "1;2"]) assert.equal(parseInstances(wrong), null, wrong);
});

test("a filter leaves out kinds and processes, and keeps a ballot and instances", () => {
  assert.deepEqual(shown({}), [1, 2, 3, 4]);
  assert.deepEqual(shown({ kinds: new Set(["Phase2b"]) }), [1, 3]);
  assert.deepEqual(shown({ lanes: new Set([1]) }), [1, 4]);
  assert.deepEqual(shown({ ballot: "(1, 1)" }), [1, 2]);
  assert.deepEqual(shown({ instances: [[3, 3]] }), [1, 4]);
  assert.deepEqual(shown({ instances: [[1, 2], [7, 9]] }), [1, 2]);
});

test("nothing is filtered until something is", () => {
  assert.equal(isFiltered({ kinds: new Set(), lanes: new Set(), ballot: "", instances: [] }), false);
  assert.equal(isFiltered({ kinds: new Set(), lanes: new Set([0]), ballot: "", instances: [] }), true);
});

test("a search finds the steps that have all words, among those that are shown", () => {
  const lanes = ["proposer-1.1", "acceptor-1.1", "acceptor-2.1"];
  assert.deepEqual(search(steps, [0, 1, 2, 3], lanes, "phase2b ACCEPTOR-2"), [3]);
  assert.deepEqual(search(steps, [0, 1], lanes, "phase2b"), [1]);
  assert.deepEqual(search(steps, [0, 1, 2, 3], lanes, "rejected"), [3]);
  assert.deepEqual(search(steps, [0, 1, 2, 3], lanes, "  "), []);
});

test("the next match is around the end", () => {
  assert.deepEqual([nextOf([2, 5], 2, false), nextOf([2, 5], 5, false), nextOf([2, 5], 2, true)], [5, 2, 5]);
  assert.equal(nextOf([], 2, false), -1);
});

// The state after each step, forwards and back; which cells a step changed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { contains, phase1, Timeline } from "../../../../conformance/report/static/timeline.js";
import { page } from "./pages.js";

const TABLES = [{ name: "Log", row: "instance", columns: ["leader", "acceptor 1"], words: "", shape: "grid" }];
/** @type {[number, string, string][]} */
const CELLS = [[0, "2", "leader"], [0, "10", "acceptor 1"], [0, "2", "acceptor 1"]];

function log() {
  return new Timeline(page({
    tables: TABLES, cells: CELLS, before: [[1, "old"]],
    steps: [
      { number: 1, changes: [[0, "proposed"]] },
      { number: 2, changes: [[2, "voted"]], causes: [[1, "2a"]] },
      { number: 5, between: [[0, "decided"]], changes: [[1, ""]], causes: [[1, "2a"], [2, "2b"]] },
    ],
  }));
}

/** @param {Timeline} timeline */
const texts = (timeline) => timeline.rows(0).map((r) => [r.row, ...r.cells.map((c) => c.text)]);

test("rows come in the order of their numbers, with what is in them", () => {
  const timeline = log();
  timeline.goTo(1);
  assert.deepEqual(texts(timeline), [["2", "proposed", "voted"], ["10", "", "old"]]);
});

test("back is as if the steps had not been taken", () => {
  const timeline = log();
  const before = [-1, 0, 1, 2].map((k) => (timeline.goTo(k), texts(timeline)));
  const after = [2, 1, 0, -1].map((k) => (timeline.goTo(k), texts(timeline)));
  assert.deepEqual(after.reverse(), before);
});

test("what a step changed is told from what changed since the last step that is shown", () => {
  const timeline = log();
  timeline.goTo(2);
  assert.deepEqual([...timeline.changed()], [[1, "old"]]);
  assert.equal(timeline.state.get(0), "decided");
  assert.deepEqual(timeline.rows(0).map((r) => r.changed), [false, true]);
});

test("effects are the causes the other way round", () => {
  assert.deepEqual(log().effects.get(1), [[2, "2a"], [5, "2a"]]);
});

test("runs of numbers contain what is between their ends", () => {
  assert.deepEqual([1, 2, 4, 5, 9, 99].map((n) => contains("2..4, 9..", n)), [false, true, true, false, true, true]);
  assert.equal(contains("", 0), false);
  assert.equal(contains("3 more, 7", 3), false);
});

test("phase 1 of an instance is that of the highest ballot that asked for it", () => {
  const columns = ["asked for", "acceptor 1", "acceptor 2"];
  /** @param {string} row @param {string[]} cells */
  const row = (row, ...cells) => ({ row, changed: false, cells: cells.map((text) => ({ text, was: undefined, quiet: false })) });
  const ballots = [row("(1, 1)", "1..9", "1..9", "1..9"), row("(2, 2)", "1..4", "1..2", "1..4")];
  assert.equal(phase1(ballots, columns, 3), "(2, 2) asked, promised by 2");
  assert.equal(phase1(ballots, columns, 7), "(1, 1) asked, promised by 1, 2");
  assert.equal(phase1(ballots, columns, 10), "");
});

// State graphs: paths, what a search finds, and groups of states.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Groups, StateGraph, kindsOf } from "../../../../conformance/report/static/graph.js";
import { Timeline } from "../../../../conformance/report/static/timeline.js";

// 0 leads to 1 and 2, both to 3, and 3 to itself; 1 and 2 are one group in the second view.
const page = {
  title: "", verdict: "violation", summary: "", facts: [], notes: [], lanes: ["initial state", "client", "acceptor-1"],
  tables: [{ name: "promised", row: "", columns: ["value"], words: "", shape: "grid" }], cells: [[0, "a1", "value"], [0, "a2", "value"]],
  texts: ["0", "7", ""],
  states: [
    { depth: 0, parent: -1, changes: [[0, 0], [1, 0]] }, { depth: 1, parent: 0, changes: [[0, 1]] },
    { depth: 1, parent: 0, changes: [[1, 1]] }, { depth: 2, parent: 1, changes: [[1, 2]], false: [0] },
  ],
  moves: [{ kind: "Broadcast", lane: 1, text: "Broadcast v v1" }, { kind: "Phase1b", lane: 2, text: "Phase1b b 7", parameters: [["b", "7"]], ballot: "7" }],
  edges: [[0, 1, 0], [0, 2, 1], [1, 3, 1], [2, 3, 1], [3, 3, 0]],
  views: [
    { name: "every state", words: "", groups: [0, 1, 2, 3], places: [[0, 0], [-1, 1], [1, 1], [0, 2]], depths: [0, 1, 1, 2] },
    { name: "ballot 1", words: "", groups: [0, 1, 1, 2], places: [[0, 0], [0, 1], [0, 2]], depths: [0, 1, 2] },
  ],
  invariants: [{ name: "Agreement", place: "spec/Synod.tla:1", text: "Agreement == TRUE" }], actions: [], open_at: 3,
};
const graph = new StateGraph(/** @type {import("../../../../conformance/report/static/graph.js").GraphPage} */ (/** @type {unknown} */ (page)));

test("a path goes from the initial state by the states before", () => {
  assert.deepEqual(graph.path(3), [0, 1, 3]);
  assert.deepEqual(graph.path(0), [0]);
});

test("a path is shown as steps, each with what it changes", () => {
  const timeline = new Timeline(graph.asSteps([0, 1, 3]));
  assert.deepEqual(timeline.steps.map((s) => [s.number, s.kind, s.lane]), [[1, "Init", 0], [2, "Broadcast", 1], [3, "Phase1b", 2]]);
  timeline.goTo(1);
  assert.deepEqual([...timeline.changed()], [[0, "0"]]);
  assert.deepEqual(timeline.rows(0).map((r) => [r.row, r.cells[0].text]), [["a1", "7"], ["a2", "0"]]);
  timeline.goTo(2);
  assert.deepEqual(timeline.rows(0).map((r) => [r.row, r.cells[0].text]), [["a1", "7"], ["a2", ""]]);
});

test("a search looks at the step, the variables and what is false; # is a number", () => {
  assert.deepEqual(graph.find("promised 7"), [1, 2, 3]);
  assert.deepEqual(graph.find("PHASE1B acceptor-1"), [2, 3]);
  assert.deepEqual(graph.find("agreement is false"), [3]);
  assert.deepEqual([graph.find("#2"), graph.find("#4"), graph.find(" ")], [[2], [], []]);
  assert.deepEqual(graph.find("init"), [0]);
});

test("groups have their states and one edge for all between two of them", () => {
  const groups = new Groups(graph, graph.page.views[1]);
  assert.deepEqual(groups.members, [[0], [1, 2], [3]]);
  assert.deepEqual([...groups.edges.keys()], ["0 1", "1 2"]);
  assert.deepEqual(groups.along([0, 1, 3]), [0, 1, 2]);
});

test("beside a node is the nearest in its row, or itself at the end", () => {
  const groups = new Groups(graph, graph.page.views[0]);
  const wide = { ...graph.page.views[0], places: /** @type {[number, number][]} */ ([[-5, 1], [-1, 1], [1, 1], [9, 1]]) };
  assert.deepEqual([new Groups(graph, wide).beside(0, 1), new Groups(graph, wide).beside(3, -1)], [1, 2]);
  assert.deepEqual([groups.beside(1, 1), groups.beside(2, -1), groups.beside(2, 1), groups.beside(0, 1)], [2, 1, 2, 0]);
});

test("the kinds of steps are named once", () => {
  assert.deepEqual(kindsOf(graph, graph.from[0]), ["Broadcast", "Phase1b"]);
});

/** The page of a state graph: what its buttons, keys and fields do. */

import { byId, count, h, input } from "./dom.js";
import { nextOf } from "./find.js";
import { StateGraph, kindsOf } from "./graph.js";
import { Drawing } from "./graph_drawing.js";
import { drawPath, drawState } from "./graph_panel.js";
import { Timeline } from "./timeline.js";

const ZOOM = 1.4;

/** @type {import("./graph.js").GraphPage} */
const page = JSON.parse(byId("data").textContent ?? "");
const graph = new StateGraph(page);
const drawing = new Drawing(graph, byId("graph"), (group) => choose(drawing.groups.members[group][0]));
const dark = window.matchMedia("(prefers-color-scheme: dark)");
let path = graph.path(page.open_at);
let timeline = new Timeline(graph.asSteps(path));
let at = path.length - 1; // where in the path

/** Choose a state: the path to it is shown, and it is looked at. @param {number} state */
function choose(state) {
  path = graph.path(state);
  timeline = new Timeline(graph.asSteps(path));
  stand(path.length - 1);
}

/** Look at a state of the path. @param {number} place */
function stand(place) {
  at = Math.max(0, Math.min(path.length - 1, place));
  const state = path[at];
  timeline.goTo(at);
  byId("at").textContent = `state #${state}, step ${at} of ${path.length - 1}`;
  const group = drawing.groups.view.groups[state];
  drawPath(graph, path, at, stand);
  drawState(graph, timeline, state, drawing.groups.members[group], choose);
  drawing.mark(path, state);
  const wrong = graph.falseIn(state).map((k) => page.invariants[k].name);
  byId("graph").setAttribute("aria-label", `State graph; at state #${state}, depth ${page.states[state].depth}, which leads by ${kindsOf(graph, graph.from[state]).join(", ") || "nothing"}${wrong.length ? `; false here: ${wrong.join(", ")}` : ""}. Arrow keys go to states beside, before and after it.`);
}

/** Go from the state that is looked at to a neighbour in the drawing. @param {string} key */
function walk(key) {
  const state = path[at];
  const { groups } = drawing;
  const group = groups.view.groups[state];
  if (key === "ArrowUp") return choose(page.states[state].parent < 0 ? state : page.states[state].parent);
  if (key === "ArrowDown") {
    const deeper = graph.from[state].find((edge) => page.states[edge.target].depth > page.states[state].depth);
    return choose(deeper ? deeper.target : state);
  }
  return choose(groups.members[groups.beside(group, key === "ArrowRight" ? 1 : -1)][0]);
}

/** @param {boolean} backwards @param {boolean} stay at a match where it stands already */
function find(backwards, stay) {
  const text = input("search").value;
  const found = graph.find(text);
  const state = path[at];
  const next = stay && found.includes(state) ? state : nextOf(found, state, backwards);
  byId("found").textContent = !text.trim() ? "" : found.length ? `${count(found.indexOf(next) + 1)} of ${count(found.length)}` : "no match";
  if (next >= 0 && next !== state) choose(next);
}

function drawHead() {
  const verdict = byId("verdict");
  verdict.textContent = page.verdict === "violation" ? "✗ violation" : "✓ holds";
  verdict.classList.add(page.verdict);
  byId("summary").textContent = page.summary;
  byId("facts").replaceChildren(...page.facts.flatMap(([name, text]) => [h("dt", {}, name), h("dd", {}, text)]));
  byId("notes").replaceChildren(...page.notes.map((note) => h("li", {}, note)));
  byId("view").replaceChildren(...page.views.map((view, k) =>
    h("option", { value: k }, k ? `only ${view.name}: ${count(view.places.length)} nodes` : `${view.name}: ${count(view.places.length)}`)));
  const wrong = page.states.findIndex((state) => state.false?.length);
  byId("to-false").hidden = wrong < 0;
  byId("to-false").addEventListener("click", () => choose(wrong));
}

function changeView() {
  const number = Number(input("view").value);
  drawing.show(number);
  byId("view-words").textContent = page.views[number].words;
  stand(at);
}

/** Draw in the colours of the page. On paper a drawing keeps those it has: graph.css inverts dark ones. */
function recolour() {
  if (window.matchMedia("print").matches) return;
  byId("graph").classList.toggle("dark", dark.matches);
  drawing.recolour();
}

function listen() {
  const [first, last] = [() => stand(0), () => stand(path.length - 1)];
  byId("to-first").addEventListener("click", first);
  byId("to-last").addEventListener("click", last);
  byId("to-next").addEventListener("click", () => stand(at + 1));
  byId("to-previous").addEventListener("click", () => stand(at - 1));
  byId("view").addEventListener("change", changeView);
  byId("closer").addEventListener("click", () => drawing.zoom(ZOOM));
  byId("farther").addEventListener("click", () => drawing.zoom(1 / ZOOM));
  byId("fit").addEventListener("click", () => drawing.fit());
  byId("fit-path").addEventListener("click", () => drawing.fitPath(path));
  input("search").addEventListener("input", () => find(false, true));
  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.id === "search" && event.key === "Enter") find(event.shiftKey, false);
    if (target.id === "search" && event.key === "Escape") byId("graph").focus();
    const typing = target.matches("input, select, summary, .table");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const inGraph = target.id === "graph" && event.key.startsWith("Arrow");
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowRight: () => stand(at + 1), ArrowLeft: () => stand(at - 1), Home: first, End: last,
      "/": () => input("search").focus(), "+": () => drawing.zoom(ZOOM), "-": () => drawing.zoom(1 / ZOOM), 0: () => drawing.fit(),
    };
    if (!inGraph && !keys[event.key]) return;
    event.preventDefault();
    if (inGraph) walk(event.key);
    else keys[event.key]();
  });
  dark.addEventListener("change", recolour);
}

drawHead();
listen();
changeView();
recolour();

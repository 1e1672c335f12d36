/** What stands beside the graph: the path with the invariants along it, and the state. */

import { byId, count, h } from "./dom.js";
import { aboutAction, aboutState } from "./panel.js";

/** @typedef {import("./graph.js").StateGraph} StateGraph */
/** @typedef {import("./graph.js").Edge} Edge */
/** @typedef {(state: number) => void} Choose */

const MOST_STEPS = 12; // to or from a state that are offered as buttons
const MOST_MEMBERS = 24; // states of a node

/** @param {StateGraph} graph @param {number[]} path @param {number} at a place in the path @param {(at: number) => void} stand */
export function drawPath(graph, path, at, stand) {
  const { invariants, lanes } = graph.page;
  const head = h("tr", {}, ...["step", "state", "by", "action"].map((text) => h("th", { scope: "col" }, text)),
    ...invariants.map(({ name }) => h("th", { scope: "col", class: "upright" }, h("span", {}, name))));
  const rows = path.map((state, k) => {
    const move = graph.moveTo(state);
    const wrong = graph.falseIn(state);
    const row = h("tr", { class: k === at ? "here" : "", "aria-current": k === at ? "step" : undefined, click: () => stand(k) },
      h("th", { scope: "row" }, String(k)),
      h("td", {}, h("button", { type: "button", class: "chip", "aria-label": `state ${state}, step ${k}` }, `#${state}`)),
      h("td", {}, move ? lanes[move.lane] : ""), h("td", {}, move?.text ?? "initial state"),
      ...invariants.map((_, n) => truth(!wrong.includes(n))));
    return row;
  });
  const words = invariants.length ? "the invariants are as TLC evaluated them in each state" : "the model asks for no invariant";
  byId("path").replaceChildren(
    h("h2", {}, `Shortest path to state #${path[path.length - 1]} `, h("span", { class: "quiet" }, `${count(path.length - 1)} steps; ${words}`)),
    h("div", { class: "table path-table", tabindex: "0", role: "region", "aria-label": "Shortest path" },
      h("table", {}, h("thead", {}, head), h("tbody", {}, ...rows))));
  byId("path").querySelector(".here")?.scrollIntoView({ block: "nearest" });
}

/** @param {boolean} holds */
function truth(holds) {
  return h("td", { class: holds ? "truth" : "truth wrong" }, h("span", { "aria-hidden": "true" }, holds ? "✓" : "✗"), h("span", { class: "sr" }, holds ? "true" : "false"));
}

/**
 * @param {StateGraph} graph @param {import("./timeline.js").Timeline} timeline that stands at the state
 * @param {number} state @param {number[]} members the states of its node @param {Choose} choose
 */
export function drawState(graph, timeline, state, members, choose) {
  const { page } = graph;
  const step = timeline.step;
  const { depth } = page.states[state];
  const by = step?.lane ? `by ${page.lanes[step.lane]}` : "";
  /** @type {HTMLElement[]} */
  const parts = [h("h2", {}, `State #${state}: ${step?.kind ?? ""} `, h("span", { class: "quiet" }, `${by}${by ? ", " : ""}depth ${depth}`))];
  for (const k of graph.falseIn(state)) parts.push(aboutFalseInvariant(page.invariants[k]));
  if (step?.parameters.length) {
    parts.push(h("dl", { class: "parameters" }, ...step.parameters.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, h("code", {}, value))])));
  }
  if (members.length > 1) parts.push(aboutMembers(members, state, choose));
  parts.push(edges(graph, "Comes from", graph.to[state], (edge) => edge.source, choose));
  parts.push(edges(graph, "Leads to", graph.from[state], (edge) => edge.target, choose));
  byId("event").replaceChildren(...parts);
  byId("state").replaceChildren(...aboutState(timeline));
  const action = step && page.actions.find((a) => a.name === step.kind);
  byId("action").replaceChildren(...(action ? aboutAction(action, step) : []));
}

/** @param {{name: string, place: string, text: string}} invariant */
function aboutFalseInvariant({ name, place, text }) {
  return h("div", { class: "false" },
    h("p", {}, h("strong", {}, `✗ ${name} is false here`)), h("pre", {}, text), h("p", { class: "where" }, h("code", {}, place)));
}

/** @param {number[]} members @param {number} state @param {Choose} choose */
function aboutMembers(members, state, choose) {
  const chips = members.slice(0, MOST_MEMBERS).map((n) => h("button", { type: "button", class: "chip", "aria-pressed": String(n === state), click: () => choose(n) }, `#${n}`));
  const more = members.length > MOST_MEMBERS ? [h("span", { class: "quiet" }, `and ${count(members.length - MOST_MEMBERS)} more`)] : [];
  return h("p", { class: "links" }, h("strong", {}, `One node for ${count(members.length)} states`), " ", ...chips, ...more);
}

/** @param {StateGraph} graph @param {string} title @param {Edge[]} all @param {(edge: Edge) => number} other @param {Choose} choose */
function edges(graph, title, all, other, choose) {
  const chips = all.slice(0, MOST_STEPS).map((edge) => {
    const move = graph.page.moves[edge.move];
    return h("button", { type: "button", class: "chip", title: `${move.text} by ${graph.page.lanes[move.lane]}`, click: () => choose(other(edge)) },
      edge.source === edge.target ? `${move.kind}: itself` : `${move.kind}: #${other(edge)}`);
  });
  const more = all.length > MOST_STEPS ? [h("span", { class: "quiet" }, `and ${count(all.length - MOST_STEPS)} more`)] : [];
  const none = all.length ? [] : [h("span", { class: "quiet" }, "no state that is drawn")];
  return h("p", { class: "links" }, h("strong", {}, title), " ", ...chips, ...more, ...none);
}

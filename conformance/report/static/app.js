/** The page of a run or a counterexample: what its buttons, keys and fields do. */

import { byId, count, duration, h, input, svg } from "./dom.js";
import { isFiltered, isShown, nextOf, parseInstances, search } from "./find.js";
import { criticalPaths, parseValue, stepsOf } from "./follow.js";
import { Lanes, MESSAGES } from "./lanes.js";
import { drawPanel } from "./panel.js";
import { Timeline } from "./timeline.js";
import { drawTotals } from "./totals.js";

/** @typedef {import("./find.js").Filters} Filters */

const MOST_OFFERED = 200; // values to follow

/** @type {import("./timeline.js").Page} */
const page = JSON.parse(byId("data").textContent ?? "");
const timeline = new Timeline(page);
const { steps } = timeline;
/** @type {Filters} */
const filters = { kinds: new Set(), lanes: new Set(), ballot: "", instances: [] };
const lanes = new Lanes(timeline, byId("scroll"), byId("tall"), /** @type {SVGElement & HTMLElement} */ (byId("arrows")), byId("rows"), choose);

/** Stand at the step at this position. @param {number} position */
function choose(position) {
  if (!steps.length) return;
  const at = Math.max(0, Math.min(steps.length - 1, position));
  timeline.goTo(at);
  input("slider").value = String(at);
  const step = steps[at];
  input("slider").setAttribute("aria-valuetext", `${page.noun} ${step.number}: ${step.text}`);
  byId("at").textContent = `${page.noun} ${count(step.number)} of ${count(page.total)}`;
  lanes.select(at);
  drawPanel(timeline, choose);
}

/** The position of the shown step that is nearest, from there on. @param {number} position */
function nearest(position) {
  return lanes.visible.find((k) => k >= position) ?? lanes.visible[lanes.visible.length - 1] ?? position;
}

/** Go a step on, or back, among those that are shown. @param {number} by */
function move(by) {
  const { visible } = lanes;
  const at = timeline.taken - 1;
  const next = by > 0 ? visible.find((k) => k > at) : visible.findLast((k) => k < at);
  if (next !== undefined) choose(next);
  else if (by > 0 && page.loops_to) choose(timeline.position.get(page.loops_to) ?? at);
}

/** Go to the event of this number; whether it is shown. @param {number} number */
function goToNumber(number) {
  const position = timeline.position.get(number);
  if (position === undefined) {
    const partial = byId("partial");
    partial.hidden = false;
    partial.textContent = `Event ${count(number)} is not in this page. To see it: conformance report RUN --around ${number}`;
    partial.scrollIntoView({ block: "nearest" });
    return false;
  }
  choose(position);
  byId("scroll").scrollIntoView({ block: "nearest" });
  return true;
}

function applyFilters() {
  const visible = steps.flatMap((step, k) => (isShown(step, filters) ? [k] : []));
  lanes.show(visible);
  byId("filtered").textContent = isFiltered(filters) ? `: ${count(visible.length)} of ${count(steps.length)} shown` : "";
  if (visible.length && !lanes.rowOf.has(timeline.taken - 1)) choose(nearest(timeline.taken - 1));
}

/** @param {boolean} backwards @param {boolean} stay at a match where it stands already */
function find(backwards, stay) {
  const text = input("search").value;
  const found = search(steps, lanes.visible, page.lanes, text);
  const status = byId("found");
  if (!text.trim()) {
    status.textContent = "";
    return;
  }
  const at = timeline.taken - 1;
  const next = stay && found.includes(at) ? at : nextOf(found, at, backwards);
  status.textContent = found.length ? `${count(found.indexOf(next) + 1)} of ${count(found.length)}` : "no match";
  if (next >= 0) choose(next);
}

function follow() {
  const field = input("follow");
  const value = parseValue(field.value);
  field.setAttribute("aria-invalid", String(Boolean(field.value.trim()) && !value));
  const about = byId("path");
  about.hidden = !value;
  if (!value) {
    lanes.follow(null);
    return;
  }
  const steps_ = stepsOf(timeline, value);
  const paths = criticalPaths(timeline, value);
  const name = `${value.client}:${value.sequence}`;
  if (!paths.length) {
    about.textContent = steps_.size ? `Value ${name}: ${count(steps_.size)} events; its broadcast or its delivery is not among those shown.` : `No event that is shown has the value ${name}.`;
    lanes.follow({ about: steps_, path: [] });
    return;
  }
  /** @param {import("./follow.js").Path} path */
  const show = (path) => {
    lanes.follow({ about: steps_, path: path.path });
    const [first, last] = [steps[path.path[0]], steps[path.delivered]];
    const hops = path.path.flatMap((k, n) => [
      ...(n ? [" → "] : []),
      h("button", { type: "button", class: "chip", click: () => choose(k) }, `${steps[k].number} ${steps[k].kind}`),
    ]);
    const others = paths.length > 1 ? [h("span", {}, " by: "), ...paths.map((p) =>
      h("button", { type: "button", class: "chip", "aria-pressed": String(p === path), click: () => show(p) }, page.lanes[steps[p.delivered].lane]))] : [];
    about.replaceChildren(h("strong", {}, `Value ${name}: ${path.delays} message delays`),
      ` from its broadcast to ${last.kind === "Deliver" ? "its delivery" : "when it is learned"} by ${page.lanes[last.lane]}, ${duration(Math.max(0, last.clock - first.clock))} by the clock. Critical path: `, ...hops, ...others);
    choose(path.path[0]);
  };
  show(paths[0]);
}

/** Boxes of which each that is not ticked is left out. @template T @param {string} id @param {[T, string][]} all @param {Set<T>} left */
function checks(id, all, left) {
  byId(id).replaceChildren(...all.map(([key, text]) => {
    const box = h("input", { type: "checkbox", checked: true, change: () => {
      if (box.checked) left.delete(key);
      else left.add(key);
      applyFilters();
    } });
    return h("label", {}, box, " ", text);
  }));
}

function drawHead() {
  const verdict = byId("verdict");
  verdict.textContent = { conforms: "✓ conforms", violation: "✗ violation", unknown: "? unknown" }[page.verdict] ?? page.verdict;
  verdict.classList.add(page.verdict);
  byId("summary").textContent = page.summary;
  byId("facts").replaceChildren(...page.facts.flatMap(([name, text]) => [h("dt", {}, name), h("dd", {}, text)]));
  byId("report").textContent = page.report;
  if (page.partial) {
    byId("partial").hidden = false;
    const over = page.over ? ` The state is without the instances that were over before: ${page.over}.` : "";
    byId("partial").textContent = `Shown in full: ${page.partial}.${over} Others: conformance report RUN --around EVENT, or --instances 10..20.`;
  }
  byId("heads").replaceChildren(...page.lanes.map((lane) => h("span", {}, h("span", {}, lane))));
  const sent = new Set(steps.flatMap((step) => step.causes.map(([, message]) => message)));
  byId("key").replaceChildren(...[...MESSAGES].filter(([message]) => sent.has(message)).map(([message, dashes]) =>
    h("li", {}, svg("svg", { width: 34, height: 10, "aria-hidden": "true" },
      svg("line", { class: `message strong m-${message}`, x1: 0, x2: 34, y1: 5, y2: 5, "stroke-dasharray": dashes })), ` ${message}`)));
}

function drawFilters() {
  checks("f-kinds", [...new Set(steps.map((s) => s.kind))].map((kind) => [kind, kind]), filters.kinds);
  checks("f-lanes", page.lanes.map((lane, n) => [n, lane]), filters.lanes);
  const ballots = [...new Set(steps.map((s) => s.ballot).filter(Boolean))].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  byId("f-ballot").replaceChildren(h("option", { value: "" }, "any"), ...ballots.map((b) => h("option", { value: b }, b)));
  const values = steps.filter((s) => s.kind === "Broadcast").flatMap((s) => s.values.map(([client, first]) => `${client}:${first}`));
  byId("values").replaceChildren(...values.slice(0, MOST_OFFERED).map((value) => h("option", { value })));
  const [wanted, about] = [byId("follow").closest("label"), byId("f-instances").closest("label")];
  if (wanted) wanted.hidden = !values.length;
  if (about) about.hidden = !steps.some((s) => s.last);
}

function showAll() {
  for (const box of document.querySelectorAll("#filters input[type=checkbox]")) /** @type {HTMLInputElement} */ (box).checked = true;
  for (const id of ["f-instances", "f-ballot", "follow"]) input(id).value = "";
  filters.kinds.clear();
  filters.lanes.clear();
  filters.ballot = "";
  filters.instances = [];
  follow();
  applyFilters();
}

function listen() {
  const first = () => choose(lanes.visible[0] ?? 0);
  const last = () => choose(lanes.visible[lanes.visible.length - 1] ?? 0);
  byId("to-first").addEventListener("click", first);
  byId("to-last").addEventListener("click", last);
  byId("to-next").addEventListener("click", () => move(1));
  byId("to-previous").addEventListener("click", () => move(-1));
  byId("clear").addEventListener("click", showAll);
  input("slider").addEventListener("input", () => choose(nearest(Number(input("slider").value))));
  input("search").addEventListener("input", () => find(false, true));
  input("follow").addEventListener("change", follow);
  input("f-ballot").addEventListener("change", () => {
    filters.ballot = input("f-ballot").value;
    applyFilters();
  });
  input("f-instances").addEventListener("input", () => {
    const runs = parseInstances(input("f-instances").value);
    input("f-instances").setAttribute("aria-invalid", String(runs === null));
    if (runs) {
      filters.instances = runs;
      applyFilters();
    }
  });
  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.id === "search" && event.key === "Enter") find(event.shiftKey, false);
    if (target.id === "search" && event.key === "Escape") byId("scroll").focus();
    const typing = target.matches("input:not([type=checkbox]), select, summary");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowRight: () => move(1), ArrowDown: () => move(1), ArrowLeft: () => move(-1), ArrowUp: () => move(-1),
      Home: first, End: last, "/": () => input("search").focus(),
    };
    const vertical = event.key === "ArrowDown" || event.key === "ArrowUp";
    if (!keys[event.key] || (vertical && target.id !== "scroll")) return;
    event.preventDefault();
    keys[event.key]();
  });
  window.addEventListener("beforeprint", () => print(true));
  window.addEventListener("afterprint", () => print(false));
}

/** @param {boolean} now */
function print(now) {
  lanes.printing = now;
  if (!now) lanes.show(lanes.visible);
  lanes.draw();
}

function start() {
  drawHead();
  drawFilters();
  listen();
  input("slider").max = String(Math.max(0, steps.length - 1));
  const wrong = steps.findIndex((s) => s.mark === "rejected" || s.mark === "not settled" || s.mark === "violates");
  const toFalse = byId("to-false");
  toFalse.hidden = wrong < 0;
  toFalse.addEventListener("click", () => choose(wrong));
  applyFilters();
  lanes.resize();
  choose(timeline.position.get(page.open_at) ?? 0);
  drawTotals(page, goToNumber);
}

start();

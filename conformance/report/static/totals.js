/** The whole run in few figures: a bar for each stretch of time, a row for each instance. */

import { byId, count, duration, h, svg } from "./dom.js";

/** @typedef {import("./timeline.js").Page} Page */

const PAGE = 50; // rows about instances at a time
const FEW = 4; // stretches of time: fewer are no picture
const [WIDTH, HEIGHT] = [1000, 90];

/** @param {Page} page @param {(number: number) => boolean} goTo goes to an event, if it is shown */
export function drawTotals(page, goTo) {
  if (!page.seconds.length) return;
  const section = byId("totals");
  section.hidden = false;
  section.append(h("h2", {}, "The whole run"));
  if (page.seconds.length >= FEW) section.append(chart(page, goTo));
  section.append(h("details", {}, h("summary", {}, "Events by time"), byTime(page)));
  if (page.spans.length) section.append(byInstance(page, goTo));
}

/** @param {Page} page @param {(number: number) => boolean} goTo */
function chart(page, goTo) {
  const last = page.seconds[page.seconds.length - 1].start + page.width;
  const most = Math.max(...page.seconds.map((s) => sum(s.counts)));
  const bars = page.seconds.map((s) => {
    const all = sum(s.counts);
    const tall = Math.max(1, (all / most) * (HEIGHT - 4));
    const bar = svg("rect", { class: "bar", x: (s.start / last) * WIDTH, width: Math.max(1, (page.width / last) * WIDTH - 0.5), y: HEIGHT - tall, height: tall });
    const title = svg("title", {});
    title.textContent = `${duration(s.start)}: ${count(all)} events, from ${count(s.first)} on; ${kinds(s.counts)}`;
    bar.append(title);
    bar.addEventListener("click", () => goTo(s.first));
    return bar;
  });
  const picture = svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": `Events over ${duration(last)}; at most ${count(most)} in ${duration(page.width)}` }, ...bars);
  return h("figure", {}, picture, h("figcaption", { class: "quiet" }, `Events by time: ${duration(last)} in all, a bar for ${duration(page.width)}, at most ${count(most)} events in one.`));
}

/** @param {Record<string, number>} counts */
function sum(counts) {
  return Object.values(counts).reduce((a, b) => a + b, 0);
}

/** @param {Record<string, number>} counts */
function kinds(counts) {
  return Object.entries(counts).map(([kind, n]) => `${kind} ${count(n)}`).join(", ");
}

/** @param {Page} page */
function byTime(page) {
  const rows = page.seconds.map((s) => h("tr", {}, h("th", { scope: "row" }, duration(s.start)), h("td", {}, count(sum(s.counts))), h("td", {}, kinds(s.counts))));
  const head = ["after the first", "events", "of which"].map((text) => h("th", { scope: "col" }, text));
  return h("div", { class: "table tall-table", tabindex: "0", role: "region", "aria-label": "Events by time" }, h("table", {}, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows)));
}

/** @param {Page} page @param {(number: number) => boolean} goTo */
function byInstance(page, goTo) {
  const body = h("tbody");
  const where = h("span", { class: "quiet", role: "status" });
  let first = 0;
  const draw = () => {
    const some = page.spans.slice(first, first + PAGE);
    body.replaceChildren(...some.map((span) => h("tr", {},
      h("th", { scope: "row" }, span.first === span.last ? count(span.first) : `${count(span.first)} to ${count(span.last)}`),
      h("td", {}, span.ballot), h("td", {}, count(span.events)),
      h("td", {}, h("button", { type: "button", class: "chip", click: () => goTo(span.first_event) }, count(span.first_event))),
      h("td", {}, count(span.last_event)), h("td", {}, span.took ? duration(span.took) : ""))));
    where.textContent = ` rows ${count(first + 1)} to ${count(first + some.length)} of ${count(page.spans.length)} `;
  };
  /** @param {number} to */
  const turn = (to) => {
    first = Math.max(0, Math.min(to, Math.floor((page.spans.length - 1) / PAGE) * PAGE));
    draw();
  };
  draw();
  const head = ["instance", "highest ballot", "events", "first event", "last event", "proposed to last learned"].map((text) => h("th", { scope: "col" }, text));
  const wanted = h("input", { type: "number", min: 1, "aria-label": "Go to instance", placeholder: "instance", change: () => {
    const at = page.spans.findIndex((span) => span.last >= Number(wanted.value));
    turn(at < 0 ? page.spans.length : Math.floor(at / PAGE) * PAGE);
  } });
  const pager = page.spans.length > PAGE ? [h("p", {},
    h("button", { type: "button", click: () => turn(first - PAGE) }, "Before"), where,
    h("button", { type: "button", click: () => turn(first + PAGE) }, "After"), " ", wanted)] : [];
  return h("details", {}, h("summary", {}, "Instances"), ...pager,
    h("div", { class: "table", tabindex: "0", role: "region", "aria-label": "Instances" }, h("table", {}, h("thead", {}, h("tr", {}, ...head)), body)));
}

/** What stands beside the lanes: the step, with its action as the specification has it; the state. */

import { byId, count, duration, h } from "./dom.js";
import { inOrder, phase1 } from "./timeline.js";

/** @typedef {import("./timeline.js").Timeline} Timeline */
/** @typedef {import("./timeline.js").Step} Step */
/** @typedef {import("./timeline.js").Row} Row */

const MOST_ROWS = 9; // of a table, around those that changed
const MOST_LINKS = 12; // causes or effects

/** @param {Timeline} timeline @param {(position: number) => void} choose */
export function drawPanel(timeline, choose) {
  const step = timeline.step;
  byId("event").replaceChildren(...(step ? aboutStep(timeline, step, choose) : []));
  byId("state").replaceChildren(...aboutState(timeline));
  const action = step && timeline.page.actions.find((a) => a.name === step.kind);
  byId("action").replaceChildren(...(action ? aboutAction(action, step) : []));
}

/** @param {Timeline} timeline @param {Step} step @param {(position: number) => void} choose */
function aboutStep(timeline, step, choose) {
  const { page } = timeline;
  /** @type {HTMLElement[]} */
  const parts = [
    h("h2", {}, `${capital(page.noun)} ${count(step.number)}: ${step.kind} `, h("span", { class: "quiet" }, `by ${page.lanes[step.lane]}`)),
  ];
  if (step.place) {
    parts.push(h("p", { class: "where" }, h("code", {}, step.place), page.width ? `, ${duration(step.clock)} after the first` : ""));
  }
  for (const one of step.false) parts.push(aboutFalse(one));
  if (step.mark === "rejected" && page.further.length) parts.push(aboutFurther(timeline, choose));
  if (step.parameters.length) {
    parts.push(h("dl", { class: "parameters" }, ...step.parameters.flatMap(([name, value]) =>
      [h("dt", {}, name), h("dd", {}, h("code", {}, value))])));
  }
  parts.push(links(timeline, "Follows from", step.causes, choose));
  parts.push(links(timeline, "Leads to", timeline.effects.get(step.number) ?? [], choose));
  parts.push(ownLinks(timeline, step, choose));
  return parts;
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The steps of the same process before and after it. @param {Timeline} timeline @param {Step} step @param {(position: number) => void} choose */
function ownLinks(timeline, step, choose) {
  const { steps } = timeline;
  const at = timeline.taken - 1;
  const before = steps.findLastIndex((s, k) => k < at && s.lane === step.lane);
  const after = steps.findIndex((s, k) => k > at && s.lane === step.lane);
  /** @param {string} words @param {number} k */
  const chip = (words, k) => (k < 0 ? [] : [h("button", { type: "button", class: "chip", title: steps[k].text, click: () => choose(k) }, `${words}: ${count(steps[k].number)} ${steps[k].kind}`)]);
  const chips = [...chip("before", before), ...chip("after", after)];
  return h("p", { class: "links", hidden: !chips.length }, h("strong", {}, "The same process"), " ", ...chips);
}

/** @param {import("./timeline.js").False} one */
function aboutFalse(one) {
  return h("div", { class: "false" },
    h("p", {}, h("strong", {}, `✗ ${one.name} is false: `), one.words),
    h("pre", {}, one.text),
    h("p", { class: "where" }, h("code", {}, one.place)),
    ...(one.expected ? [h("dl", {}, h("dt", {}, "expected"), h("dd", {}, one.expected), h("dt", {}, "found"), h("dd", {}, one.actual))] : []));
}

/** What is false in the whole run, by kind. @param {Timeline} timeline @param {(position: number) => void} choose */
function aboutFurther(timeline, choose) {
  const items = timeline.page.further.map(({ name, words, times, place }) => {
    const at = timeline.steps.findIndex((step) => step.place === place);
    const first = at < 0 ? h("span", { class: "quiet" }, `first at ${place}`)
      : h("button", { type: "button", class: "chip", click: () => choose(at) }, `first: ${count(timeline.steps[at].number)}`);
    return h("li", {}, h("strong", {}, name), ` ${words}; of ${times === 1 ? "1 event" : `${count(times)} events`}, `, first);
  });
  return h("div", { class: "further" }, h("h3", {}, "All that is false in the run, by kind"), h("ul", { class: "ways" }, ...items));
}

/** @param {Timeline} timeline @param {string} title @param {[number, string][]} others @param {(position: number) => void} choose */
function links(timeline, title, others, choose) {
  if (!others.length) return h("p", { class: "links" }, h("strong", {}, title), " ", h("span", { class: "quiet" }, "nothing that is shown"));
  const shown = others.slice(0, MOST_LINKS).map(([number, message]) => {
    const position = timeline.position.get(number);
    if (position === undefined) return h("span", { class: "chip quiet" }, `${message}: ${count(number)}, not shown`);
    const step = timeline.steps[position];
    return h("button", { type: "button", class: "chip", click: () => choose(position), title: step.text },
      `${message}: ${count(number)} ${timeline.page.lanes[step.lane]}`);
  });
  const more = others.length > MOST_LINKS ? [h("span", { class: "quiet" }, `and ${others.length - MOST_LINKS} more`)] : [];
  return h("p", { class: "links" }, h("strong", {}, title), " ", ...shown, ...more);
}

/** @param {import("./timeline.js").Action} action @param {Step} step */
export function aboutAction(action, step) {
  const firstFalse = Math.min(...step.false.flatMap((f) => f.conjuncts), Infinity);
  const refused = step.false.length > 0;
  const items = action.conjuncts.map((c, k) => {
    const wrong = step.false.some((f) => f.conjuncts.includes(k));
    const [mark, words] = wrong ? ["✗", "false"]
      : c.effect ? ["→", refused ? "effect, not allowed" : "effect"]
        : refused && k > firstFalse ? ["✓", "true, taken by itself"] : ["✓", "true"];
    return h("li", { class: wrong ? "is-false" : c.effect ? "is-effect" : "is-true", title: `${words}; ${c.place}` },
      h("span", { class: "mark", "aria-hidden": "true" }, mark), h("span", { class: "sr" }, `${words}: `), h("code", {}, c.text));
  });
  return [
    h("h2", {}, "In the specification"),
    h("p", { class: "where" }, h("code", {}, action.signature), " at ", h("code", {}, action.place)),
    h("ul", { class: "conjuncts" }, ...items),
    ...(step.clauses.length ? [h("h3", {}, "In which way they are true"), h("ul", { class: "ways" }, ...step.clauses.map((c) => h("li", {}, c)))] : []),
  ];
}

/** @param {Timeline} timeline */
export function aboutState(timeline) {
  const { page } = timeline;
  const refused = timeline.step?.mark === "rejected" || timeline.step?.mark === "also false";
  const parts = [h("h2", {}, timeline.page.noun === "state" ? "The variables" : "The state after it", refused ? h("span", { class: "quiet" }, ", as if it were allowed") : "")];
  page.tables.forEach((table, at) => {
    const rows = timeline.rows(at);
    if (table.columns.includes("leader")) addPhase1(timeline, table.columns, rows);
    if (!rows.length) return;
    if (table.shape === "grid") parts.push(grid(timeline, table, rows));
    else parts.push(list(table, rows));
  });
  return parts;
}

/** What Phase 1 has come to, where nothing is proposed yet. @param {Timeline} timeline @param {string[]} columns @param {Row[]} rows */
function addPhase1(timeline, columns, rows) {
  const at = timeline.page.tables.findIndex((table) => table.name === "Phase 1");
  const ballots = at < 0 ? [] : timeline.rows(at);
  const leader = columns.indexOf("leader");
  const first = timeline.step?.first ?? 0;
  if (first && ballots.length && !rows.some((row) => row.row === String(first))) {
    rows.push({ row: String(first), changed: false, cells: columns.map(() => ({ text: "", was: undefined, quiet: false })) });
    rows.sort((a, b) => inOrder(a.row, b.row));
  }
  for (const row of rows) {
    if (!row.cells[leader].text) {
      row.cells[leader] = { text: phase1(ballots, timeline.page.tables[at]?.columns ?? [], Number(row.row)), was: undefined, quiet: true };
    }
  }
}

/** @param {Row[]} rows @param {Timeline} timeline @returns {[Row[], string]} */
function near(rows, timeline) {
  if (rows.length <= MOST_ROWS) return [rows, ""];
  const about = String(timeline.step?.first || "");
  let at = rows.findIndex((row) => row.changed);
  if (at < 0) at = rows.findIndex((row) => row.row === about);
  if (at < 0) at = rows.length - 1;
  const first = Math.max(0, Math.min(at - Math.floor(MOST_ROWS / 2), rows.length - MOST_ROWS));
  const some = rows.slice(first, first + MOST_ROWS);
  return [some, `${some[0].row} to ${some[some.length - 1].row}, of ${count(rows.length)}`];
}

/** @param {Timeline} timeline @param {import("./timeline.js").Table} table @param {Row[]} all */
function grid(timeline, table, all) {
  const [rows, some] = near(all, timeline);
  const used = table.columns.map((_, k) => all.some((row) => row.cells[k].text || row.cells[k].was !== undefined));
  const kept = table.columns.map((column, k) => ({ column, k })).filter(({ k }) => used[k]);
  const head = h("tr", {}, table.row ? h("th", { scope: "col" }, table.row) : h("td", {}), ...kept.map(({ column }) => h("th", { scope: "col" }, column || "value")));
  const body = rows.map((row) => h("tr", {}, h("th", { scope: "row" }, row.row), ...kept.map(({ k }) => {
    const { text, was, quiet } = row.cells[k];
    if (was === undefined) return h("td", { class: quiet ? "quiet" : "" }, text);
    return h("td", { class: "changed", title: was ? `before: ${was}` : "before: nothing" },
      h("span", { class: "sr" }, "changed: "), text || "nothing", h("span", { class: "delta", "aria-hidden": "true" }, " ●"));
  })));
  return h("div", { class: "table", tabindex: "0", role: "region", "aria-label": table.name },
    h("table", {}, h("caption", {}, table.name, some ? h("span", { class: "quiet" }, ` ${table.row} ${some}`) : ""), h("thead", {}, head), h("tbody", {}, ...body)));
}

/** @param {import("./timeline.js").Table} table @param {Row[]} rows */
function list(table, rows) {
  const items = rows.flatMap((row) => row.cells.map(({ text, was }) => {
    const change = was === undefined ? "" : text && !was ? "new" : text ? "changed" : "gone";
    const words = table.shape === "one" ? text : row.row;
    return h("li", { class: change ? "changed" : "" }, h("code", {}, words || "nothing"), ...(change ? [h("span", { class: "delta" }, ` ● ${change}`)] : []));
  }));
  return h("div", { class: "list" }, h("h3", {}, table.name, table.shape === "list" ? h("span", { class: "quiet" }, ` ${count(rows.length)}`) : ""), h("ul", {}, ...items));
}

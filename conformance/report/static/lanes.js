/**
 * The steps as rows, with a lane for each process and messages as arrows between the lanes. Only the
 * rows in view are there, so that ten thousand scroll as well as ten.
 */

import { h, svg } from "./dom.js";

/** @typedef {import("./timeline.js").Timeline} Timeline */
/** @typedef {import("./timeline.js").Step} Step */
/** @typedef {{about: Set<number>, path: number[]} | null} Followed positions */

export const ROW = 26; // pixels, as .row in page.css has it
const SPARE = 12; // rows that are drawn above and below what is seen
const HEAD = 9;
const FAR = 40; // rows
const MOST_PRINTED = 120; // rows

/** The kinds of messages, each with its line: no kind is told by its colour alone. */
export const MESSAGES = new Map([
  ["value", ""], ["1a", "7 3"], ["1b", "2 3"], ["2a", ""], ["2b", "5 3"], ["Decide", "9 3 2 3"],
]);

/** @param {string} message */
const lineOf = (message) => (MESSAGES.has(message) ? message : "other");

export class Lanes {
  /**
   * @param {Timeline} timeline @param {HTMLElement} scroll @param {HTMLElement} tall
   * @param {SVGElement} arrows @param {HTMLElement} rows @param {(position: number) => void} choose
   */
  constructor(timeline, scroll, tall, arrows, rows, choose) {
    this.timeline = timeline;
    this.scroll = scroll;
    this.tall = tall;
    this.arrows = arrows;
    this.rows = rows;
    this.choose = choose;
    /** @type {number[]} positions of the steps that the filters let through */
    this.visible = [];
    /** @type {Map<number, number>} the row of each of them */
    this.rowOf = new Map();
    /** @type {Followed} */
    this.followed = null;
    this.selected = -1;
    this.printing = false;
    this.pitch = 20;
    this.pending = false;
    scroll.addEventListener("scroll", () => this.later());
    new ResizeObserver(() => this.resize()).observe(scroll);
  }

  /** Draw soon: once, however often it is asked for. */
  later() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.draw();
    });
  }

  /** The lanes are as wide as there is room for, within limits. */
  resize() {
    const lanes = this.timeline.page.lanes.length;
    const room = Math.max(140, this.scroll.clientWidth * 0.42);
    this.pitch = Math.max(15, Math.min(46, Math.floor(room / Math.max(1, lanes))));
    this.scroll.style.setProperty("--lanes", `${lanes * this.pitch + HEAD}px`);
    this.scroll.parentElement?.style.setProperty("--pitch", `${this.pitch}px`);
    this.later();
  }

  /** @param {number[]} visible */
  show(visible) {
    this.visible = visible;
    this.rowOf = new Map(visible.map((position, row) => [position, row]));
    this.tall.style.height = `${Math.max(1, visible.length) * ROW}px`;
    this.later();
  }

  /** @param {Followed} followed */
  follow(followed) {
    this.followed = followed;
    this.later();
  }

  /** Mark the step at this position and bring it into view. @param {number} position */
  select(position) {
    this.selected = position;
    const row = this.rowOf.get(position);
    if (row !== undefined) {
      const top = row * ROW;
      const { scrollTop, clientHeight } = this.scroll;
      if (top < scrollTop + ROW || top > scrollTop + clientHeight - 3 * ROW) {
        this.scroll.scrollTop = Math.max(0, top - clientHeight * 0.5);
      }
    }
    this.later();
  }

  /** @returns {[number, number]} the first row that is drawn, and one past the last */
  range() {
    const rows = this.visible.length;
    if (this.printing) {
      const at = this.rowOf.get(this.selected) ?? 0;
      const first = Math.max(0, Math.min(at - MOST_PRINTED / 2, rows - MOST_PRINTED));
      return [first, Math.min(rows, first + MOST_PRINTED)];
    }
    const first = Math.floor(this.scroll.scrollTop / ROW) - SPARE;
    const shown = Math.ceil(this.scroll.clientHeight / ROW) + 2 * SPARE;
    return [Math.max(0, first), Math.min(rows, Math.max(0, first) + shown)];
  }

  draw() {
    const [first, end] = this.range();
    const top = this.printing ? first : 0;
    if (this.printing) this.tall.style.height = `${(end - first) * ROW}px`;
    const related = this.related();
    this.rows.replaceChildren(...this.visible.slice(first, end).map((position, k) =>
      this.row(position, first + k - top, related)));
    const height = (end - first) * ROW;
    this.arrows.style.top = `${(first - top) * ROW}px`;
    this.arrows.setAttribute("height", String(height));
    this.arrows.setAttribute("width", String(this.timeline.page.lanes.length * this.pitch + HEAD));
    this.arrows.replaceChildren(...this.lines(height), ...this.messages(first, end), ...this.dots(first, end));
    this.scroll.setAttribute("aria-activedescendant", `step-${this.selected}`);
  }

  /** How the rows of the steps that the selected one follows from, or leads to, are marked. */
  related() {
    /** @type {Map<number, string>} */
    const related = new Map();
    const step = this.timeline.steps[this.selected];
    if (!step) return related;
    const { position, effects } = this.timeline;
    for (const [n] of step.causes) related.set(position.get(n) ?? -1, "cause");
    for (const [n] of effects.get(step.number) ?? []) related.set(position.get(n) ?? -1, "effect");
    return related;
  }

  /** @param {number} position @param {number} row @param {Map<number, string>} related */
  row(position, row, related) {
    const step = this.timeline.steps[position];
    const relation = related.get(position) ?? "";
    const classes = ["row"];
    if (step.mark) classes.push(step.mark === "also false" ? "marked" : "rejected");
    if (relation) classes.push(relation);
    if (this.followed && !this.followed.about.has(position) && !this.followed.path.includes(position)) classes.push("dim");
    const element = h("div", {
      class: classes.join(" "), role: "option", id: `step-${position}`,
      "aria-selected": String(position === this.selected), "aria-setsize": this.visible.length,
      "aria-posinset": (this.rowOf.get(position) ?? 0) + 1,
      click: () => this.choose(position),
    },
    h("span", { class: "n" }, String(step.number)),
    h("span", { class: "who" }, this.timeline.page.lanes[step.lane]),
    h("span", { class: "what" }, step.text));
    if (step.mark) element.append(h("span", { class: "badge" }, `✗ ${step.mark}`));
    else if (relation) element.append(h("span", { class: "tag" }, relation));
    element.style.top = `${row * ROW}px`;
    return element;
  }

  /** @param {number} lane */
  x(lane) {
    return HEAD + (lane + 0.5) * this.pitch;
  }

  /** @param {number} height */
  lines(height) {
    return this.timeline.page.lanes.map((_, lane) =>
      svg("line", { class: "lane", x1: this.x(lane), x2: this.x(lane), y1: 0, y2: height }));
  }

  /** The arrows that end in the rows in view, or begin there and are of the selected step. @param {number} first @param {number} end */
  messages(first, end) {
    /** @type {SVGElement[]} */
    const arrows = [];
    const { steps, effects, position } = this.timeline;
    for (const to of this.visible.slice(first, end)) {
      for (const [n, message] of steps[to].causes) this.arrow(arrows, position.get(n), to, message, first);
    }
    const chosen = steps[this.selected];
    for (const [n, message] of (chosen && effects.get(chosen.number)) ?? []) {
      const to = position.get(n);
      const row = to === undefined ? undefined : this.rowOf.get(to);
      if (row !== undefined && row >= end) this.arrow(arrows, this.selected, to, message, first);
    }
    this.loop(arrows, first);
    // What belongs to the selected step, or to the path, lies above the rest.
    return arrows.sort((a, b) => Number(a.classList.contains("strong")) - Number(b.classList.contains("strong")));
  }

  /** @param {SVGElement[]} arrows @param {number | undefined} from @param {number | undefined} to @param {string} message @param {number} first */
  arrow(arrows, from, to, message, first) {
    const start = from === undefined ? undefined : this.rowOf.get(from);
    const end = to === undefined ? undefined : this.rowOf.get(to);
    if (from === undefined || to === undefined || start === undefined || end === undefined) return;
    const { steps } = this.timeline;
    if (steps[from].lane === steps[to].lane) return;
    let [x1, y1] = [this.x(steps[from].lane), (start - first + 0.5) * ROW];
    const [x2, y2] = [this.x(steps[to].lane), (end - first + 0.5) * ROW];
    const path = this.followed?.path ?? [];
    const onPath = path.includes(from) && path[path.indexOf(from) + 1] === to;
    const strong = onPath || from === this.selected || to === this.selected;
    // From far away, unless it is asked for, an arrow is only hinted at: many of them lie together.
    if (!strong && end - start > FAR) [x1, y1] = [x2 + Math.sign(x1 - x2) * 14, y2 - 14];
    const length = Math.hypot(x2 - x1, y2 - y1) || 1;
    const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
    const kind = lineOf(message);
    const classes = `message m-${kind}${strong ? " strong" : ""}${onPath ? " path" : ""}`;
    const line = svg("line", {
      class: classes, x1: x1 + 5 * dx, y1: y1 + 5 * dy, x2: x2 - 6 * dx, y2: y2 - 6 * dy,
      "stroke-dasharray": MESSAGES.get(message) ?? "",
    });
    const [tx, ty] = [x2 - 5 * dx, y2 - 5 * dy];
    const head = svg("path", {
      class: `${classes} head`,
      d: `M${tx} ${ty}L${tx - 7 * dx - 3.5 * dy} ${ty - 7 * dy + 3.5 * dx}L${tx - 7 * dx + 3.5 * dy} ${ty - 7 * dy - 3.5 * dx}Z`,
    });
    arrows.push(line, head);
  }

  /** The way back to an earlier step that a counterexample takes for ever. @param {SVGElement[]} arrows @param {number} first */
  loop(arrows, first) {
    const back = this.timeline.position.get(this.timeline.page.loops_to);
    const [start, end] = [this.visible.length - 1, back === undefined ? undefined : this.rowOf.get(back)];
    if (end === undefined || start < 0) return;
    const [x, y1, y2] = [4, (start - first + 0.5) * ROW, (end - first + 0.5) * ROW];
    arrows.push(
      svg("path", { class: "loop", d: `M${x + 12} ${y1}H${x}V${y2}H${x + 8}` }),
      svg("path", { class: "loop head", d: `M${x + 14} ${y2}l-7 -4v8z` }),
    );
  }

  /** @param {number} first @param {number} end */
  dots(first, end) {
    const path = new Set(this.followed?.path);
    return this.visible.slice(first, end).map((position, k) => {
      const step = this.timeline.steps[position];
      const [x, y] = [this.x(step.lane), (k + 0.5) * ROW];
      const bad = step.mark && step.mark !== "also false";
      const chosen = position === this.selected;
      const classes = `dot${chosen ? " chosen" : ""}${step.mark ? " bad" : ""}${path.has(position) ? " path" : ""}`;
      if (bad) return svg("path", { class: classes, d: `M${x - 5} ${y - 5}l10 10m0 -10l-10 10` });
      return svg("circle", { class: classes, cx: x, cy: y, r: chosen || path.has(position) ? 5.5 : 4 });
    });
  }
}

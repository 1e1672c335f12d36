/**
 * The steps of a page, and the state after each: forwards and back, without the page's elements.
 *
 * The data that Python wrote (conformance/report/page.py) leaves out what is empty; here it is put
 * in again, so that everything else may rely on it.
 */

/** @typedef {{name: string, words: string, conjuncts: number[], place: string, text: string, expected: string, actual: string}} False */
/** @typedef {{number: number, lane: number, kind: string, text: string, place: string, clock: number, first: number, last: number, ballot: string, causes: [number, string][], changes: [number, string][], between: [number, string][], parameters: [string, string][], values: [string, number, number][], clauses: string[], false: False[], mark: string}} Step */
/** @typedef {{text: string, place: string, effect: boolean}} Conjunct */
/** @typedef {{name: string, signature: string, place: string, conjuncts: Conjunct[]}} Action */
/** @typedef {{name: string, row: string, columns: string[], words: string, shape: string}} Table */
/** @typedef {{start: number, first: number, counts: Record<string, number>}} Second */
/** @typedef {{first: number, last: number, events: number, first_event: number, last_event: number, ballot: string, took: number}} Span */
/** @typedef {{title: string, verdict: string, summary: string, facts: [string, string][], report: string, lanes: string[], tables: Table[], cells: [number, string, string][], before: [number, string][], steps: Partial<Step>[], actions: Action[], total: number, open_at: number, noun: string, partial: string, over: string, loops_to: number, further: {name: string, words: string, times: number, place: string}[], waits: boolean, width: number, seconds: Second[], spans: Span[]}} Page */
/** @typedef {{row: string, cells: {text: string, was: string | undefined, quiet: boolean}[], changed: boolean}} Row */

/** @type {Step} */
const EMPTY = {
  number: 0, lane: 0, kind: "", text: "", place: "", clock: 0, first: 0, last: 0, ballot: "",
  causes: [], changes: [], between: [], parameters: [], values: [], clauses: [], false: [], mark: "",
};

/** The steps in their order, and the state after the one that it stands at. */
export class Timeline {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    /** @type {Step[]} */
    this.steps = page.steps.map((step) => ({ ...EMPTY, ...step }));
    /** Where each step is, by its number. @type {Map<number, number>} */
    this.position = new Map(this.steps.map((step, k) => [step.number, k]));
    /** What follows from each step, by its number. @type {Map<number, [number, string][]>} */
    this.effects = new Map();
    for (const step of this.steps) {
      for (const [cause, message] of step.causes) {
        const known = this.effects.get(cause);
        if (known) known.push([step.number, message]);
        else this.effects.set(cause, [[step.number, message]]);
      }
    }
    /** What is in each cell. @type {Map<number, string>} */
    this.state = new Map(page.before);
    /** What each step that was taken replaced. @type {[number, string | undefined][][]} */
    this.undo = [];
  }

  /** How many steps were taken: the state is that after the last of them. */
  get taken() {
    return this.undo.length;
  }

  /** The step that it stands at. @returns {Step | undefined} */
  get step() {
    return this.steps[this.taken - 1];
  }

  /** Go to the state after the step at this position. @param {number} position */
  goTo(position) {
    const wanted = Math.max(0, Math.min(this.steps.length, position + 1));
    while (this.taken < wanted) this.#forwards();
    while (this.taken > wanted) this.#back();
  }

  #forwards() {
    const step = this.steps[this.taken];
    /** @type {[number, string | undefined][]} */
    const replaced = [];
    for (const [cell, text] of [...step.between, ...step.changes]) {
      replaced.push([cell, this.state.get(cell)]);
      this.state.set(cell, text);
    }
    this.undo.push(replaced);
  }

  #back() {
    for (const [cell, text] of (this.undo.pop() ?? []).reverse()) {
      if (text === undefined) this.state.delete(cell);
      else this.state.set(cell, text);
    }
  }

  /**
   * The cells that the step changed, and what was in them before.
   * @returns {Map<number, string>}
   */
  changed() {
    const own = new Set(this.step?.changes.map(([cell]) => cell));
    const replaced = this.undo[this.taken - 1] ?? [];
    return new Map(replaced.filter(([cell]) => own.has(cell)).map(([cell, text]) => [cell, text ?? ""]));
  }

  /**
   * The rows of a table that have something, in order.
   * @param {number} table its place in the page's tables
   * @returns {Row[]}
   */
  rows(table) {
    const { columns } = this.page.tables[table];
    const changed = this.changed();
    /** @type {Map<string, Row>} */
    const rows = new Map();
    this.page.cells.forEach(([of, row, column], cell) => {
      const text = this.state.get(cell);
      const was = changed.get(cell);
      if (of !== table || (!text && was === undefined)) return;
      const known = rows.get(row) ?? {
        row, changed: false,
        cells: columns.map(() => ({ text: "", was: /** @type {string | undefined} */ (undefined), quiet: false })),
      };
      rows.set(row, known);
      known.changed ||= was !== undefined;
      const at = columns.indexOf(column);
      if (at >= 0) known.cells[at] = { text: text ?? "", was, quiet: false };
    });
    return [...rows.values()].sort((a, b) => inOrder(a.row, b.row));
  }
}

/** Numbers by size, and so pairs of numbers; other texts as they are. @param {string} a @param {string} b */
export function inOrder(a, b) {
  return a.localeCompare(b, "en", { numeric: true });
}

/** Whether "1..5, 9, 12.." has the number. @param {string} runs @param {number} number */
export function contains(runs, number) {
  return runs.split(", ").some((run) => {
    const found = /^(\d+)(\.\.(\d*))?$/.exec(run);
    if (!found) return false;
    const last = found[2] === undefined ? found[1] : found[3] || "Infinity";
    return Number(found[1]) <= number && number <= Number(last);
  });
}

/**
 * What Phase 1 has come to for an instance, in the highest ballot that asked for it: nothing is
 * proposed there yet. The rows are those of the table of Phase 1: asked for, then each acceptor.
 * @param {Row[]} ballots @param {string[]} columns @param {number} instance
 */
export function phase1(ballots, columns, instance) {
  const asked = ballots.filter((row) => contains(row.cells[0].text, instance)).pop();
  if (!asked) return "";
  const by = columns.filter((_, k) => k > 0 && contains(asked.cells[k].text, instance));
  const who = by.map((column) => column.replace(/^\D+/, "")).join(", ");
  return `${asked.row} asked${who ? `, promised by ${who}` : ""}`;
}

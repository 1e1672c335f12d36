/**
 * A state graph without its drawing: what is in each state, the shortest path to it, what it leads
 * to, and what a search finds.
 */

import { inOrder } from "./timeline.js";

/** @typedef {import("./timeline.js").Page} StepsPage */
/** @typedef {{kind: string, lane: number, text: string, parameters?: [string, string][], first?: number, last?: number, ballot?: string}} Move */
/** @typedef {{depth: number, parent: number, changes: [number, number][], false?: number[]}} GraphNode */
/** @typedef {{name: string, words: string, groups: number[], places: [number, number][], depths: number[]}} View */
/** @typedef {{title: string, verdict: string, summary: string, facts: [string, string][], notes: string[], lanes: string[], tables: import("./timeline.js").Table[], cells: [number, string, string][], texts: string[], states: GraphNode[], moves: Move[], edges: [number, number, number][], views: View[], invariants: {name: string, place: string, text: string}[], actions: import("./timeline.js").Action[], open_at: number}} GraphPage */
/** @typedef {{source: number, target: number, move: number}} Edge */

export class StateGraph {
  /** @param {GraphPage} page */
  constructor(page) {
    this.page = page;
    /** The edges from each state. @type {Edge[][]} */
    this.from = page.states.map(() => []);
    /** The edges to each state. @type {Edge[][]} */
    this.to = page.states.map(() => []);
    /** The edge between two states. @type {Map<string, Edge>} */
    this.between = new Map();
    for (const [source, target, move] of page.edges) {
      const edge = { source, target, move };
      this.from[source].push(edge);
      this.to[target].push(edge);
      this.between.set(`${source} ${target}`, edge);
    }
    /** What a search looks at, once one was made. @type {string[]} */
    this.words = [];
  }

  /** The states of the shortest path to a state, the initial one first. @param {number} state */
  path(state) {
    const found = [state];
    while (this.page.states[found[0]].parent >= 0) found.unshift(this.page.states[found[0]].parent);
    return found;
  }

  /** What leads from the state before it on a shortest path to this one. @param {number} state @returns {Move | undefined} */
  moveTo(state) {
    const edge = this.between.get(`${this.page.states[state].parent} ${state}`);
    return edge && this.page.moves[edge.move];
  }

  /** A path as a page of steps, so that it is shown as a counterexample is. @param {number[]} path @returns {StepsPage} */
  asSteps(path) {
    const { page } = this;
    return {
      title: page.title, verdict: page.verdict, summary: page.summary, facts: page.facts, report: "",
      lanes: page.lanes, tables: page.tables, cells: page.cells, before: [], actions: page.actions,
      total: path.length, open_at: 1, noun: "state", partial: "", over: "", loops_to: 0, further: [],
      waits: false, width: 0, seconds: [], spans: [],
      steps: path.map((state, k) => {
        const move = this.moveTo(state);
        return {
          number: k + 1, lane: move?.lane ?? 0, kind: move?.kind ?? "Init", text: move?.text ?? "Init",
          parameters: move?.parameters ?? [], first: move?.first ?? 0, last: move?.last ?? 0, ballot: move?.ballot ?? "",
          changes: page.states[state].changes.map(([cell, text]) => [cell, page.texts[text]]),
        };
      }),
    };
  }

  /** The invariants that are false in a state, by number. @param {number} state */
  falseIn(state) {
    return this.page.states[state].false ?? [];
  }

  /** The states that have all words of a text, or the one of "#12". @param {string} text */
  find(text) {
    const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (!wanted.length) return [];
    const number = /^#(\d+)$/.exec(text.trim());
    if (number) return Number(number[1]) < this.page.states.length ? [Number(number[1])] : [];
    if (!this.words.length) this.words = this.#allWords();
    return this.words.flatMap((all, state) => (wanted.every((word) => all.includes(word)) ? [state] : []));
  }

  #allWords() {
    const { page } = this;
    /** @type {Map<number, number>[]} */
    const held = [];
    /** @param {number} state @returns {Map<number, number>} */
    const cells = (state) => {
      const { parent, changes } = page.states[state];
      held[state] ??= new Map([...(parent >= 0 ? cells(parent) : []), ...changes]);
      return held[state];
    };
    return page.states.map((node, state) => {
      const move = this.moveTo(state);
      const variables = [...cells(state)].filter(([, text]) => page.texts[text]).map(([cell, text]) => {
        const [table, row, column] = page.cells[cell];
        return `${page.tables[table].name} ${row} ${column} ${page.texts[text]}`;
      });
      const wrong = this.falseIn(state).map((k) => `${page.invariants[k].name} is false`);
      return `depth ${node.depth} ${move ? `${page.lanes[move.lane]} ${move.text}` : "init"} ${wrong.join(" ")} ${variables.join(" ")}`.toLowerCase();
    });
  }
}

/** A view of the graph: its nodes are groups of states. */
export class Groups {
  /** @param {StateGraph} graph @param {View} view */
  constructor(graph, view) {
    this.view = view;
    /** The states of each group, the least deep first. @type {number[][]} */
    this.members = view.places.map(() => []);
    for (const [state, group] of view.groups.entries()) this.members[group].push(state);
    const { states } = graph.page;
    for (const some of this.members) some.sort((a, b) => states[a].depth - states[b].depth || a - b);
    /** One edge for all between two groups, but for those within one. @type {Map<string, Edge>} */
    this.edges = new Map();
    for (const [source, target, move] of graph.page.edges) {
      const [s, t] = [view.groups[source], view.groups[target]];
      if (s !== t && !this.edges.has(`${s} ${t}`)) this.edges.set(`${s} ${t}`, { source: s, target: t, move });
    }
  }

  /** The groups that a path goes through. @param {number[]} path */
  along(path) {
    return path.map((state) => this.view.groups[state]).filter((group, k, all) => group !== all[k - 1]);
  }

  /** The group beside another one in its row, or itself at the end. @param {number} group @param {number} by */
  beside(group, by) {
    const { places } = this.view;
    const [x, y] = places[group];
    const row = places.flatMap(([ox, oy], k) => (oy === y && (ox - x) * by > 0 ? [k] : []));
    row.sort((a, b) => Math.abs(places[a][0] - x) - Math.abs(places[b][0] - x));
    return row[0] ?? group;
  }
}

/** The kinds of steps of some edges, each once, in order. @param {StateGraph} graph @param {Edge[]} edges */
export function kindsOf(graph, edges) {
  return [...new Set(edges.map((edge) => graph.page.moves[edge.move].kind))].sort(inOrder);
}

/** The drawing of a state graph, by Cytoscape: where everything stands is known from the page. */

import { Groups } from "./graph.js";

/** @typedef {import("./graph.js").StateGraph} StateGraph */

const UNIT = 46; // pixels between two nodes of a row, before zooming
const MANY = 3000; // edges, from which on they are left out while the graph is moved

const cytoscape = /** @type {{cytoscape: typeof import("cytoscape")}} */ (/** @type {unknown} */ (globalThis)).cytoscape;

export class Drawing {
  /** @param {StateGraph} graph @param {HTMLElement} box @param {(group: number) => void} choose */
  constructor(graph, box, choose) {
    this.graph = graph;
    this.groups = new Groups(graph, graph.page.views[0]);
    this.box = box;
    this.cy = cytoscape({
      container: box, elements: [], style: styles(), minZoom: 0.03, maxZoom: 2.5, autoungrabify: true,
      boxSelectionEnabled: false, hideEdgesOnViewport: graph.page.edges.length > MANY, layout: { name: "preset" },
    });
    this.cy.on("tap", "node.state", (event) => choose(Number(event.target.data("group"))));
    new ResizeObserver(() => this.cy.resize()).observe(box);
  }

  /** Draw a view. @param {number} number */
  show(number) {
    const view = this.graph.page.views[number];
    this.groups = new Groups(this.graph, view);
    this.cy.elements().remove();
    this.cy.add([...this.#nodes(), ...this.#edges()]);
    this.fit();
    this.cy.add(this.#depths(Math.max(14, 11 / this.cy.zoom())));
    this.fit();
  }

  #nodes() {
    const { page, from } = this.graph;
    return this.groups.view.places.map(([x, y], group) => {
      const members = this.groups.members[group];
      const classes = ["state"];
      if (members.some((state) => page.states[state].depth === 0)) classes.push("initial");
      else if (members.every((state) => from[state].every((edge) => edge.target === state))) classes.push("last");
      if (members.some((state) => this.graph.falseIn(state).length)) classes.push("false");
      const label = members.length > 1 ? `×${members.length}` : String(members[0]);
      return { data: { id: `n${group}`, group, label }, position: { x: x * UNIT, y: y * UNIT }, classes: classes.join(" ") };
    });
  }

  /** How deep each layer is, at its left. @param {number} size of the letters, to be read when all of it is seen */
  #depths(size) {
    const { places, depths } = this.groups.view;
    const left = Math.min(...places.map(([x]) => x)) - 1.8;
    /** @type {Map<number, number>} */
    const tops = new Map();
    for (const [group, depth] of depths.entries()) tops.set(depth, Math.min(tops.get(depth) ?? Infinity, places[group][1]));
    return [...tops].map(([depth, y]) => ({
      data: { id: `d${depth}`, label: `depth ${depth}`, size }, position: { x: left * UNIT, y: y * UNIT }, classes: "depth", selectable: false,
    }));
  }

  #edges() {
    return [...this.groups.edges].map(([id, { source, target, move }]) => ({
      data: { id: `e${id}`, source: `n${source}`, target: `n${target}`, label: this.graph.page.moves[move].kind },
    }));
  }

  /** Mark a path to its last state, and the state of it that is looked at. @param {number[]} path @param {number} at */
  mark(path, at) {
    const { cy, groups } = this;
    const along = groups.along(path);
    const here = cy.$id(`n${groups.view.groups[at]}`);
    cy.batch(() => {
      cy.elements().removeClass("path at chosen near");
      here.connectedEdges().addClass("near");
      along.forEach((group, k) => {
        cy.$id(`n${group}`).addClass("path");
        if (k) cy.$id(`e${along[k - 1]} ${group}`).addClass("path");
      });
      cy.$id(`n${along[along.length - 1]}`).addClass("chosen");
      here.addClass("at");
    });
    const [seen, box] = [cy.extent(), here.boundingBox()];
    if (box.x1 < seen.x1 || box.x2 > seen.x2 || box.y1 < seen.y1 || box.y2 > seen.y2) cy.center(here);
  }

  fit() {
    this.cy.resize();
    this.cy.fit(undefined, 20);
  }

  /** Show the way to a state and nothing that is far from it. @param {number[]} path */
  fitPath(path) {
    const along = this.groups.along(path).map((group) => `#n${group}`);
    this.cy.fit(this.cy.$(along.join(",")), 50);
  }

  /** @param {number} by */
  zoom(by) {
    const { cy } = this;
    cy.zoom({ level: cy.zoom() * by, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });
  }

  /** Take the colours of the page again, which may be other ones now. */
  recolour() {
    this.cy.style(styles());
  }
}

/** @returns {import("cytoscape").StylesheetJson} */
function styles() {
  const page = getComputedStyle(document.documentElement);
  /** @param {string} name */
  const colour = (name) => page.getPropertyValue(`--${name}`).trim();
  const [ink, quiet, back, strong, bad, good] = ["ink", "quiet", "back", "strong", "bad", "good"].map(colour);
  const font = { "font-size": 13, "min-zoomed-font-size": 7, "font-family": "system-ui, DejaVu Sans, sans-serif", color: ink };
  return [
    { selector: "node.state", style: {
      ...font, label: "data(label)", width: 30, height: 22, shape: "ellipse", "background-color": colour("panel"), "border-width": 1.5,
      "border-color": quiet, "text-valign": "center", "text-halign": "center",
    } },
    { selector: "node.initial", style: { shape: "diamond", width: 40, height: 32, "border-color": strong, "border-width": 3 } },
    { selector: "node.last", style: { shape: "rectangle", "border-color": good, "border-width": 3 } },
    { selector: "node.false", style: { shape: "octagon", width: 36, height: 30, "border-color": bad, "border-width": 4, "border-style": "double", "background-color": colour("bad-back") } },
    { selector: "node.depth", style: { ...font, color: quiet, label: "data(label)", "font-size": "data(size)", "text-halign": "left", "text-valign": "center", "background-opacity": 0, width: 1, height: 1, events: "no" } },
    { selector: "edge", style: { width: 1, "line-color": quiet, opacity: 0.35, "curve-style": "haystack", events: "no" } },
    { selector: "edge.near", style: {
      opacity: 0.9, width: 2, "curve-style": "straight", "line-color": quiet, "target-arrow-shape": "triangle", "target-arrow-color": quiet, "line-style": "dashed", "z-index": 5,
    } },
    { selector: "edge.path", style: {
      ...font, "font-size": 11, label: "data(label)", "text-outline-color": back, "text-outline-width": 2,
      opacity: 1, width: 4, "curve-style": "straight", "line-color": strong, "target-arrow-shape": "triangle", "target-arrow-color": strong, "line-style": "solid", "z-index": 10,
    } },
    { selector: "node.path", style: { "border-color": strong, "border-width": 4, "z-index": 11 } },
    { selector: "node.false.path", style: { "border-color": bad } },
    { selector: "node.at", style: { "background-color": colour("select"), "border-width": 6, "border-style": "solid", "font-weight": "bold", "z-index": 12, "underlay-color": strong, "underlay-opacity": 0.35, "underlay-padding": 8 } },
  ];
}

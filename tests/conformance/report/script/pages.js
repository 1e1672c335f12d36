// Pages for the tests, of which each says only what it is about.

/**
 * @param {Partial<import("../../../../conformance/report/static/timeline.js").Page>} parts
 * @returns {import("../../../../conformance/report/static/timeline.js").Page}
 */
export function page(parts) {
  return {
    title: "", verdict: "conforms", summary: "", facts: [], report: "", lanes: ["a", "b", "c"], tables: [],
    cells: [], before: [], steps: [], actions: [], total: 0, open_at: 0, noun: "event", partial: "", over: "",
    loops_to: 0, further: [], waits: false, width: 0, seconds: [], spans: [], ...parts,
  };
}

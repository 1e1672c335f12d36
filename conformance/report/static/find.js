/** Which steps are shown, and which a search finds. */

/** @typedef {import("./timeline.js").Step} Step */
/** @typedef {{kinds: Set<string>, lanes: Set<number>, ballot: string, instances: [number, number][]}} Filters what is left out, but for the ballot and the instances */

/** "1..5, 9" as runs; null if it is no such list. @param {string} text @returns {[number, number][] | null} */
export function parseInstances(text) {
  /** @type {[number, number][]} */
  const runs = [];
  for (const part of text.split(/[\s,]+/).filter(Boolean)) {
    const found = /^(\d{1,15})(?:(?:\.\.|-)(\d{1,15}))?$/.exec(part);
    if (!found) return null;
    const first = Number(found[1]);
    const last = Number(found[2] ?? found[1]);
    if (first > last) return null;
    runs.push([first, last]);
  }
  return runs;
}

/** Whether the filters let the step through. @param {Step} step @param {Filters} filters */
export function isShown(step, filters) {
  if (filters.kinds.has(step.kind) || filters.lanes.has(step.lane)) return false;
  if (filters.ballot && step.ballot !== filters.ballot) return false;
  if (!filters.instances.length) return true;
  return step.last > 0 && filters.instances.some(([first, last]) => step.first <= last && first <= step.last);
}

/** Whether anything is filtered. @param {Filters} filters */
export function isFiltered(filters) {
  return Boolean(filters.kinds.size || filters.lanes.size || filters.ballot || filters.instances.length);
}

/**
 * Whether a step has all the words that are looked for.
 * @param {Step} step @param {string[]} lanes @param {string[]} words in lower case
 */
export function hasWords(step, lanes, words) {
  const all = `${step.number} ${lanes[step.lane]} ${step.kind} ${step.text} ${step.place} ${step.mark} ${step.false.map((f) => f.name).join(" ")}`.toLowerCase();
  return words.every((word) => all.includes(word));
}

/**
 * The positions, of those given, whose steps have the words of the text.
 * @param {Step[]} steps @param {number[]} positions @param {string[]} lanes @param {string} text
 */
export function search(steps, positions, lanes, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return words.length ? positions.filter((k) => hasWords(steps[k], lanes, words)) : [];
}

/** The next of ascending positions after (or, backwards, before) one, around the end. @param {number[]} found @param {number} from @param {boolean} backwards */
export function nextOf(found, from, backwards) {
  if (!found.length) return -1;
  if (backwards) return found.findLast((k) => k < from) ?? found[found.length - 1];
  return found.find((k) => k > from) ?? found[0];
}

/**
 * Where a value goes, and the critical path of its delivery: the longest chain of messages from its
 * broadcast, of those about it and the instance that it was delivered in. A message is one delay;
 * what one process does after another thing is none.
 */

/** @typedef {import("./timeline.js").Timeline} Timeline */
/** @typedef {{client: string, sequence: number}} Value */
/** @typedef {{delivered: number, path: number[], delays: number}} Path positions of steps; the last is the delivery */

/** "1.1:3" @param {string} text @returns {Value | null} */
export function parseValue(text) {
  const found = /^\s*(\d+(?:\.\d+)?):(\d{1,15})(?:\.\.\d+)?(?:#\w*)?\s*$/.exec(text);
  return found ? { client: found[1], sequence: Number(found[2]) } : null;
}

/** @param {[string, number, number][]} ranges @param {Value} value */
function has(ranges, value) {
  return ranges.some(([client, first, count]) =>
    client === value.client && first <= value.sequence && value.sequence < first + count);
}

/** The proposals that have the value, as "ballot instance". @param {Timeline} timeline @param {Value} value */
function proposals(timeline, value) {
  const proposed = timeline.steps.filter((s) => s.kind === "Phase2a" && has(s.values, value));
  return new Map(proposed.map((s) => [`${s.ballot} ${s.first}`, s]));
}

/**
 * The positions of the steps that are about the value: that name it, or a proposal that has it.
 * @param {Timeline} timeline @param {Value} value
 */
export function stepsOf(timeline, value) {
  const proposed = proposals(timeline, value);
  /** @type {Set<number>} */
  const found = new Set();
  timeline.steps.forEach((step, k) => {
    if (has(step.values, value) || proposed.has(`${step.ballot} ${step.first}`)) found.add(k);
  });
  return found;
}

/**
 * The critical path of each delivery of the value; where learned values are the output (Synod), of
 * each time that it was learned. Empty if its broadcast is not among the steps.
 * @param {Timeline} timeline @param {Value} value @returns {Path[]}
 */
export function criticalPaths(timeline, value) {
  const { steps } = timeline;
  const source = steps.findIndex((s) => s.kind === "Broadcast" && has(s.values, value));
  if (source < 0) return [];
  const last = steps.some((s) => s.kind === "Deliver") ? "Deliver" : "Learn";
  /** @type {Map<number, ReturnType<typeof deepest>>} by instance */
  const known = new Map();
  return steps.flatMap((step, delivered) => {
    if (step.kind !== last || !has(step.values, value)) return [];
    const { depth, before } = known.get(step.first) ?? deepest(timeline, value, source, step.first);
    known.set(step.first, { depth, before });
    const delays = depth.get(delivered);
    if (delays === undefined) return [];
    const path = [delivered];
    for (let k = before.get(delivered); k !== undefined; k = before.get(k)) path.unshift(k);
    return [{ delivered, path, delays }];
  });
}

/**
 * How many messages deep each step about the value in one instance is below its broadcast, and the
 * step that it comes after on the longest such chain; of several, by the message that came last.
 * @param {Timeline} timeline @param {Value} value @param {number} source @param {number} instance
 */
function deepest(timeline, value, source, instance) {
  const { steps, position, page } = timeline;
  const proposed = proposals(timeline, value);
  /** @type {Map<number, number>} */
  const depth = new Map([[source, 0]]);
  /** @type {Map<number, number>} */
  const before = new Map();
  /** @type {Map<number, number>} the last step about it, by lane */
  const latest = new Map();
  for (let k = source + 1; k < steps.length; k++) {
    const step = steps[k];
    if (!isAbout(step, instance, proposed)) continue;
    /** @type {[number, number][]} positions, and what the way from there costs */
    const ways = [];
    for (const [n] of step.causes) ways.push([position.get(n) ?? -1, 1]);
    ways.push([latest.get(step.lane) ?? -1, 0]);
    if (step.kind === "Phase1a" && page.waits) ways.push([source, 1]);
    for (const [from, cost] of ways) {
      const deep = depth.get(from);
      if (deep === undefined) continue;
      const most = depth.get(k) ?? -1;
      if (deep + cost > most || (deep + cost === most && from > (before.get(k) ?? -1))) {
        depth.set(k, deep + cost);
        before.set(k, from);
      }
    }
    latest.set(step.lane, k);
  }
  return { depth, before };
}

/**
 * Whether the step is about this instance and a proposal of the value, or Phase 1 for one.
 * @param {import("./timeline.js").Step} step @param {number} instance
 * @param {Map<string, import("./timeline.js").Step>} proposed
 */
function isAbout(step, instance, proposed) {
  if (step.first > instance || step.last < instance) return false;
  if (!step.ballot) return step.kind === "Deliver";
  return proposed.has(`${step.ballot} ${instance}`);
}

// Which units a gallery shows, and in which order. Units that cannot be ranked come last, by number. Pure.
import { floats, type Wire } from "./wire";

export interface Scores {
  units: number;
  /** Place of the best concept, −1 for none; IoU with it, and the ends of its interval. */
  label: Int32Array;
  iou: Float32Array;
  low: Float32Array;
  high: Float32Array;
  /** "ok", or why a unit is not ranked. */
  state: string[];
}

export interface Only {
  at_least: number | null;
  concept: boolean;
  selected: boolean;
  search: string;
}

export interface Question {
  sort: string;
  only: Only;
  /** The chosen concept, −1 for none. */
  concept: number;
  selection: readonly number[];
  /** `[name, category]` of each. */
  concepts: readonly (readonly string[])[];
}

/** The numbers of `units` units; without as many, there are none. */
export function readScores(wire: Wire, units: number, states: Record<string, number[]>): Scores {
  const all = floats(wire);
  const there = all.length >= 4 * units ? units : 0;
  const plane = (at: number) => all.subarray(at * there, (at + 1) * there);
  const state = new Array<string>(there).fill("ok");
  for (const [name, some] of Object.entries(states)) for (const unit of some) if (unit < there) state[unit] = name;
  return { units: there, label: Int32Array.from(plane(0)), iou: plane(1), low: plane(2), high: plane(3), state };
}

export function isRanked({ label, state, iou }: Scores, unit: number): boolean {
  return state[unit] === "ok" && label[unit] >= 0 && iou[unit] >= 0;
}

/** What is not in the state is off. */
export function readOnly(value: Partial<Only> | null | undefined): Only {
  const { at_least, concept, selected, search } = value ?? {};
  return { at_least: typeof at_least === "number" ? at_least : null, concept: concept === true, selected: selected === true, search: String(search ?? "") };
}

export function arrange(scores: Scores, question: Question): Uint32Array {
  const { sort, concepts, selection } = question;
  const shown = chosenUnits(scores, question);
  if (sort === "number") return Uint32Array.from(shown);
  const group = groups(sort, concepts);
  const chosen = new Set(selection);
  const key = (unit: number) => (sort === "selection" ? Number(!chosen.has(unit)) : isRanked(scores, unit) ? (group[scores.label[unit]] ?? 0) : Infinity);
  const keys = new Map(shown.map((unit) => [unit, key(unit)]));
  const rank = (unit: number) => (sort !== "selection" && isRanked(scores, unit) ? scores.iou[unit] : 0);
  const compare = (a: number, b: number) => (a === b ? 0 : a < b ? -1 : 1);
  return Uint32Array.from(shown.sort((a, b) => compare(keys.get(a)!, keys.get(b)!) || compare(rank(b), rank(a)) || a - b));
}

/** Where each concept comes: by category, categories and concepts as they first occur; all alike when not sorted by them. */
function groups(sort: string, concepts: Question["concepts"]): number[] {
  if (sort !== "concept" && sort !== "category") return concepts.map(() => 0);
  const categories = [...new Set(concepts.map(([, category]) => category))];
  const inCategory = concepts.map(([, category]) => categories.indexOf(category));
  if (sort === "category") return inCategory;
  const order = concepts.map((_, at) => at).sort((a, b) => inCategory[a] - inCategory[b] || a - b);
  const place = new Array<number>(order.length);
  order.forEach((concept, at) => {
    place[concept] = at;
  });
  return place;
}

function chosenUnits(scores: Scores, { only, concept, selection, concepts }: Question): number[] {
  const chosen = new Set(selection);
  const wanted = only.search.trim().toLowerCase();
  const said = concepts.map((names) => names.some((name) => name.toLowerCase().includes(wanted)));
  const found = (unit: number) => !wanted || String(unit) === wanted || (isRanked(scores, unit) ? said[scores.label[unit]] : scores.state[unit].includes(wanted));
  const units: number[] = [];
  for (let unit = 0; unit < scores.units; unit++) {
    const ranked = isRanked(scores, unit);
    if (only.selected && !chosen.has(unit)) continue;
    // the trait is a double, the scores are not
    if (only.at_least !== null && !(ranked && scores.iou[unit] >= Math.fround(only.at_least))) continue;
    if (only.concept && concept >= 0 && !(ranked && scores.label[unit] === concept)) continue;
    if (found(unit)) units.push(unit);
  }
  return units;
}

/** How many ranked units each concept is the best of. */
export function perConcept(scores: Scores, concepts: number): number[] {
  const counts = new Array<number>(concepts).fill(0);
  for (let unit = 0; unit < scores.units; unit++) if (isRanked(scores, unit)) counts[scores.label[unit]]++;
  return counts;
}

/** Where bars of IoU end: the least of a few round numbers that holds every interval. */
export function reach(scores: Scores): number {
  let most = 0;
  for (let unit = 0; unit < scores.units; unit++) if (isRanked(scores, unit)) most = Math.max(most, scores.iou[unit], scores.high[unit] || 0);
  return [0.05, 0.1, 0.2, 0.5].find((end) => most <= end) ?? 1;
}

const WORDS: Record<string, string> = {
  dead: "dead: never active",
  constant: "constant: one value everywhere",
  tied: "tied at its level: many values equal it",
  nan: "NaN among its values",
  inf: "infinite among its values",
};

/** Why a unit is not ranked, in words; "" if it is. */
export function whyUnranked(scores: Scores, unit: number): string {
  if (isRanked(scores, unit)) return "";
  const state = scores.state[unit];
  return state === "ok" ? "overlaps no concept" : (WORDS[state] ?? state);
}

// What a dissection says, and in which order it is shown. All pure.
import { floats, sizes, type Wire } from "./wire";

export interface Found {
  units: number;
  /** `[units × concepts]`, row by row. */
  iou: Float32Array;
  low: Float32Array;
  high: Float32Array;
  /** Null when there was nothing to compare with. */
  p: Float32Array | null;
  q: Float32Array | null;
  /** p, corrected for all cells having been looked at. */
  family: Float32Array | null;
  names: string[];
  categories: string[];
  /** Per unit the place of its best concept, −1 for none; chosen on other images than its IoU comes from. */
  labels: number[];
  states: string[];
  clustered: number[];
  /** Per unit the p of its best concept, with level and concept chosen anew by chance; empty when there was nothing to compare with. */
  chances: (number | null)[];
}

/** The dissection in these traits; null when there is none, or when they do not belong together. */
export function decode(values: Wire, shape: unknown, concepts: unknown, rows: unknown): Found | null {
  const [planes, units, columns] = sizes(shape, 3);
  const area = units * columns;
  const all = floats(values, planes * area);
  const given = Array.isArray(concepts) ? concepts : [];
  const { labels = [], states = [], clustered = [], chances = [] } = (rows ?? {}) as Partial<Found>;
  if (!area || planes < 3 || all.length !== planes * area || given.length !== columns || labels.length !== units || states.length !== units) return null;
  const plane = (at: number) => all.subarray(at * area, (at + 1) * area);
  return {
    units,
    iou: plane(0),
    low: plane(1),
    high: plane(2),
    p: planes > 3 ? plane(3) : null,
    q: planes > 4 ? plane(4) : null,
    family: planes > 5 ? plane(5) : null,
    names: given.map(([name]) => String(name)),
    categories: given.map(([, category]) => String(category)),
    labels,
    states,
    clustered,
    chances,
  };
}

/** Only a healthy unit with a best concept is ever ranked. */
export function canRank({ labels, states }: Found, unit: number): boolean {
  return states[unit] === "ok" && labels[unit] >= 0;
}

/** A unit's IoU with its best concept; NaN without one. */
export function best({ iou, labels, names }: Found, unit: number): number {
  return labels[unit] >= 0 ? iou[unit * names.length + labels[unit]] : NaN;
}

export function interpretable(found: Found, unit: number, threshold: number): boolean {
  return canRank(found, unit) && best(found, unit) >= threshold;
}

/** Concepts grouped by category, both in the order in which they first occur. */
export function byCategory(categories: readonly string[]): number[] {
  return categories.map((_, concept) => concept).sort((a, b) => categories.indexOf(categories[a]) - categories.indexOf(categories[b]) || a - b);
}

/** Units in the order of a sort: those that cannot be ranked last, by number, but for "number", which ranks nobody. */
export function orderOf(found: Found, sort: string): number[] {
  const { units, labels, categories, clustered } = found;
  const all = Array.from({ length: units }, (_, unit) => unit);
  if (sort === "number") return all;
  if (sort === "cluster") return clustered.length === units ? clustered : all;
  const shown = byCategory(categories);
  const group = (unit: number) => (sort === "concept" ? shown.indexOf(labels[unit]) : sort === "category" ? categories.indexOf(categories[labels[unit]]) : 0);
  const height = (unit: number) => (Number.isNaN(best(found, unit)) ? -1 : best(found, unit));
  const ranked = all.filter((unit) => canRank(found, unit)).sort((a, b) => group(a) - group(b) || height(b) - height(a) || a - b);
  return [...ranked, ...all.filter((unit) => !canRank(found, unit))];
}

/** The largest IoU of a unit that can be ranked; 1 when nothing overlaps. */
export function reach(found: Found): number {
  const { iou, names } = found;
  return iou.reduce((most, value, at) => (value > most && canRank(found, Math.floor(at / names.length)) ? value : most), 0) || 1;
}

/** How many units reach the threshold with their best concept, and how many different concepts those are. */
export function tally(found: Found, threshold: number): { units: number; concepts: number } {
  const reached = found.labels.filter((_, unit) => interpretable(found, unit, threshold));
  return { units: reached.length, concepts: new Set(reached).size };
}

/** How many units are in each state that is not ranked, most first. */
export function unranked(found: Found): [string, number][] {
  const counts = new Map<string, number>();
  for (let unit = 0; unit < found.units; unit++) {
    if (canRank(found, unit)) continue;
    const state = found.states[unit] === "ok" ? "without a concept" : found.states[unit];
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]);
}

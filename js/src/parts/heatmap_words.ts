// A cell, a unit and a concept in words: for labels, cards and screen readers.
import type { Spot } from "../lib/heatmap";
import { best, canRank, type Found } from "../lib/heatmap_found";
import { short } from "../lib/text";
import type { Scene } from "./heatmap_paint";

const STATES: Record<string, string> = {
  dead: "dead: never active",
  constant: "constant: one value everywhere",
  tied: "tied: its level is a value of many places",
  nan: "values that are no numbers",
  inf: "infinite values",
  ok: "without a concept",
};

/** What is unusual about a unit; "" for a healthy one. */
export function stateOf(found: Found, unit: number): string {
  const state = found.states[unit];
  return canRank(found, unit) ? "" : `${Object.hasOwn(STATES, state) ? STATES[state] : state}, not ranked`;
}

/** The numbers of a cell in words: IoU, its interval, p, p among all cells, q; "" for what there is none of. */
export function numbersOf({ found }: Pick<Scene, "found">, unit: number, concept: number): string[] {
  const at = unit * found.names.length + concept;
  const number = (values: Float32Array | null) => (values && !Number.isNaN(values[at]) ? short(values[at]) : "");
  const low = number(found.low);
  return [number(found.iou), low && `${low} to ${number(found.high)}`, number(found.p), number(found.family), number(found.q)];
}

/** The units shown that can be ranked and reach the threshold with a concept. */
export function reaching({ found, units, threshold }: Scene, concept: number): number[] {
  return units.filter((unit) => canRank(found, unit) && found.iou[unit * found.names.length + concept] >= threshold);
}

/** What else there is to say of a cell. */
export function notes({ found, threshold }: Scene, unit: number, concept: number): string[] {
  const iou = found.iou[unit * found.names.length + concept];
  const few = Number.isNaN(iou) ? "no IoU" : iou < threshold ? `below ${short(threshold)}` : "";
  const chance = found.chances[unit];
  const own = found.labels[unit] === concept ? `its best concept${chance ? ` (p ${short(chance)}, the choice allowed for)` : ""}` : "";
  return [few, own, stateOf(found, unit)];
}

/** "unit 12 of 64, hole, IoU 0.31, 95 % 0.27 to 0.35, p 0.001, its best concept, selected". */
export function spoken(scene: Scene, { row, column }: Spot): string {
  const { found, units, concepts, threshold, selected } = scene;
  const [unit, concept] = [units[row], concepts[column]];
  const words = [row < 0 ? "" : `unit ${unit} of ${found.units}`, found.names[concept] ?? ""];
  if (row < 0) {
    words.push(found.categories[concept], `${reaching(scene, concept).length} units reach ${short(threshold)}`);
  } else if (column < 0) {
    words.push(canRank(found, unit) ? `best concept ${found.names[found.labels[unit]]}, IoU ${short(best(found, unit))}` : stateOf(found, unit));
  } else {
    const [iou, interval, p] = numbersOf(scene, unit, concept);
    words.push(iou && `IoU ${iou}`, interval && `95 % ${interval}`, p && `p ${p}`, ...notes(scene, unit, concept));
  }
  words.push((row < 0 ? concept === scene.concept : selected.has(unit)) ? "selected" : "");
  return words.filter(Boolean).join(", ");
}

// A dissection as lines of a table, one for each unit and concept that is shown.
import { csv, type Line } from "./csv";
import type { Found } from "./heatmap_found";

const HEAD = ["unit", "state", "concept", "category", "best", "iou", "ci_low", "ci_high", "p", "family_wise", "q", "label_p"];

/** All numbers of the units and concepts shown, in the order shown. */
export function foundCsv(found: Found, units: number[], concepts: number[]): string {
  function* lines(): Iterable<Line> {
    yield HEAD;
    for (const unit of units) {
      for (const concept of concepts) {
        const at = unit * found.names.length + concept;
        const own = found.labels[unit] === concept;
        yield [
          unit, found.states[unit], found.names[concept], found.categories[concept], Number(own),
          found.iou[at], found.low[at], found.high[at], found.p?.[at], found.family?.[at], found.q?.[at],
          (own && found.chances[unit]) || undefined,
        ];
      }
    }
  }
  return csv(lines());
}

/** A file name that any system takes. */
export function fileName(layer: string): string {
  return `iou-${layer.replace(/[^\w.]+/g, "-").slice(0, 60)}.csv`;
}

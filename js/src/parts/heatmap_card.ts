// The card beside a hovered or focused cell: its numbers, and where they lie between 0 and the largest.
import { attribute, h, say } from "../lib/dom";
import { type Spot, xOf, yOf } from "../lib/heatmap";
import { canRank } from "../lib/heatmap_found";
import { short } from "../lib/text";
import type { Scene } from "./heatmap_paint";
import { notes, numbersOf, reaching, stateOf } from "./heatmap_words";

const WIDTH = 248;

export interface Card {
  element: HTMLElement;
  /** Show the card next to a cell or a heading of the table that fills `around`. */
  show(scene: Scene, spot: Spot, around: HTMLElement): void;
  hide(): void;
}

export function card(): Card {
  const [name, category, value, interval] = [h("b"), h("span.gw-about"), h("b"), h("span")];
  const [title, chance, note] = [h("b"), h("span.gw-about"), h("span.gw-about")];
  const [tick, whisker, dot] = ["tick", "whisker", "dot"].map((part) => h(`i.gw-${part}`));
  const track = h("div.gw-track", {}, tick, whisker, dot);
  const element = h("div.gw-card", { hidden: true, "aria-hidden": "true" }, title, h("span.gw-pair.gw-what", {}, name, category), h("span.gw-pair", {}, value, interval), track, chance, note);
  return {
    element,
    show(scene, { row, column }, around) {
      const { found, sheet, units, concepts, threshold, most } = scene;
      const unit = units[row];
      const concept = column >= 0 ? concepts[column] : canRank(found, unit) ? found.labels[unit] : -1;
      const cell = row >= 0 && concept >= 0;
      const at = unit * concepts.length + concept;
      const [iou, between, p, family, q] = cell ? numbersOf(scene, unit, concept) : [];
      const place = (number: number) => `${Math.min(100, (100 * number) / most)}%`;
      say(title, row < 0 ? "" : `unit ${unit} of ${found.units}`);
      say(name, found.names[concept] ?? "");
      say(category, found.categories[concept] ?? "");
      say(value, iou ? `IoU ${iou}` : "");
      say(interval, between ? `95 %: ${between}` : "");
      say(chance, [p && `p ${p}`, family && `family-wise ${family}`, q && `q ${q}`].filter(Boolean).join(", "));
      say(note, row < 0 ? `${reaching(scene, concept).length} of ${units.length} units reach ${short(threshold)}; Shift-click selects them` : (cell ? notes(scene, unit, concept) : [stateOf(found, unit)]).filter(Boolean).join("; "));
      track.hidden = !between;
      tick.style.left = place(threshold);
      dot.style.left = place(found.iou[at]);
      Object.assign(whisker.style, { left: place(found.low[at]), right: `calc(100% - ${place(found.high[at])})` });
      element.hidden = false;
      attribute(element, { "data-unit": unit, "data-concept": concept });

      const left = xOf(sheet, column);
      const right = left + (column < 0 ? sheet.left : sheet.wide) + 10;
      const below = yOf(sheet, row) + (row < 0 ? sheet.top : sheet.high) + 6;
      const x = right + WIDTH <= around.clientWidth ? right : Math.max(0, left - WIDTH - 10);
      element.style.transform = `translate(${Math.round(x)}px, ${Math.round(Math.min(below, around.clientHeight - element.offsetHeight))}px)`;
    },
    hide() {
      element.hidden = true;
    },
  };
}

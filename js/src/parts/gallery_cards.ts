// The cards in sight: text, interval, images. Only they are elements, and the one with the focus.
import { attribute, h, say } from "../lib/dom";
import { around, type Gallery } from "../lib/gallery";
import { isRanked, type Scores, whyUnranked } from "../lib/gallery_order";
import { short } from "../lib/text";
import type { Theme } from "../lib/theme";
import { corner, type Mode, paintCard } from "./gallery_paint";
import type { Darkroom } from "./gallery_pictures";

/** All that cards show. */
export interface Scene {
  laid: Gallery;
  order: Uint32Array;
  places: Map<number, number>;
  scores: Scores;
  concepts: [string, string][];
  selected: Set<number>;
  concept: number;
  top: number;
  /** Where bars of IoU end. */
  reach: number;
  mode: Mode;
  ratio: number;
  theme: Theme;
}

interface Card {
  element: HTMLElement;
  canvas: HTMLCanvasElement;
  which: HTMLElement;
  iou: HTMLElement;
  ends: HTMLElement;
  name: HTMLElement;
  category: HTMLElement;
  bar: HTMLElement;
  /** What its canvas shows. */
  painted: unknown[];
}

export interface Cards {
  /** Put the cards in sight where they belong; gives how many images are still to come. */
  place(scene: Scene, active: number): number;
  element(unit: number): HTMLElement | undefined;
  /** Which image of which unit is under a point. */
  imageAt(scene: Scene, target: Element, x: number, y: number): void;
}

function makeCard(): Card {
  const [which, iou, ends, category] = [h("span.gw-which"), h("span.gw-iou"), h("span"), h("span.gw-category")];
  const name = h("span.gw-concept");
  const bar = h("div.gw-interval", { "aria-hidden": "true" });
  const canvas = h("canvas", { "aria-hidden": "true" });
  const element = h("div.gw-unit", { role: "option" },
    h("div.gw-line", {}, name, iou),
    h("div.gw-line.gw-small", {}, which, category, ends),
    bar, canvas);
  return { element, canvas, which, iou, ends, name, category, bar, painted: [] };
}

/** "unit 12 of 64, IoU 0.312, interval 0.281 to 0.343, hole, selected": what a screen reader says of a unit. */
export function label({ scores, concepts, selected }: Scene, unit: number): string {
  const { iou, low, high } = scores;
  const about = isRanked(scores, unit)
    ? [`IoU ${iou[unit].toFixed(3)}`, low[unit] >= 0 ? `interval ${low[unit].toFixed(3)} to ${high[unit].toFixed(3)}` : "", concepts[scores.label[unit]]?.[0] ?? ""]
    : ["not ranked", whyUnranked(scores, unit)];
  return [`unit ${unit} of ${scores.units}`, ...about, selected.has(unit) ? "selected" : ""].filter(Boolean).join(", ");
}

export function cards(space: HTMLElement, scroller: HTMLElement, pictures: Darkroom): Cards {
  const shown = new Map<number, Card>();
  const spare: Card[] = [];

  const write = (card: Card, scene: Scene, unit: number) => {
    const { scores, concepts, selected, concept } = scene;
    const { iou, low, high } = scores;
    const ranked = isRanked(scores, unit);
    const chosen = selected.has(unit);
    const [name, category] = concepts[scores.label[unit]] ?? ["", ""];
    say(card.which, `${chosen ? "✓ " : ""}unit ${unit}`);
    say(card.iou, ranked ? `IoU ${iou[unit].toFixed(3)}` : "");
    say(card.ends, !ranked ? "not ranked" : low[unit] >= 0 ? `${low[unit].toFixed(3)} – ${high[unit].toFixed(3)}` : "");
    say(card.name, ranked ? name : whyUnranked(scores, unit));
    say(card.category, ranked ? category : "");
    attribute(card.name, { "data-chosen": ranked && scores.label[unit] === concept, title: ranked ? `${name}: choose or leave this concept` : whyUnranked(scores, unit), "data-concept": ranked ? scores.label[unit] : null });
    attribute(card.bar, { hidden: !ranked });
    if (ranked) {
      for (const [property, value] of [["--iou", iou[unit]], ["--low", low[unit]], ["--high", high[unit]]] as const) card.bar.style.setProperty(property, String((value >= 0 ? value : iou[unit]) / scene.reach));
    }
    attribute(card.element, {
      "data-unit": unit,
      "data-state": ranked ? "ok" : scores.state[unit] === "ok" ? "none" : scores.state[unit],
      "aria-selected": chosen ? "true" : "false",
      "aria-label": label(scene, unit),
    });
  };

  const paint = (card: Card, scene: Scene, unit: number): boolean => {
    const made = pictures.of(unit);
    const { laid, ratio, mode, theme, top } = scene;
    const now = [made, laid.imageWidth, laid.imageHeight, laid.inRow, top, ratio, mode, theme.line];
    if (now.some((part, at) => part !== card.painted[at])) paintCard(card.canvas, made, top, laid, ratio, mode, theme);
    card.painted = now;
    const state = made ? (made.images.length ? "there" : "none") : pictures.failed(unit) ? "failed" : "coming";
    attribute(card.element, { "data-images": state });
    return state === "coming";
  };

  return {
    element: (unit) => shown.get(unit)?.element,
    place(scene, active) {
      const { laid, order, places } = scene;
      const { first, last } = around(laid, scroller.scrollTop, scroller.clientHeight);
      const wanted = new Set(order.subarray(first, last));
      if (places.has(active) && shown.get(active)?.element === document.activeElement) wanted.add(active);
      const units = [...wanted].sort((a, b) => places.get(a)! - places.get(b)!);
      const rowOf = (unit: number) => Math.floor(places.get(unit)! / laid.columns);
      // scrolled away from its place, the Tab key comes to what is in sight
      const stop = wanted.has(active) ? active : (units.find((unit) => rowOf(unit) * laid.row >= scroller.scrollTop) ?? units[0]);
      for (const [unit, card] of shown) {
        if (wanted.has(unit)) continue;
        shown.delete(unit);
        // the focus does not pass to another unit along with its card
        if (card.element === document.activeElement) card.element.remove();
        else spare.push(card);
      }
      let coming = 0;
      let next = space.firstElementChild;
      for (const unit of units) {
        const card = shown.get(unit) ?? spare.pop() ?? makeCard();
        shown.set(unit, card);
        // read in the order in which they are seen; the one with the focus would lose it if it were moved
        if (card.element === next || card.element === document.activeElement) next = card.element.nextElementSibling;
        else space.insertBefore(card.element, next);
        const position = places.get(unit)!;
        const left = laid.left[position % laid.columns];
        Object.assign(card.element.style, { left: `${left}px`, top: `${rowOf(unit) * laid.row}px`, width: `${laid.width}px`, height: `${laid.height}px` });
        attribute(card.element, { "aria-posinset": position + 1, "aria-setsize": order.length, tabindex: unit === stop ? 0 : -1 });
        write(card, scene, unit);
        coming += Number(paint(card, scene, unit));
      }
      for (const card of spare.splice(0)) card.element.remove();
      return coming;
    },
    imageAt(scene, target, x, y) {
      const element = target.closest<HTMLElement>(".gw-unit");
      const unit = Number(element?.dataset.unit);
      const made = element && pictures.of(unit);
      if (!element || !made || target.tagName !== "CANVAS") return;
      const { laid, ratio } = scene;
      const at = made.images.findIndex((_, index) => {
        const from = corner(laid, index, ratio);
        return x * ratio >= from.x && x * ratio < from.x + laid.imageWidth && y * ratio >= from.y && y * ratio < from.y + laid.imageHeight;
      });
      const value = made.values[at];
      attribute(target, { title: at < 0 ? null : `seed ${made.seeds[at]}${typeof value === "number" ? `, largest value ${short(value)}` : ""}` });
    },
  };
}

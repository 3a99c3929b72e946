// Pointer and keyboard on a gallery: walk, select, choose a concept.
import { attribute, h, say } from "../lib/dom";
import { move } from "../lib/geometry";
import { scrollTo } from "../lib/list";
import { clicked, tidy } from "../lib/select";
import type { Stage } from "../lib/view";
import { type Cards, label, type Scene } from "./gallery_cards";

interface Parts {
  scroller: HTMLElement;
  /** What is shown in its place where no unit is. */
  none: HTMLElement;
  cards: Cards;
  scene(): Scene | null;
  redraw(): void;
}

export interface GalleryHands {
  /** The unit that the Tab key reaches. */
  active(): number;
  /** After the order changed: keep what is looked at in sight. */
  settle(): void;
  /** Before units come and go, and after it: where the focus was, it stays. */
  hold(): void;
  regain(): void;
}

export function galleryHands({ model, root, signal, write }: Stage, { scroller, none, cards, scene, redraw }: Parts): GalleryHands {
  const live = h("div.gw-silent", { "aria-live": "polite" });
  root.append(live);
  let active = 0;
  let stood = 0;
  let held = false;
  let anchor: number | null = null;
  let mine = "";

  const positionOf = (unit: number | null) => (unit === null ? null : (scene()?.places.get(unit) ?? null));
  const reveal = (unit: number) => {
    const now = scene();
    const position = positionOf(unit);
    if (!now || position === null) return;
    const top = scrollTo(now.laid, position, scroller.scrollTop, scroller.clientHeight);
    if (top !== scroller.scrollTop) scroller.scrollTop = top;
  };
  const goTo = (unit: number) => {
    active = unit;
    reveal(unit);
    redraw();
    cards.element(unit)?.focus({ preventScroll: true });
    const now = scene();
    if (now) say(live, label(now, unit));
  };
  const select = (selection: number[]) => {
    mine = selection.join();
    write({ selection });
  };
  const choose = (position: number, shift: boolean, toggle: boolean) => {
    const now = scene();
    if (!now) return;
    const from = positionOf(anchor);
    const next = clicked(tidy(now.selected), now.order, position, from, { shift, toggle });
    if (!shift || from === null) anchor = now.order[position];
    select(next);
    goTo(now.order[position]);
  };
  const toggleConcept = (place: number) => write({ concept: model.get("concept") === place ? -1 : place });

  scroller.addEventListener("click", (event) => {
    const target = event.target as Element;
    const concept = target.closest<HTMLElement>(".gw-concept[data-concept]");
    const position = positionOf(Number(target.closest<HTMLElement>(".gw-unit")?.dataset.unit));
    if (position === null) return;
    if (concept) toggleConcept(Number(concept.dataset.concept));
    else choose(position, event.shiftKey, event.ctrlKey || event.metaKey);
  }, { signal });
  scroller.addEventListener("pointermove", (event) => {
    const now = scene();
    if (now) cards.imageAt(now, event.target as Element, event.offsetX, event.offsetY);
  }, { signal });
  scroller.addEventListener("focusin", (event) => {
    const unit = (event.target as HTMLElement).closest<HTMLElement>(".gw-unit")?.dataset.unit;
    if (unit === undefined || Number(unit) === active) return;
    active = Number(unit);
    redraw();
  }, { signal });
  scroller.addEventListener("focusout", () => say(live, ""), { signal });
  scroller.addEventListener("keydown", (event) => {
    const now = scene();
    if (!now || event.altKey || !(event.target as Element).closest(".gw-unit")) return;
    const control = event.ctrlKey || event.metaKey;
    const position = positionOf(active) ?? 0;
    const target = move(now.laid, position, event.key, control, Math.floor(scroller.clientHeight / now.laid.row));
    const place = now.scores.label[active];
    if (target !== null) {
      if (event.shiftKey) {
        anchor ??= active;
        choose(target, true, control);
      } else goTo(now.order[target]);
    } else if (event.key === " " || event.key === "Enter") choose(position, event.shiftKey, !event.shiftKey);
    else if (control && event.key.toLowerCase() === "a") select(tidy(now.order));
    else if (event.key === "Escape") select([]);
    else if (event.key.toLowerCase() === "c" && !control && place >= 0) toggleConcept(place);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, { signal });

  return {
    active() {
      const now = scene();
      if (!now?.order.length) return active;
      // the next is where one stood that is left out
      stood = now.places.get(active) ?? Math.min(stood, now.order.length - 1);
      return (active = now.order[stood]);
    },
    hold() {
      held = [scroller, none].some((part) => part.contains(document.activeElement));
    },
    regain() {
      const now = scene();
      if (held && now) {
        if (!now.order.length) none.querySelector("button")?.focus();
        else if (!scroller.contains(document.activeElement)) goTo(active);
      }
      held = false;
    },
    settle() {
      const now = scene();
      const selection: number[] = model.get("selection") ?? [];
      const text = selection.join();
      if (!now || text === mine) return;
      mine = text;
      attribute(root, { "data-selection": text });
      // chosen elsewhere: show it here
      const positions = selection.map(positionOf).filter((position) => position !== null);
      const { laid } = now;
      const seen = (position: number) => {
        const top = Math.floor(position / laid.columns) * laid.row;
        return top + laid.row > scroller.scrollTop && top < scroller.scrollTop + scroller.clientHeight;
      };
      if (positions.length && !positions.some(seen)) reveal(now.order[Math.min(...positions)]);
    },
  };
}

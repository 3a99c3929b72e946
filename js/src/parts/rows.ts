// The sliders themselves: a row for each unit that is in sight, one for the whole selection, and the hands on them.
import { listen } from "../lib/bind";
import { attribute, h, say } from "../lib/dom";
import { type List, list, scrollTo, window as inSight } from "../lib/list";
import { between, tidy, toggled } from "../lib/select";
import { nudged, strengthAt, together } from "../lib/slider";
import type { Stage } from "../lib/view";
import type { Gesture, Target } from "./gesture";

export const ROW = 26;
const LEAST = 240;
const EDGE = 17; // the border of the list and its scroll bar
const KEYS = "Left and Right change, with Shift finely; Up and Down go to the next unit; Space selects";

interface Row {
  element: HTMLElement;
  pick: HTMLElement;
  slider: HTMLElement;
}

export interface Rows {
  element: HTMLElement;
  /** Put the rows in sight where they belong; `order` is what the sort gives, `height` and `width` are the room there is. */
  arrange(order: Uint32Array, places: Uint32Array, height: number, width: number): void;
  refresh(): void;
  /** Scroll to a unit, and put the focus on its slider if asked. */
  find(unit: number, focus: boolean): void;
}

function makeRow(): Row {
  const pick = h("span.gw-pick", { role: "checkbox" });
  const slider = h("div.gw-slider", { role: "slider", "aria-valuemin": 0, "aria-valuemax": 1, title: "" });
  return { element: h("div.gw-row", {}, pick, slider), pick, slider };
}

/** Show a strength; the number beside the slider is a style sheet's, from an attribute. */
function stand(row: Row, strength: number, label: string, tab: boolean, mixed = false): void {
  const text = strength.toFixed(2);
  row.slider.style.setProperty("--s", text);
  attribute(row.slider, { "data-strength": String(Number(text)), "aria-valuenow": text, "aria-valuetext": mixed ? `mixed, mean ${text}` : text, "aria-label": label, tabindex: tab ? 0 : -1 });
  attribute(row.element, { "data-text": mixed ? `~${text}` : strength ? text : "0", "data-on": strength > 0 });
}

export function rows({ model, signal, draw, write }: Stage, hand: Gesture): Rows {
  const whole = makeRow();
  whole.element.classList.add("gw-whole");
  attribute(whole.slider, { "data-unit": "selection" });
  attribute(whole.pick, { role: null });
  const space = h("div.gw-space");
  const scroller = h("div.gw-list", { role: "group", "aria-label": `Strength of each unit. ${KEYS}` }, space);
  const element = h("div.gw-sliders", { "data-lm-suppress-shortcuts": "true" }, whole.element, scroller);
  const shown = new Map<number, Row>();
  const spare: Row[] = [];
  let order: Uint32Array = new Uint32Array(0);
  let places: Uint32Array = order;
  let laid: List = list(0, 1, ROW, LEAST);
  let height = 0;
  let scrolled = 0;
  let active = 0;
  let anchor: number | null = null;
  let grip: { target: Target; left: number; width: number; pointer: number } | null = null;

  const refresh = () => {
    const chosen = new Set(hand.selection());
    for (const [unit, row] of shown) {
      stand(row, hand.strengthOf(unit), `unit ${unit} of ${laid.units}${chosen.has(unit) ? ", selected" : ""}`, unit === active);
      attribute(row.pick, { "aria-checked": chosen.has(unit) ? "true" : "false" });
    }
    const moved = hand.preview();
    const common = moved?.units === "selection" ? { strength: moved.strength, mixed: false } : together(hand.strengths(), [...chosen]);
    stand(whole, common.strength, `the whole selection, ${chosen.size} units`, true, common.mixed);
    say(whole.pick, chosen.size ? `${chosen.size} selected` : "select units");
    attribute(whole.slider, { "aria-disabled": chosen.size ? null : "true" });
  };

  const holds = (row: Row | undefined) => row !== undefined && row.slider === document.activeElement;
  const rowOf = (unit: number) => {
    const row = spare.pop() ?? makeRow();
    shown.set(unit, row);
    attribute(row.slider, { "data-unit": unit });
    attribute(row.pick, { "aria-label": `select unit ${unit}` });
    say(row.pick, String(unit));
    return row;
  };

  /** The units whose rows exist, as they are seen: those in sight, and the one with the focus. */
  const wanted = () => {
    const { first, last } = inSight(laid, scrolled, height);
    const units = [...order.subarray(first, last)];
    const inside = places[active] >= first && places[active] < last;
    if (!inside && active < laid.units && holds(shown.get(active))) units[places[active] < first ? "unshift" : "push"](active);
    else if (!inside && units.length) active = units[0];
    return units;
  };

  const place = () => {
    const units = wanted();
    const kept = new Set(units);
    for (const [unit, row] of shown) {
      if (kept.has(unit)) continue;
      shown.delete(unit);
      row.element.remove();
      spare.push(row);
    }
    // a page is read in the order in which its elements stand
    let next = space.firstElementChild;
    for (const unit of units) {
      const row = shown.get(unit) ?? rowOf(unit);
      const { element } = row;
      // moved itself, the row with the focus would lose it: the others make way
      while (next && next !== element && holds(row)) {
        const other = next;
        next = other.nextElementSibling;
        space.append(other);
      }
      if (next === element) next = element.nextElementSibling;
      else space.insertBefore(element, next);
      const [column, line] = [places[unit] % laid.columns, Math.floor(places[unit] / laid.columns)];
      Object.assign(element.style, { left: `${(100 * column) / laid.columns}%`, top: `${line * ROW}px`, width: `${100 / laid.columns}%` });
    }
    spare.length = 0;
    refresh();
  };
  const placeSoon = draw([], place);

  const find = (unit: number, focus: boolean) => {
    if (!(unit >= 0 && unit < laid.units)) return;
    active = unit;
    const top = scrollTo(laid, places[unit], scroller.scrollTop, height);
    if (top !== scroller.scrollTop) scroller.scrollTop = top;
    scrolled = top;
    place();
    active = unit;
    refresh();
    if (focus) shown.get(unit)?.slider.focus({ preventScroll: true });
  };

  const targetOf = (slider: HTMLElement): Target => (slider === whole.slider ? "selection" : Number(slider.dataset.unit));
  const idle = (target: Target) => target === "selection" && !hand.selection().length;
  const select = (unit: number, range: boolean) => {
    hand.commit();
    const from = anchor === null ? null : places[anchor];
    write({ selection: range && from !== null ? tidy([...hand.selection(), ...between(order, from, places[unit])]) : toggled(hand.selection(), unit) });
    if (!range) anchor = unit;
  };

  element.addEventListener("pointerdown", (event) => {
    const at = event.target as HTMLElement;
    const slider = at.closest<HTMLElement>(".gw-slider");
    const target = slider && targetOf(slider);
    if (!slider || target === null || event.button !== 0 || idle(target)) return;
    const box = slider.getBoundingClientRect();
    grip = { target, left: box.left, width: box.width, pointer: event.pointerId };
    if (target !== "selection") active = target;
    element.setPointerCapture(event.pointerId);
    slider.focus({ preventScroll: true });
    event.preventDefault();
    hand.to(target, strengthAt(event.clientX - box.left, box.width));
  }, { signal });
  element.addEventListener("pointermove", (event) => {
    if (grip?.pointer === event.pointerId) hand.to(grip.target, strengthAt(event.clientX - grip.left, grip.width));
  }, { signal });
  element.addEventListener("pointerup", (event) => {
    if (grip?.pointer !== event.pointerId) return;
    grip = null;
    hand.commit();
  }, { signal });
  const drop = () => {
    if (!grip) return;
    grip = null;
    hand.cancel();
  };
  // what they held were units of another layer
  listen(model, ["info"], () => {
    [grip, anchor] = [null, null];
  }, signal);
  element.addEventListener("pointercancel", drop, { signal });
  element.addEventListener("lostpointercapture", drop, { signal });
  element.addEventListener("click", (event) => {
    const pick = (event.target as HTMLElement).closest(".gw-row:not(.gw-whole) .gw-pick");
    const slider = pick?.nextElementSibling as HTMLElement | null | undefined;
    if (slider) select(Number(slider.dataset.unit), event.shiftKey);
  }, { signal });
  element.addEventListener("focusout", () => {
    if (!grip) hand.commit();
  }, { signal });
  element.addEventListener("focusin", (event) => {
    const unit = Number((event.target as HTMLElement).dataset.unit);
    if (Number.isInteger(unit) && unit !== active) {
      active = unit;
      refresh();
    }
  }, { signal });
  element.addEventListener("keydown", (event) => {
    const slider = (event.target as HTMLElement).closest<HTMLElement>(".gw-slider");
    if (!slider || event.altKey) return;
    const target = targetOf(slider);
    const control = event.ctrlKey || event.metaKey;
    const now = target === "selection" ? Number(slider.dataset.strength) : hand.strengthOf(target);
    const next = control ? null : nudged(now, event.key, event.shiftKey);
    const step: Record<string, number> = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity };
    if (next !== null) {
      if (!idle(target)) hand.nudge(target, next);
    } else if (event.key in step && target !== "selection") {
      find(order[Math.min(laid.units - 1, Math.max(0, places[target] + step[event.key]))], true);
    } else if ((event.key === " " || event.key === "Enter") && target !== "selection") {
      select(target, event.shiftKey);
    } else if (control && event.key.toLowerCase() === "a") {
      write({ selection: tidy(order) });
    } else if (event.key === "Escape") {
      if (grip || hand.preview()) [grip] = [null, hand.cancel()];
      else write({ selection: [] });
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }, { signal });
  scroller.addEventListener("scroll", () => {
    scrolled = scroller.scrollTop;
    placeSoon();
  }, { passive: true, signal });

  return {
    element,
    refresh,
    find,
    arrange(newOrder, newPlaces, room, width) {
      const row = shown.get(active);
      const before = places[active];
      [order, places] = [newOrder, newPlaces];
      laid = list(order.length, width - EDGE, ROW, LEAST);
      height = Math.min(room, laid.total);
      scroller.style.height = `${height}px`;
      space.style.height = `${laid.total}px`;
      // an element that was off the page comes back scrolled to its top, and no event says so
      if (scrolled && scroller.scrollTop !== scrolled) {
        scroller.scrollTop = scrolled;
        scrolled = scroller.scrollTop;
      }
      const gone = active >= laid.units;
      if (gone) active = order[Math.min(before, laid.units - 1)] ?? 0;
      // keys follow their row to its new place; a mouse stays among the rows that it is over
      const follow = gone || (places[active] !== before && row?.slider.matches(":focus-visible"));
      if (laid.units && holds(row) && follow) find(active, gone);
      else place();
    },
  };
}

// Pointer and keyboard on an activation grid: hover, focus, select.
import { listen } from "../lib/bind";
import { attribute, h, say } from "../lib/dom";
import { type Hit, hit, move, place, reveal } from "../lib/geometry";
import { clicked, tidy } from "../lib/select";
import { short } from "../lib/text";
import type { Stage } from "../lib/view";
import { card, remarks } from "./card";
import type { Scene } from "./cells";

interface Parts {
  scroller: HTMLElement;
  space: HTMLElement;
  canvas: HTMLCanvasElement;
  scene(): Scene | null;
  /** Position of each unit in the order shown. */
  places(): Uint32Array;
}

/** "unit 12 of 64, mean 0.31, selected": what a screen reader says of a unit. */
export function label(scene: Scene, unit: number): string {
  const { stats, maps, h, w } = scene;
  const number = h * w > 1 ? `mean ${short(stats.mean[unit])}` : `value ${short(maps[unit])}`;
  return [`unit ${unit} of ${stats.mean.length}`, number, ...remarks(stats, unit), scene.selected.has(unit) ? "selected" : ""].filter(Boolean).join(", ");
}

export function gridHands({ root, model, signal, write, draw }: Stage, { scroller, space, canvas, scene, places }: Parts): { follow(): void } {
  const cell = h("div.gw-cell", { role: "gridcell", tabindex: 0 });
  const over = h("div.gw-hover", { hidden: true, "aria-hidden": "true" });
  const live = h("div.gw-silent", { "aria-live": "polite" });
  const enlarged = card();
  space.append(over, cell);
  root.append(live, enlarged.element);
  let active = 0;
  let anchor: number | null = null;
  let pointer: Hit | null = null;
  let point: PointerEvent | null = null;
  let shown = false;

  const positionOf = (unit: number | null) => (unit === null ? null : (places()[unit] ?? null));

  const box = (element: HTMLElement, now: Scene, position: number) => {
    const { x, y } = place(now.grid, position);
    const { ratio, grid } = now;
    Object.assign(element.style, { transform: `translate(${x / ratio}px, ${y / ratio}px)`, width: `${grid.width / ratio}px`, height: `${grid.height / ratio}px` });
  };

  const showCard = (position: number, at: Hit | null) => {
    const now = scene();
    if (!now) return;
    const unit = now.order[position];
    const { x, y } = place(now.grid, position);
    const [from, into] = [root.getBoundingClientRect(), scroller.getBoundingClientRect()];
    enlarged.show(
      { unit, units: now.stats.mean.length, maps: now.maps, h: now.h, w: now.w, stats: now.stats, scale: now.scaleOf(unit), row: at?.row ?? null, column: at?.column ?? null },
      { x: into.left - from.left + x / now.ratio, y: into.top - from.top + y / now.ratio - scroller.scrollTop, width: now.grid.width / now.ratio },
      { width: root.clientWidth, height: root.clientHeight },
    );
  };

  const leave = () => {
    [pointer, point, shown] = [null, null, false];
    attribute(over, { hidden: true });
    enlarged.hide();
  };

  const hover = () => {
    const now = scene();
    if (!now || !point) return;
    const frame = canvas.getBoundingClientRect();
    pointer = hit(now.grid, (point.clientX - frame.left) * now.ratio, (point.clientY - frame.top) * now.ratio + now.top);
    attribute(over, { hidden: !pointer });
    if (!pointer) return enlarged.hide();
    box(over, now, pointer.position);
    showCard(pointer.position, pointer);
  };
  const hoverSoon = draw([], hover);

  const settle = () => {
    const now = scene();
    if (!now) return;
    active = Math.min(active, now.stats.mean.length - 1);
    const position = places()[active] ?? 0;
    box(cell, now, position);
    attribute(cell, {
      "aria-label": label(now, active),
      "aria-selected": now.selected.has(active) ? "true" : "false",
      "aria-rowindex": Math.floor(position / now.grid.columns) + 1,
      "aria-colindex": (position % now.grid.columns) + 1,
      "data-unit": active,
    });
    if (document.activeElement === cell) say(live, label(now, active));
    if (shown) showCard(position, null);
  };

  const choose = (position: number, shift: boolean, toggle: boolean) => {
    const now = scene();
    if (!now) return;
    const next = clicked([...now.selected].sort((a, b) => a - b), now.order, position, positionOf(anchor), { shift, toggle });
    if (!shift || anchor === null) anchor = now.order[position];
    active = now.order[position];
    write({ selection: next });
    settle();
  };

  const goTo = (position: number) => {
    const now = scene()!;
    active = now.order[position];
    const top = reveal(now.grid, position, scroller.scrollTop * now.ratio, canvas.height) / now.ratio;
    if (top !== scroller.scrollTop) scroller.scrollTop = top;
    shown = true;
    point = null;
    attribute(over, { hidden: true });
    settle();
  };

  const keys = (event: KeyboardEvent) => {
    const now = scene();
    if (!now || event.altKey) return;
    const control = event.ctrlKey || event.metaKey;
    const position = places()[active] ?? 0;
    const page = Math.floor(canvas.height / now.grid.pitchY);
    const target = move(now.grid, position, event.key, control, page);
    if (target !== null) {
      if (event.shiftKey) {
        anchor ??= active;
        goTo(target);
        choose(target, true, control);
      } else {
        goTo(target);
      }
    } else if (event.key === " " || event.key === "Enter") {
      choose(position, event.shiftKey, !event.shiftKey);
    } else if (control && event.key.toLowerCase() === "a") {
      write({ selection: tidy(now.order) });
    } else if (event.key === "Escape") {
      leave();
      write({ selection: [] });
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  canvas.addEventListener("pointermove", (event) => {
    [point, shown] = [event, false];
    hoverSoon();
  }, { signal });
  canvas.addEventListener("pointerleave", leave, { signal });
  canvas.addEventListener("click", (event) => {
    const now = scene();
    const frame = canvas.getBoundingClientRect();
    const found = now && hit(now.grid, (event.clientX - frame.left) * now.ratio, (event.clientY - frame.top) * now.ratio + now.top);
    if (!found) return;
    choose(found.position, event.shiftKey, event.ctrlKey || event.metaKey);
    cell.focus({ preventScroll: true });
  }, { signal });
  cell.addEventListener("keydown", keys, { signal });
  cell.addEventListener("blur", () => {
    if (shown) leave();
    say(live, "");
  }, { signal });
  listen(model, ["info"], () => {
    anchor = null;
    if (active >= (model.get("info")?.units ?? 0)) active = 0;
  }, signal);
  return {
    follow() {
      settle();
      if (point) hover();
    },
  };
}

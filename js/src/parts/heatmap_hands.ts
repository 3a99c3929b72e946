// Pointer and keyboard on a table of units and concepts: hover, focus, choose.
import { listen } from "../lib/bind";
import { attribute, h, on, say } from "../lib/dom";
import { inside, reveal, type Spot, spotAt, step, xOf, yOf } from "../lib/heatmap";
import { clicked, tidy } from "../lib/select";
import type { Stage } from "../lib/view";
import { card } from "./heatmap_card";
import { paintHover, type Scene } from "./heatmap_paint";
import { reaching, spoken } from "./heatmap_words";

interface Parts {
  /** Holds the scroller, and the card over it. */
  around: HTMLElement;
  scroller: HTMLElement;
  port: HTMLElement;
  canvas: HTMLCanvasElement;
  overlay: HTMLCanvasElement;
  scene(): Scene | null;
}

export function heatmapHands({ model, signal, write, draw }: Stage, { around, scroller, port, canvas, overlay, scene }: Parts): { follow(): void } {
  const cell = h("div.gw-cell", { tabindex: 0 });
  const live = h("div.gw-silent", { "aria-live": "polite" });
  const beside = card();
  port.append(cell);
  around.append(live, beside.element);
  /** The unit and the concept with the focus, which stay when the order changes; −1 stands for a heading. */
  let unit: number | null = null;
  let concept: number | null = null;
  let anchor: number | null = null;
  let point: PointerEvent | null = null;
  let byKey = false;
  let known = "";

  const choice = () => `${model.get("selection")} ${model.get("concept")}`;
  const select = (values: { selection?: number[]; concept?: number }) => {
    write(values);
    known = choice();
  };
  /** What was chosen elsewhere is scrolled to, as little as it takes to see a row of it, and the column. */
  const bring = (now: Scene) => {
    if (known === choice()) return;
    known = choice();
    const rows = now.units.flatMap((one, row) => (now.selected.has(one) ? [row] : []));
    const column = now.concepts.indexOf(now.concept);
    const ways = (rows.length ? rows : [-1]).map((row) => reveal(now.sheet, { row, column }));
    const far = (way: { top: number }) => Math.abs(way.top - now.sheet.y);
    scroller.scrollTo({ ...ways.reduce((near, way) => (far(way) < far(near) ? way : near)), behavior: "instant" });
  };

  const place = (among: number[], one: number | null) => (one === -1 ? -1 : Math.max(0, among.indexOf(one!)));
  const spotOf = (now: Scene) => inside(now.sheet, place(now.units, unit), place(now.concepts, concept));
  const focusOn = (now: Scene, { row, column }: Spot) => {
    [unit, concept] = [now.units[row] ?? -1, now.concepts[column] ?? -1];
  };

  const pointOut = (now: Scene, spot: Spot | null) => {
    paintHover(overlay, now, spot);
    if (spot) beside.show(now, spot, around);
    else beside.hide();
  };

  const leave = () => {
    [point, byKey] = [null, false];
    const now = scene();
    if (now) pointOut(now, null);
  };

  const under = (now: Scene, event: MouseEvent) => {
    const frame = canvas.getBoundingClientRect();
    return spotAt(now.sheet, event.clientX - frame.left, event.clientY - frame.top);
  };

  const hover = () => {
    const now = scene();
    if (!now || !point) return;
    pointOut(now, under(now, point));
  };
  const hoverSoon = draw([], hover);

  /** Put the one cell that is an element where the focus is. */
  const settle = () => {
    const now = scene();
    if (!now) return;
    const { sheet } = now;
    const spot = spotOf(now);
    const { row, column } = spot;
    const [x, y, text] = [xOf(sheet, column), yOf(sheet, row), spoken(now, spot)];
    const covered = (column >= 0 && x < sheet.left) || (row >= 0 && y < sheet.top);
    Object.assign(cell.style, { transform: `translate(${x}px, ${y}px)`, width: `${column < 0 ? sheet.left : sheet.wide}px`, height: `${row < 0 ? sheet.top : sheet.high}px`, opacity: covered ? 0 : 1 });
    const chosen = (row < 0 || now.selected.has(now.units[row])) && (column < 0 || now.concepts[column] === now.concept);
    attribute(cell, {
      role: row < 0 ? "columnheader" : column < 0 ? "rowheader" : "gridcell",
      "aria-label": text,
      "aria-selected": String(chosen),
      "aria-rowindex": row + 2,
      "aria-colindex": column + 2,
      "data-unit": now.units[row],
      "data-concept": now.concepts[column],
    });
    if (document.activeElement === cell) say(live, text);
    if (byKey) pointOut(now, spot);
  };

  /** A cell chooses its unit and its concept, a heading only one of them; what alone was chosen is let go. */
  const choose = (now: Scene, spot: Spot, shift: boolean, toggle: boolean) => {
    const [selection, to] = [tidy(now.selected), now.concepts[spot.column] ?? -1];
    focusOn(now, spot);
    if (spot.row < 0) {
      if (shift) select({ concept: to, selection: tidy([...(toggle ? selection : []), ...reaching(now, to)]) });
      else select({ concept: to === now.concept ? -1 : to });
      return;
    }
    const from = now.units.indexOf(anchor!);
    const next = clicked(selection, now.units, spot.row, from < 0 ? null : from, { shift, toggle });
    if (!shift || from < 0) anchor = unit;
    if (to < 0) return select({ selection: next });
    const alone = !next.length && !toggle;
    const again = alone && to === now.concept;
    select({ selection: alone && !again ? selection : next, concept: again ? -1 : to });
  };

  const goTo = (now: Scene, spot: Spot) => {
    focusOn(now, spot);
    [point, byKey] = [null, true];
    scroller.scrollTo({ ...reveal(now.sheet, spot), behavior: "instant" });
    settle();
  };

  on(cell, "keydown", (event) => {
    const now = scene();
    if (!now || event.altKey) return;
    const { key, shiftKey } = event;
    const control = event.ctrlKey || event.metaKey;
    const spot = spotOf(now);
    const target = step(now.sheet, spot, key, control);
    if (target) {
      if (shiftKey) anchor ??= now.units[spot.row] ?? null;
      goTo(now, target);
      if (shiftKey && target.row >= 0 && target.row !== spot.row) choose(now, { ...target, column: -1 }, true, control);
      focusOn(now, target);
    } else if (key === " " || key === "Enter") {
      choose(now, spot, shiftKey, control || (key === " " && !shiftKey && spot.row >= 0));
    } else if (control && key.toLowerCase() === "a") {
      select({ selection: tidy(now.units) });
    } else if (key === "Escape") {
      leave();
      select({ selection: [], concept: -1 });
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }, signal);
  on(canvas, "pointermove", (event) => {
    [point, byKey] = [event, false];
    hoverSoon();
  }, signal);
  on(canvas, "pointerleave", leave, signal);
  on(canvas, "click", (event) => {
    const now = scene();
    const spot = now && under(now, event);
    if (!spot) return;
    choose(now, spot, event.shiftKey, event.ctrlKey || event.metaKey);
    settle();
    cell.focus({ preventScroll: true });
  }, signal);
  on(cell, "focus", settle, signal);
  on(cell, "blur", () => {
    if (byKey) leave();
    say(live, "");
  }, signal);
  listen(model, ["info"], () => {
    [unit, concept, anchor] = [null, null, null];
    leave();
  }, signal);
  return {
    follow() {
      const now = scene();
      if (now) bring(now);
      settle();
      hover();
    },
  };
}

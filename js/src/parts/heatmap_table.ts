// The same numbers as a table of text, a page at a time: each unit with the chosen concept, or else with its best.
import { attribute, button, enable, h, on, press, say, select } from "../lib/dom";
import { canRank } from "../lib/heatmap_found";
import { tidy, toggled } from "../lib/select";
import type { Stage } from "../lib/view";
import type { Scene } from "./heatmap_paint";
import { notes, numbersOf, stateOf } from "./heatmap_words";

const PAGE = 25;

export function heatmapTable({ model, signal, write }: Stage, scene: () => Scene | null): { element: HTMLElement; show(): void } {
  const [head, body] = [h("tr"), h("tbody")];
  const table = h("table.gw-table", {}, h("thead", {}, head), body);
  const [previous, next] = [button("previous", "‹", "previous page"), button("next", "›", "next page")];
  const where = h("span.gw-about");
  const which = select("concept", "Concept", []);
  const element = h("div", {},
    h("div.gw-tools", {}, which.label, h("span.gw-group", {}, previous, next, where)),
    h("div.gw-scroller.gw-pages", { tabindex: 0, role: "region", "aria-label": "table of units" }, table));
  let page = 0;
  let listed: unknown = null;

  const row = (now: Scene, unit: number): HTMLElement => {
    const { found, selected } = now;
    const chosen = selected.has(unit);
    const concept = now.concept >= 0 ? now.concept : canRank(found, unit) ? found.labels[unit] : -1;
    const pick = h("button.gw-pick", { type: "button", "data-unit": unit, "aria-pressed": String(chosen), "aria-label": `unit ${unit}` }, `${chosen ? "✓ " : ""}${unit}`);
    const cells = concept < 0 ? [...Array(7).fill(""), stateOf(found, unit)]
      : [found.names[concept], found.categories[concept], ...numbersOf(now, unit, concept), notes(now, unit, concept).filter(Boolean).join("; ")];
    return h("tr", { "aria-selected": String(chosen) }, h("th", { scope: "row" }, pick), ...cells.map((text) => h("td", {}, text)));
  };

  const show = () => {
    const now = scene();
    element.hidden = !now || model.get("show") !== "table";
    if (element.hidden || !now) return;
    const { units, found, concepts } = now;
    page = Math.max(0, Math.min(page, Math.ceil(units.length / PAGE) - 1));
    const [from, to] = [page * PAGE, Math.min(units.length, (page + 1) * PAGE)];
    if (listed !== found) which.input.replaceChildren(h("option", { value: -1 }, "each unit's best"), ...concepts.map((concept) => h("option", { value: concept }, found.names[concept])));
    listed = found;
    which.input.value = String(now.concept);
    const focused = body.contains(document.activeElement) && (document.activeElement as HTMLElement).dataset.unit;
    head.replaceChildren(...["unit", "concept", "category", "IoU", "95 % interval", "p", "family-wise", "q", "notes"].map((text) => h("th", { scope: "col" }, text)));
    body.replaceChildren(...units.slice(from, to).map((unit) => row(now, unit)));
    if (focused) body.querySelector<HTMLElement>(`[data-unit="${focused}"]`)?.focus({ preventScroll: true });
    attribute(where, { role: now.threshold === model.get("threshold") && "status" });
    say(where, units.length ? `units ${from + 1} to ${to} of ${units.length}, in order` : "no units");
    enable(previous, page > 0);
    enable(next, to < units.length);
  };

  const turn = (by: number) => () => {
    page += by;
    show();
  };
  press(previous, turn(-1), signal);
  press(next, turn(1), signal);
  on(which.input, "change", () => write({ concept: Number(which.input.value) }), signal);
  on(body, "click", (event) => {
    const now = scene();
    const unit = Number((event.target as HTMLElement).dataset.unit ?? -1);
    if (now && unit >= 0) write({ selection: toggled(tidy(now.selected), unit) });
  }, signal);
  return { element, show };
}

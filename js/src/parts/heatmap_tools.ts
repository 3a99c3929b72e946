// The row above a table of IoU: order, threshold, filter, table or map; and below it, what is chosen.
import { attribute, button, choose, enable, h, on, press, say, select } from "../lib/dom";
import { short } from "../lib/text";
import type { Stage } from "../lib/view";
import type { Scene } from "./heatmap_paint";
import { saving } from "./heatmap_save";

export interface HeatmapTools {
  element: HTMLElement;
  /** What is chosen, and a way to choose nothing. */
  chosen: HTMLElement;
  /** Where a text is shown that could not be copied. */
  copied: HTMLElement;
  /** The threshold as the hand has it now. */
  threshold(): number;
  /** Let the slider reach as far as the values do. */
  stretch(most: number): void;
}

export function heatmapTools(stage: Stage, scene: () => Scene | null, dragged: () => void): HeatmapTools {
  const { model, root, signal, draw, write, asked } = stage;
  const sort = select("sort", "Sort units by", [["concept", "best concept"], ["iou", "IoU"], ["category", "category"], ["cluster", "clustering"], ["number", "number"]]);
  const slider = h("input.gw-threshold", { type: "range", "data-action": "threshold", min: 0, max: 1, step: "any" });
  const value = h("b.gw-at");
  const only = h("input", { type: "checkbox", "data-action": "interpretable" });
  const show = button("show", "", "switch between heatmap and table");
  const words = h("span.gw-chosen");
  const clear = button("clear", "Clear", "select nothing");
  const save = saving(stage, scene);
  let held: number | null = null;
  const threshold = () => held ?? (Number(model.get("threshold")) || 0);
  const rounded = () => Math.round(1000 * slider.valueAsNumber) / 1000;

  const tell = () => {
    say(value, short(threshold()));
    attribute(slider, { "aria-valuetext": `IoU ${short(threshold())}` });
    attribute(root, { "data-threshold": threshold() });
  };
  on(slider, "input", () => {
    held = rounded();
    tell();
    dragged();
  }, signal);
  on(slider, "change", () => {
    held = null;
    write({ threshold: rounded() });
  }, signal);
  on(sort.input, "change", () => {
    write({ sort: sort.input.value });
    if (sort.input.value === "cluster" && !model.get("rows")?.clustered?.length) asked();
  }, signal);
  on(only, "change", () => write({ interpretable: only.checked }), signal);
  press(show, () => write({ show: model.get("show") === "table" ? "map" : "table" }), signal);
  press(clear, () => write({ selection: [], concept: -1 }), signal);

  const stretch = (most: number) => {
    slider.max = String(Math.max(threshold(), Math.min(1, Math.ceil(20 * most) / 20)));
    slider.value = String(threshold());
  };
  draw(["sort"], () => choose(sort.input, model.get("sort")));
  draw(["threshold"], () => {
    if (held !== null) return;
    stretch(Number(slider.max));
    tell();
  });
  draw(["interpretable"], () => {
    only.checked = model.get("interpretable") === true;
  });
  draw(["show"], () => {
    const table = model.get("show") === "table";
    say(show, table ? "Heatmap" : "Table");
    attribute(root, { "data-show": table ? "table" : "map" });
  });
  draw(["selection", "concept", "concepts"], () => {
    const [many, one] = [model.get("selection")?.length, model.get("concepts")?.[model.get("concept")]];
    const said = [many ? `${many} ${many === 1 ? "unit" : "units"}` : "", one ? one[0] : ""].filter(Boolean).join(", ");
    say(words, said ? `${said} selected` : "Click a cell or a heading to select.");
    enable(clear, Boolean(said));
  });

  const field = h("label.gw-field", {}, "Threshold", slider, value);
  return {
    element: h("div.gw-tools", {}, sort.label, field, h("label.gw-field", {}, only, "only interpretable"), h("span.gw-group.gw-choice", {}, show, ...save.buttons)),
    chosen: h("span.gw-group.gw-choice", {}, words, clear),
    copied: save.element,
    threshold,
    stretch,
  };
}

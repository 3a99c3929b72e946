// The rows above a gallery: order, regions, what to leave out, how much is left.
import { attribute, button, choose, enable, h, press, say, select } from "../lib/dom";
import { type Only, perConcept, readOnly } from "../lib/gallery_order";
import type { Stage } from "../lib/view";
import type { Scene } from "./gallery_cards";

const TYPED = 120;

export interface GalleryTools {
  element: HTMLElement;
  /** What is shown where no unit is. */
  none: HTMLElement;
  show(scene: Scene | null): void;
}

function check(action: string, text: string): { label: HTMLLabelElement; input: HTMLInputElement } {
  const input = h("input", { type: "checkbox", "data-action": action });
  return { input, label: h("label.gw-field", {}, input, text) };
}

export function galleryTools({ model, root, signal, draw, write }: Stage): GalleryTools {
  const sort = select("sort", "Sort by", [["iou", "IoU"], ["number", "number"], ["concept", "concept"], ["category", "category"], ["selection", "selection"]]);
  const region = select("region", "Region", [["outline", "outlined"], ["light", "lit"], ["off", "not shown"]]);
  const concept = h("select.gw-select", { "data-action": "concept", "aria-label": "the chosen concept" });
  const search = h("input.gw-input.gw-search", { type: "search", "data-action": "search", placeholder: "number or concept", maxlength: 200, spellcheck: "false" });
  const least = check("only-least", "IoU ≥");
  const level = h("input.gw-input.gw-level", { type: "number", "data-action": "least", min: 0, max: 1, step: 0.01, "aria-label": "the least IoU" });
  const ofConcept = check("only-concept", "concept");
  const chosen = check("only-selected", "selected");
  const count = h("span.gw-choice", { role: "status" });
  const many = h("span.gw-about");
  const clear = button("clear", "Clear", "select no unit");
  const reset = button("show-all", "Show all units", "leave out no unit");
  const none = h("div.gw-empty", { hidden: true }, h("p", {}, "No unit is left."), reset);
  let timer = 0;

  const now = (): Only => readOnly(model.get("only"));
  const change = (values: Partial<Only>) => write({ only: { ...now(), ...values } });
  const leastOf = () => {
    const value = Number(level.value);
    return level.value !== "" && value >= 0 && value <= 1 ? value : 0.05;
  };
  const find = () => {
    clearTimeout(timer);
    if (search.value !== now().search) change({ search: search.value });
  };
  sort.input.addEventListener("change", () => write({ sort: sort.input.value }), { signal });
  region.input.addEventListener("change", () => write({ region: region.input.value }), { signal });
  concept.addEventListener("change", () => write({ concept: Number(concept.value) }), { signal });
  least.input.addEventListener("change", () => change({ at_least: least.input.checked ? leastOf() : null }), { signal });
  level.addEventListener("change", () => {
    // a number that is out of range is not used, and does not stay there as if it were
    level.value = String(leastOf());
    change({ at_least: leastOf() });
  }, { signal });
  ofConcept.input.addEventListener("change", () => change({ concept: ofConcept.input.checked }), { signal });
  chosen.input.addEventListener("change", () => change({ selected: chosen.input.checked }), { signal });
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(find, TYPED);
  }, { signal });
  search.addEventListener("change", find, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  press(clear, () => write({ selection: [] }), signal);
  press(reset, () => change({ at_least: null, concept: false, selected: false, search: "" }), signal);

  draw(["sort"], () => choose(sort.input, model.get("sort")));
  draw(["info"], () => attribute(region.label, { hidden: !(model.get("info")?.size ?? []).length }));
  draw(["region"], () => choose(region.input, model.get("region")));
  draw(["only"], () => {
    const only = now();
    least.input.checked = only.at_least !== null;
    ofConcept.input.checked = only.concept;
    chosen.input.checked = only.selected;
    if (document.activeElement !== level) level.value = String(only.at_least ?? (level.value || 0.05));
    if (document.activeElement !== search) search.value = only.search;
    attribute(root, { "data-only": JSON.stringify(only) });
  });

  const tools = (...parts: HTMLElement[]) => h("div.gw-tools", { "data-lm-suppress-shortcuts": "true" }, ...parts);
  const group = (...parts: (HTMLElement | string)[]) => h("span.gw-group", {}, ...parts);
  return {
    element: h("div", {},
      tools(sort.label, region.label, h("label.gw-field", {}, "Find", search), h("span.gw-group.gw-choice", {}, clear, many)),
      tools(h("span.gw-about", {}, "Only"), group(least.label, level), group(ofConcept.label, concept), chosen.label, count)),
    none,
    show(scene) {
      if (!scene) return;
      const { scores, order, concepts, selected } = scene;
      const options = [["-1", "none"], ...perConcept(scores, concepts.length).map((units, at) => [String(at), `${concepts[at][0]} (${units})`])];
      const text = JSON.stringify(options);
      if (concept.dataset.options !== text) {
        concept.replaceChildren(...options.map(([value, name]) => h("option", { value }, name)));
        concept.dataset.options = text;
      }
      choose(concept, String(scene.concept));
      const hidden = [...selected].filter((unit) => !scene.places.has(unit)).length;
      say(count, order.length === scores.units ? `${scores.units} units` : `${order.length} of ${scores.units} units`);
      say(many, selected.size ? `${selected.size} selected${hidden ? `, ${hidden} of them left out here` : ""}` : "click units to select them");
      enable(clear, selected.size > 0);
      attribute(none, { hidden: order.length > 0 });
    },
  };
}

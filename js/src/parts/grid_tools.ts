// The row above an activation grid: which sample, which order, which range, how many are chosen.
import { listen } from "../lib/bind";
import { attribute, button, choose, enable, h, press, say, select } from "../lib/dom";
import type { Stage } from "../lib/view";

export function gridTools({ model, root, signal, draw, write, asked, answered }: Stage): HTMLElement {
  const previous = button("previous", "‹", "previous sample");
  const next = button("next", "›", "next sample");
  for (const step of [previous, next]) step.classList.add("gw-step");
  const number = h("input.gw-input.gw-number", { type: "number", "data-action": "sample", min: 0, step: 1 });
  const seed = h("span.gw-about");
  const sort = select("sort", "Sort by", [["index", "number"], ["mean", "mean"], ["max", "max"], ["selection", "selection"]]);
  const scale = select("scale", "Range", [["shared", "shared"], ["unit", "per unit"]]);
  const chosen = h("span.gw-about");
  const clear = button("clear", "Clear", "select no unit");
  const seeds = (): number[] => model.get("seeds") ?? [];
  const current = () => Number(model.get("sample")) || 0;

  const go = (sample: number) => {
    const last = Math.max(0, seeds().length - 1);
    const wanted = Math.min(last, Math.max(0, Math.round(sample)));
    if (Number.isFinite(wanted) && wanted !== current()) {
      write({ sample: wanted });
      asked();
    } else {
      number.value = String(current());
    }
  };
  press(previous, () => go(current() - 1), signal);
  press(next, () => go(current() + 1), signal);
  number.addEventListener("change", () => go(number.value === "" ? current() : Number(number.value)), { signal });
  sort.input.addEventListener("change", () => write({ sort: sort.input.value }), { signal });
  scale.input.addEventListener("change", () => write({ scale: scale.input.value }), { signal });
  press(clear, () => write({ selection: [] }), signal);

  draw(["sample", "seeds"], () => {
    const [all, sample] = [seeds(), current()];
    if (number.value !== String(sample)) number.value = String(sample);
    attribute(number, { max: Math.max(0, all.length - 1) });
    enable(previous, sample > 0);
    enable(next, sample < all.length - 1);
    say(seed, all.length ? `of 0 to ${all.length - 1}, seed ${all[sample] ?? "?"}` : "");
    attribute(root, { "data-sample": sample });
  });
  draw(["sort"], () => choose(sort.input, model.get("sort")));
  draw(["scale"], () => choose(scale.input, model.get("scale")));
  draw(["selection"], () => {
    const many = (model.get("selection") ?? []).length;
    say(chosen, many ? `${many} selected` : "click units to select them");
    enable(clear, many > 0);
  });
  // a sample may have the maps of the one before, and then they are not sent
  listen(model, ["answers"], answered, signal);
  const field = h("label.gw-field", {}, h("span.gw-silent", {}, "Sample"), number);
  return h("div.gw-tools", { "data-lm-suppress-shortcuts": "true" }, h("span.gw-group", {}, h("span.gw-about", { "aria-hidden": "true" }, "Sample"), previous, field, next, seed), sort.label, scale.label, h("span.gw-group.gw-choice", {}, chosen, clear));
}

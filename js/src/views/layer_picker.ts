// Which layer all views look at.
import "./layer_picker.css";
import { attribute, choose, h, say } from "../lib/dom";
import { describe, type Info } from "../lib/text";
import { view } from "../lib/view";

export default view("layer-picker", "Layer picker", ({ model, root, signal, draw, write }) => {
  const input = h("select.gw-select.gw-layer", { "data-action": "layer" });
  const line = h("span.gw-about", { "data-line": "layer" });
  const field = h("label.gw-field", {}, "Layer");
  field.append(input);
  root.append(h("div.gw-tools", {}, field, line));
  const layers = (): Info[] => model.get("layers") ?? [];

  input.addEventListener("change", () => write({ layer: input.value }), { signal });
  draw(["layers"], () => {
    input.replaceChildren(...layers().map(({ name }) => h("option", { value: name }, name)));
    attribute(root, { "data-layers": layers().length });
  });
  draw(["layers", "layer"], () => {
    const layer = String(model.get("layer") ?? "");
    const info = layers().find(({ name }) => name === layer);
    choose(input, layer);
    say(line, info ? describe(info) : layers().length ? "no layer chosen" : "no layers yet");
    attribute(root, { "data-layer": layer });
  });
});

// A slider for each unit of a layer, and what moving it does to every sample.
import "./ablation_sliders.css";
import { attribute, h, say } from "../lib/dom";
import { byIndex, bySelection, descending, positions } from "../lib/sort";
import { describe, seedsInWords } from "../lib/text";
import { view } from "../lib/view";
import { ACTS } from "../parts/acts";
import { gesture } from "../parts/gesture";
import { images } from "../parts/images";
import { ROW, rows } from "../parts/rows";
import { sliderTools } from "../parts/slider_tools";

const FRAME = 26; // the padding and the border of a view
const ROWS = { side: 11, above: 7 };

export default view("ablation-sliders", "Ablation sliders", (stage) => {
  const { model, root, draw } = stage;
  const name = h("h3.gw-name");
  const about = h("span.gw-about");
  let refresh = () => {};
  const hand = gesture(stage, () => refresh());
  const sliders = rows(stage, hand);
  const tools = sliderTools(stage, hand, sliders.find);
  const pictures = images(stage);
  const samples = h("span.gw-about");
  const panel = h("div.gw-panel", {}, tools.list, sliders.element);
  root.append(
    h("header.gw-head", {}, name, about, samples, tools.status),
    tools.element,
    tools.code,
    h("div.gw-body", {}, panel, pictures.element),
    tools.why,
  );

  draw(["info", "status", "shape"], () => {
    const info = model.get("info") ?? {};
    const seeds: number[] = model.get("status")?.seeds ?? [];
    const n = model.get("shape")?.[0] ?? 0;
    say(name, String(info.name ?? ""));
    say(about, describe(info));
    say(samples, [n ? `${n} ${n === 1 ? "sample" : "samples"}` : "", seedsInWords(seeds)].filter(Boolean).join(", "));
  });

  draw(["strengths", ...ACTS, "selection", "sort", "info", "shape"], () => {
    const inside = stage.width() - FRAME;
    const { side, taken } = pictures.resize(inside);
    attribute(root, { "data-layout": side ? "side" : "above" });
    const strengths = hand.strengths();
    const sort = model.get("sort");
    const order = sort === "strength" ? descending(strengths) : sort === "selection" ? bySelection(strengths.length, hand.selection()) : byIndex(strengths.length);
    sliders.arrange(order, positions(order), (side ? ROWS.side : ROWS.above) * ROW, side ? inside - taken : inside);
    attribute(root, {
      "data-units": strengths.length,
      "data-sort": sort,
      "data-value": hand.value(),
      "data-selection": hand.selection().join(","),
      "data-strengths-nonzero": strengths.reduce((count, strength) => count + Number(strength > 0), 0),
    });
  });
  draw(["value"], () => attribute(root, { "data-value": hand.value() }));
  refresh = draw(["preview"], () => {
    attribute(root, { "data-preview": hand.preview() ? "true" : null });
    sliders.refresh();
  });
});

// Units and concepts: how well each agrees with each, in one canvas.
import "./iou_heatmap.css";
import { attribute, h, on, say } from "../lib/dom";
import { type Sheet, sheet } from "../lib/heatmap";
import { ramp } from "../lib/heatmap_colour";
import { byCategory, canRank, decode, type Found, interpretable, orderOf, reach, tally } from "../lib/heatmap_found";
import { describe, short } from "../lib/text";
import { theme } from "../lib/theme";
import { view } from "../lib/view";
import { heatmapHands } from "../parts/heatmap_hands";
import { heatmapLegend } from "../parts/heatmap_legend";
import { fillAtlas, font, paintSheet, rowText, type Scene } from "../parts/heatmap_paint";
import { heatmapTable } from "../parts/heatmap_table";
import { heatmapTools } from "../parts/heatmap_tools";

const VIEWPORT = 600;
const FOUND = ["values", "shape", "concepts", "rows"];
const ORDER = [...FOUND, "sort", "interpretable", "threshold"];

export default view("iou-heatmap", "IoU heatmap", (stage) => {
  const { model, root } = stage;
  const [name, about, sum, said] = [h("h3.gw-name"), h("span.gw-about"), h("span", { "aria-hidden": "true" }), h("div.gw-silent", { role: "status" })];
  const legend = heatmapLegend();
  const canvas = h("canvas.gw-canvas", { "aria-hidden": "true" });
  const overlay = h("canvas.gw-overlay", { "aria-hidden": "true" });
  const port = h("div.gw-port", { role: "row" }, canvas, overlay);
  const space = h("div", { role: "rowgroup" }, port);
  const scroller = h("div.gw-scroller", { role: "grid", "aria-multiselectable": "true" }, space);
  const around = h("div.gw-around", {}, scroller);
  const empty = h("div.gw-empty");
  const atlas = h("canvas");
  let found: Found | null = null;
  let scene: Scene | null = null;
  let most = 1;
  let frames = 0;
  attribute(root, { "data-lm-suppress-shortcuts": "true" });
  const tools = heatmapTools(stage, () => scene, () => [arrange, place, paint].forEach((redo) => redo()));
  const table = heatmapTable(stage, () => scene);
  const hands = heatmapHands(stage, { around, scroller, port, canvas, overlay, scene: () => scene });
  const line = h("div.gw-sum", {}, sum, said, tools.chosen);
  root.append(h("header.gw-head", {}, name, about), tools.element, legend.element, line, around, table.element, empty, tools.copied);

  stage.draw(["info"], () => {
    const info = model.get("info") ?? {};
    say(name, String(info.name ?? ""));
    say(about, [describe(info), info.images ? `${info.threshold} threshold, ${info.images} images` : "", info.complete === false ? "stopped early" : ""].filter(Boolean).join(" · "));
    say(empty, info.why || "No dissection yet.");
    attribute(scroller, { "aria-label": `Units and concepts of ${info.name ?? "the layer"}` });
  });

  stage.draw(FOUND, () => {
    found = decode(...(FOUND.map((trait) => model.get(trait)) as Parameters<typeof decode>));
    tools.element.hidden = line.hidden = !found;
    empty.hidden = Boolean(found);
    attribute(root, { "data-units": found?.units ?? 0 });
    if (!found) scene = null;
    else tools.stretch((most = reach(found)));
    if (found?.clustered.length) stage.answered();
  });

  /** Which units in which order, and their colours. */
  const arrange = stage.draw(ORDER, () => {
    if (!found) return;
    const [now, threshold, sort] = [found, tools.threshold(), String(model.get("sort"))];
    const { labels, categories } = now;
    const worn = theme(root);
    const units = orderOf(now, sort).filter((unit) => model.get("interpretable") !== true || interpretable(now, unit, threshold));
    const key = (unit: number) => (sort === "concept" ? labels[unit] : sort === "category" ? categories[labels[unit]] : "");
    scene = {
      found: now, units, threshold, most, atlas,
      concepts: byCategory(categories),
      keys: units.map((unit) => (sort === "number" || canRank(now, unit) ? key(unit) : "last")),
      // the tasks below fill in what is scrolled to, what is chosen, and where all of it is
      sheet: scene?.sheet ?? ({} as Sheet),
      ratio: 1,
      selected: new Set(),
      concept: -1,
      theme: worn,
      colours: ramp(worn.scheme === "dark"),
    };
    const reached = tally(now, threshold);
    const text = `${reached.units} of ${now.units} units reach ${short(threshold)} with their best concept, ${reached.concepts} of ${now.names.length} concepts.`;
    say(sum, text);
    // not at each step of a drag
    if (threshold === model.get("threshold")) say(said, text);
    attribute(root, { "data-sort": sort, "data-shown": units.length, "data-order": units.slice(0, 8).join(",") });
    fillAtlas(scene);
    legend.show(scene);
  });

  /** Lay out for the room there is. */
  const place = stage.draw([...ORDER, "show"], () => {
    const hidden = !scene || model.get("show") === "table";
    around.hidden = legend.element.hidden = hidden;
    if (!scene || hidden) return;
    const { units, concepts, found: now } = scene;
    const ratio = devicePixelRatio;
    const context = canvas.getContext("2d")!;
    context.font = font(scene.theme, "600");
    const widest = (texts: string[]) => Math.max(0, ...[...new Set(texts)].map((text) => context.measureText(`✓ ${text}`.slice(0, 40)).width));
    const wish = {
      rows: units.length,
      columns: concepts.length,
      rowText: widest([String(now.units), ...units.map((unit) => rowText(now, unit)).filter((text) => text.includes(" "))]),
      columnText: widest(now.names),
      bands: new Set(now.categories).size > 1,
      height: VIEWPORT,
      ratio,
    };
    let laid = sheet({ ...wish, width: scroller.clientWidth });
    size(space, laid.width, laid.height);
    // a scroll bar that this brings takes some of the room
    laid = sheet({ ...wish, width: scroller.clientWidth });
    size(space, laid.width, laid.height);
    laid.across = Math.min(laid.width, scroller.clientWidth);
    laid.down = Math.min(laid.height, scroller.clientHeight);
    Object.assign(scene, { sheet: laid, ratio });
    for (const layer of [canvas, overlay]) {
      const [width, height] = [Math.round(laid.across * ratio), Math.round(laid.down * ratio)];
      if (layer.width !== width || layer.height !== height) Object.assign(layer, { width, height });
    }
    for (const part of [canvas, overlay, port]) size(part, laid.across, laid.down);
    attribute(scroller, { "aria-rowcount": units.length + 1, "aria-colcount": concepts.length + 1 });
  });

  const paint = stage.draw([...ORDER, "show", "info", "selection", "concept"], () => {
    const [selection, concept] = [model.get("selection") ?? [], Number(model.get("concept") ?? -1)];
    attribute(root, { "data-selection": selection.join(","), "data-concept": concept });
    if (scene) Object.assign(scene, { selected: new Set(selection), concept });
    table.show();
    if (!scene || around.hidden) return;
    const device = (length: number) => Math.round(length * scene!.ratio) / scene!.ratio;
    Object.assign(scene.sheet, { x: device(scroller.scrollLeft), y: device(scroller.scrollTop) });
    paintSheet(canvas, scene);
    attribute(root, { "data-frame": ++frames });
    hands.follow();
  });
  on(scroller, "scroll", paint, stage.signal);
});

function size({ style }: HTMLElement, width: number, height: number): void {
  Object.assign(style, { width: `${width}px`, height: `${height}px` });
}

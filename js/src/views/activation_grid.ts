// Every unit's map for one sample, in one canvas.
import "./activation_grid.css";
import { attribute, h, say } from "../lib/dom";
import { type Grid, layout } from "../lib/geometry";
import { scaleOf, scaleOfUnit } from "../lib/range";
import { byIndex, bySelection, descending, positions } from "../lib/sort";
import { measure } from "../lib/stats";
import { describe } from "../lib/text";
import { theme } from "../lib/theme";
import { view } from "../lib/view";
import { floats, sizes } from "../lib/wire";
import { paintCells, type Scene } from "../parts/cells";
import { gridLegend } from "../parts/grid_legend";
import { gridHands } from "../parts/grid_hands";
import { gridTools } from "../parts/grid_tools";

const VIEWPORT = 430;

export default view("activation-grid", "Activation grid", (stage) => {
  const { model, root } = stage;
  const name = h("h3.gw-name");
  const about = h("span.gw-about");
  const legend = gridLegend();
  const canvas = h("canvas.gw-canvas", { "aria-hidden": "true" });
  const space = h("div.gw-space", { role: "row" }, canvas);
  const scroller = h("div.gw-scroller", { role: "grid", "aria-multiselectable": "true", "data-lm-suppress-shortcuts": "true" }, space);
  const empty = h("div.gw-empty", { hidden: true }, "No activations yet.");
  root.append(h("header.gw-head", {}, name, about), gridTools(stage), legend.element, scroller, empty);

  let scene: Scene | null = null;
  let places: Uint32Array = new Uint32Array(0);
  let source: unknown = null;
  let frames = 0;
  const hands = gridHands(stage, { scroller, space, canvas, scene: () => scene, places: () => places });

  stage.draw(["info"], () => {
    const info = model.get("info") ?? {};
    say(name, String(info.name ?? ""));
    say(about, describe(info));
    attribute(scroller, { "aria-label": `Units of ${info.name ?? "the layer"}` });
  });

  // what the numbers say; the canvas only follows
  stage.draw(["maps", "shape", "range", "scale"], () => {
    const [units, rows, columns] = sizes(model.get("shape"), 3);
    const maps = floats(model.get("maps"), units * rows * columns);
    const complete = maps.length > 0 && maps.length === units * rows * columns;
    attribute(scroller, { hidden: !complete });
    attribute(empty, { hidden: complete });
    attribute(root, { "data-units": complete ? units : 0 });
    if (!complete) {
      scene = null;
      legend.show(null);
      return;
    }
    const known = scene && source === model.get("maps") && scene.h === rows && scene.w === columns ? scene.stats : measure(maps, units, rows * columns);
    source = model.get("maps");
    const [low, high] = (model.get("range") as number[] | undefined) ?? [0, 0];
    const shared = scaleOf(low, high);
    const single = model.get("scale") === "unit" && rows * columns > 1;
    legend.show({ shared, single, low, stats: known });
    scene = {
      maps,
      h: rows,
      w: columns,
      stats: known,
      scaleOf: single ? (unit) => scaleOfUnit(shared, known.min[unit], known.max[unit]) : () => shared,
      grid: scene?.grid ?? layout(units, rows, columns, 1, 1),
      order: scene?.order ?? byIndex(units),
      selected: scene?.selected ?? new Set(),
      top: 0,
      ratio: 1,
      theme: theme(root),
    };
    attribute(root, { "data-scale": model.get("scale") });
  });

  stage.draw(["sort", "selection", "maps", "shape"], () => {
    const sort = model.get("sort");
    const selection: number[] = model.get("selection") ?? [];
    attribute(root, { "data-sort": sort, "data-selection": selection.join(",") });
    if (!scene) return;
    const units = scene.stats.mean.length;
    const orders: Record<string, () => Uint32Array> = {
      mean: () => descending(scene!.stats.mean),
      max: () => descending(scene!.stats.max),
      selection: () => bySelection(units, selection),
    };
    scene.order = (orders[sort] ?? (() => byIndex(units)))();
    scene.selected = new Set(selection);
    places = positions(scene.order);
  });

  const paint = stage.draw(["maps", "shape", "range", "scale", "sort", "selection"], () => {
    if (!scene) return;
    const ratio = devicePixelRatio;
    const { h: rows, w: columns, stats } = scene;
    const grid: Grid = layout(stats.mean.length, rows, columns, Math.floor(scroller.clientWidth * ratio), ratio);
    const width = Math.floor(scroller.clientWidth * ratio);
    const height = Math.min(grid.total, Math.round(VIEWPORT * ratio));
    if (canvas.width !== width || canvas.height !== height) {
      Object.assign(canvas, { width, height });
      Object.assign(canvas.style, { width: `${width / ratio}px`, height: `${height / ratio}px` });
    }
    space.style.height = `${grid.total / ratio}px`;
    Object.assign(scene, { grid, ratio, top: Math.round(scroller.scrollTop * ratio), theme: theme(root) });
    attribute(scroller, { "aria-rowcount": grid.rows, "aria-colcount": grid.columns });
    legend.shrunk(grid.width < columns || grid.height < rows);
    paintCells(canvas, scene);
    attribute(root, { "data-frame": ++frames });
    hands.follow();
  });
  scroller.addEventListener("scroll", paint, { passive: true, signal: stage.signal });
});

// Paints the cells that are in sight onto one canvas.
import { inkOn, NAN_COLOUR, INF_COLOUR, NEGATIVE_INF_COLOUR, table, word } from "../lib/colour";
import { type Grid, place, visible } from "../lib/geometry";
import { colourise, indexOf, type Scale } from "../lib/range";
import { shrink } from "../lib/shrink";
import type { Stats } from "../lib/stats";
import type { Theme } from "../lib/theme";

export interface Scene {
  grid: Grid;
  maps: Float32Array;
  h: number;
  w: number;
  stats: Stats;
  order: Uint32Array;
  selected: Set<number>;
  scaleOf(unit: number): Scale;
  /** Device pixels scrolled away above, and device pixels in a CSS pixel. */
  top: number;
  ratio: number;
  theme: Theme;
}

const atlas = document.createElement("canvas");

/** A unit's own marks in words, for labels: "NaN", "∞", "dead". */
export function marks(stats: Stats, unit: number): string[] {
  return [stats.nan[unit] ? "NaN" : "", stats.inf[unit] ? "∞" : "", stats.dead[unit] ? "dead" : ""].filter(Boolean);
}

export function paintCells(canvas: HTMLCanvasElement, scene: Scene): void {
  const context = canvas.getContext("2d")!;
  context.clearRect(0, 0, canvas.width, canvas.height);
  const seen = visible(scene.grid, scene.top, canvas.height);
  if (seen.last <= seen.first) return;
  if (!scene.grid.strip) fillAtlas(scene, seen);
  context.imageSmoothingEnabled = false;
  for (let position = seen.first; position < seen.last; position++) {
    const unit = scene.order[position];
    const { x, y: below } = place(scene.grid, position);
    const y = below - scene.top;
    if (scene.grid.strip) strip(context, scene, unit, x, y);
    else picture(context, scene, unit, position - seen.first, x, y);
  }
}

/** Values of a map in the atlas, across and down: as many as it has, but no more than there are pixels in a cell. */
function tile({ grid, h, w }: Scene): { wide: number; high: number } {
  return { wide: Math.min(w, grid.width), high: Math.min(h, grid.height) };
}

/** All maps in sight side by side, one word a value, for `drawImage` to enlarge. */
function fillAtlas(scene: Scene, { first, last }: { first: number; last: number }): void {
  const { grid: { columns }, maps, h, w, order, scaleOf } = scene;
  const { wide, high } = tile(scene);
  const [width, height] = [columns * wide, Math.ceil((last - first) / columns) * high];
  if (atlas.width !== width || atlas.height !== height) Object.assign(atlas, { width, height });
  const pixels = new ImageData(width, height);
  const words = new Uint32Array(pixels.data.buffer);
  const whole = wide === w && high === h;
  for (let position = first; position < last; position++) {
    const [column, row] = [(position - first) % columns, Math.floor((position - first) / columns)];
    const from = order[position] * h * w;
    const [values, start] = whole ? [maps, from] : [shrink(maps, from, h, w, high, wide), 0];
    colourise(values, start, wide, high, scaleOf(order[position]), words, row * high * width + column * wide, width);
  }
  atlas.getContext("2d")!.putImageData(pixels, 0, 0);
}

function picture(context: CanvasRenderingContext2D, scene: Scene, unit: number, index: number, x: number, y: number): void {
  const { grid, ratio, stats, theme, selected } = scene;
  const [column, row] = [index % grid.columns, Math.floor(index / grid.columns)];
  const { wide, high } = tile(scene);
  context.drawImage(atlas, column * wide, row * high, wide, high, x, y, grid.width, grid.height);
  // without it, a dark map would sink into a dark page
  outline(context, x, y, grid.width, grid.height, Math.max(1, Math.round(ratio / 2)), theme.line);
  if (stats.dead[unit]) hatch(context, x, y, grid.width, grid.height, ratio, inkOn(table(scene.scaleOf(unit).map)[indexOf(stats.max[unit], scene.scaleOf(unit))]));
  if (stats.nan[unit] || stats.inf[unit]) brokenValues(context, scene, unit, x, y);
  const chosen = selected.has(unit);
  if (chosen) outline(context, x, y, grid.width, grid.height, Math.round(3 * ratio), theme.accent);
  context.font = `${chosen ? "600 " : ""}${11 * ratio}px ${theme.font}`;
  context.textBaseline = "top";
  context.textAlign = "left";
  context.fillStyle = chosen ? theme.accent : theme.muted;
  const text = [`${chosen ? "✓ " : ""}${unit}`, ...marks(stats, unit)].join(" ");
  context.fillText(text, x, y + grid.height + Math.round(4 * ratio), grid.pitchX - Math.round(4 * ratio));
}

function strip(context: CanvasRenderingContext2D, scene: Scene, unit: number, x: number, y: number): void {
  const { grid, maps, ratio, theme, stats, selected } = scene;
  const [value, scale] = [maps[unit], scene.scaleOf(unit)];
  const broken = Number.isNaN(value) ? NAN_COLOUR : value > 0 ? INF_COLOUR : NEGATIVE_INF_COLOUR;
  const colour = Number.isFinite(value) ? table(scale.map)[indexOf(value, scale)] : word(broken);
  context.fillStyle = `rgb(${colour & 255}, ${(colour >> 8) & 255}, ${(colour >> 16) & 255})`;
  context.fillRect(x, y, grid.width, grid.height);
  const ink = inkOn(colour);
  const chosen = selected.has(unit);
  if (chosen) {
    const thick = Math.round(3 * ratio);
    inner(context, x, y, grid.width, grid.height, thick, theme.accent);
    inner(context, x + thick, y + thick, grid.width - 2 * thick, grid.height - 2 * thick, Math.max(1, Math.round(ratio)), theme.surface);
  }
  context.font = `${chosen ? "600 " : ""}${11 * ratio}px ${theme.font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = ink;
  const mark = stats.nan[unit] ? "× " : stats.inf[unit] ? (value > 0 ? "+∞ " : "−∞ ") : chosen ? "✓" : "";
  context.fillText(`${mark}${unit}`, x + grid.width / 2, y + grid.height / 2 + ratio / 2, grid.width - Math.round(4 * ratio));
}

/** × on NaN, + on ∞ and − on −∞, where a value has room for it. */
function brokenValues(context: CanvasRenderingContext2D, { maps, h, w, grid, ratio }: Scene, unit: number, x: number, y: number): void {
  const arm = Math.min(grid.across, grid.down) * 0.28;
  if (arm < 1.1) return;
  context.beginPath();
  for (let at = 0; at < h * w; at++) {
    const value = maps[unit * h * w + at];
    if (Number.isFinite(value)) continue;
    const [cx, cy] = [x + ((at % w) + 0.5) * grid.across, y + (Math.floor(at / w) + 0.5) * grid.down];
    const strokes = Number.isNaN(value) ? [[1, 1], [1, -1]] : value > 0 ? [[1, 0], [0, 1]] : [[1, 0]];
    for (const [dx, dy] of strokes) {
      context.moveTo(cx - dx * arm, cy - dy * arm);
      context.lineTo(cx + dx * arm, cy + dy * arm);
    }
  }
  context.lineWidth = Math.max(1, ratio);
  context.strokeStyle = "#000";
  context.stroke();
}

/** Diagonal lines: a dead unit. */
export function hatch(context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number, ratio: number, ink: string): void {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.beginPath();
  for (let start = -height; start < width; start += 7 * ratio) {
    context.moveTo(x + start, y + height);
    context.lineTo(x + start + height, y);
  }
  context.globalAlpha = 0.55;
  context.lineWidth = Math.max(1, ratio);
  context.strokeStyle = ink;
  context.stroke();
  context.restore();
}

function outline(context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number, thick: number, colour: string): void {
  context.lineWidth = thick;
  context.strokeStyle = colour;
  context.strokeRect(x - thick / 2, y - thick / 2, width + thick, height + thick);
}

function inner(context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number, thick: number, colour: string): void {
  outline(context, x + thick, y + thick, width - 2 * thick, height - 2 * thick, thick, colour);
}

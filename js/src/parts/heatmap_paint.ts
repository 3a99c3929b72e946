// Paints the part of a table that is in sight: cells, headings, what is chosen; and, on a second canvas, what is hovered.
import { inkOn } from "../lib/colour";
import { columnsSeen, labelled, rowsSeen, runs, type Sheet, type Spot, xOf, yOf } from "../lib/heatmap";
import { colourOf, grey } from "../lib/heatmap_colour";
import { canRank, type Found } from "../lib/heatmap_found";
import type { Theme } from "../lib/theme";

export interface Scene {
  found: Found;
  /** Units from above, concepts from the left. */
  units: number[];
  concepts: number[];
  sheet: Sheet;
  ratio: number;
  threshold: number;
  most: number;
  selected: Set<number>;
  concept: number;
  /** Rows that follow one another and belong together have equal keys. */
  keys: unknown[];
  theme: Theme;
  colours: ArrayLike<number>;
  /** One pixel a cell. */
  atlas: HTMLCanvasElement;
}

type Box = [number, number, number, number];

const SHADE = "rgb(128 128 128 / 22%)";

export const font = (theme: Theme, style = "") => `${style} 11px ${theme.font}`;

/** "12", or with its state, "dead 12". */
export function rowText({ states }: Found, unit: number): string {
  return states[unit] === "ok" ? String(unit) : `${states[unit]} ${unit}`;
}

/** Colour every cell, seen or not: after that scrolling only copies. */
export function fillAtlas({ atlas, found, units, concepts, threshold, most, colours }: Scene): void {
  Object.assign(atlas, { width: concepts.length, height: units.length || 1 });
  const pixels = new ImageData(atlas.width, atlas.height);
  const words = new Uint32Array(pixels.data.buffer);
  units.forEach((unit, row) => {
    const from = unit * concepts.length;
    concepts.forEach((concept, column) => {
      words[row * concepts.length + column] = canRank(found, unit) ? colourOf(found.iou[from + concept], threshold, most, colours) : grey(0);
    });
  });
  atlas.getContext("2d")!.putImageData(pixels, 0, 0);
}

/** As much of a text as fits, in the font that is set. */
function cut(context: CanvasRenderingContext2D, text: string, room: number): string {
  if (context.measureText(text).width <= room) return text;
  const letters = Array.from(text).slice(0, 60);
  while (letters.length && context.measureText(`${letters.join("")}…`).width > room) letters.pop();
  return letters.length ? `${letters.join("")}…` : "";
}

/** What paints a scene on a canvas, in CSS pixels; the canvas is wiped. */
function brush(canvas: HTMLCanvasElement, scene: Scene) {
  const { found, units, concepts, sheet, ratio, threshold, most, selected, concept, keys, theme, colours, atlas } = scene;
  const { left, top, band, wide, high, upright, across, down } = sheet;
  const context = canvas.getContext("2d")!;
  const x = (column: number) => xOf(sheet, column);
  const y = (row: number) => yOf(sheet, row);
  const [row, lastRow] = rowsSeen(sheet);
  const [column, lastColumn] = columnsSeen(sheet);
  const [end, bottom] = [x(lastColumn), y(lastRow)];
  const fill = (colour: string, ...box: Box) => {
    context.fillStyle = colour;
    context.fillRect(...box);
  };
  const frame = (colour: string, thick: number, ...box: Box) => {
    Object.assign(context, { strokeStyle: colour, lineWidth: thick });
    context.strokeRect(...box);
  };
  const write = (text: string, atX: number, atY: number, colour: string, style = "", align = "center") => {
    Object.assign(context, { fillStyle: colour, font: font(theme, style), textAlign: align, textBaseline: "middle" });
    context.fillText(text, atX, atY + 0.5);
  };
  const within = (fromX: number, fromY: number, paint: () => void) => {
    context.save();
    context.beginPath();
    context.rect(fromX, fromY, across, down);
    context.clip();
    paint();
    context.restore();
  };

  const strength = (isChosen: boolean, strong: boolean) => (isChosen ? theme.accent : strong ? theme.ink : theme.muted);
  const rowHeading = (strong: boolean, at: number) => {
    const [unit, isChosen] = [units[at], selected.has(units[at])];
    const style = (canRank(found, unit) ? "" : "italic ") + (strong ? "600" : "");
    write((isChosen ? "✓ " : "") + rowText(found, unit), left - 6, y(at) + high / 2, strength(isChosen, strong), style, "right");
  };
  const columnHeading = (strong: boolean, at: number) => {
    const [isChosen, style] = [concepts[at] === concept, strong ? "600" : ""];
    context.save();
    context.translate(x(at) + wide / 2, upright ? top - 6 : top - 10);
    if (upright) context.rotate(-Math.PI / 2);
    context.font = font(theme, style);
    const text = cut(context, (isChosen ? "✓ " : "") + found.names[concepts[at]], upright ? top - band - 8 : wide - 4);
    write(text, 0, 0, strength(isChosen, strong), style, upright ? "left" : "center");
    context.restore();
  };

  const rowLabels = () => labelled(row, lastRow, high, (at) => selected.has(units[at]));
  const columnLabels = () => labelled(column, lastColumn, upright ? wide : 99, (at) => concepts[at] === concept);

  const cells = () => {
    const [width, height] = [lastColumn - column, lastRow - row];
    if (width <= 0 || height <= 0) return;
    context.imageSmoothingEnabled = false;
    context.drawImage(atlas, column, row, width, height, x(column), y(row), width * wide, height * high);
    // wider between rows and between columns that belong together
    const line = (together: boolean) => (together ? 1 / ratio : 2);
    for (let at = row; at < lastRow; at++) {
      if (!canRank(found, units[at])) fill(theme.muted, left, y(at) + Math.floor(high / 2), end - left, 1);
      const thick = line(keys[at] === keys[at - 1]);
      fill(theme.surface, left, y(at) - thick / 2, end - left, thick);
    }
    for (let at = column; at < lastColumn; at++) {
      const thick = line(found.categories[concepts[at]] === found.categories[concepts[at - 1]]);
      fill(theme.surface, x(at) - thick / 2, top, thick, bottom - top);
    }
  };

  /** A dot on each unit's best concept; the numbers themselves where there is room; × where there is none to show. */
  const marks = () => {
    const numbers = wide >= 34 && high >= 15;
    for (let at = row; at < lastRow; at++) {
      const unit = units[at];
      for (let over = column; over < lastColumn && canRank(found, unit); over++) {
        const value = found.iou[unit * concepts.length + concepts[over]];
        const own = found.labels[unit] === concepts[over];
        const ink = value < threshold ? theme.ink : inkOn(colourOf(value, threshold, most, colours));
        const [middle, centre] = [x(over) + wide / 2, y(at) + high / 2];
        if (Number.isNaN(value)) write("×", middle, centre, ink);
        else if (numbers) write(value.toFixed(2), middle + (own ? 4 : 0), centre, ink, own ? "700" : "");
        if (!own) continue;
        context.beginPath();
        context.arc(numbers ? middle - 14 : middle, centre, numbers ? 2.5 : Math.max(1, 0.13 * Math.min(wide, high)), 0, 7);
        context.fillStyle = ink;
        context.fill();
      }
    }
  };

  /** Frames around the chosen units, those that touch in one, and around the chosen concept. */
  const chosen = () => {
    const boxes: Box[] = [];
    for (const [from, to, isChosen] of runs(units.slice(row, lastRow).map((unit) => selected.has(unit)))) {
      if (isChosen) boxes.push([left - 4, y(row + from), end - left + 3, (to - from) * high]);
    }
    const at = concepts.indexOf(concept);
    if (at >= 0) boxes.push([x(at), top - 4, wide, bottom - top + 3]);
    const thick = Math.min(2, high / 5);
    for (const box of boxes) frame(theme.surface, 2 * thick, ...box);
    for (const box of boxes) frame(theme.accent, thick, ...box);
  };

  const categories = () => {
    for (const [from, to, category] of runs(concepts.slice(column, lastColumn).map((at) => found.categories[at]))) {
      const begin = Math.max(left, x(column + from) + 1);
      const room = Math.min(across, x(column + to) - 1) - begin;
      fill(theme.line, begin, band - 3, room, 1);
      context.font = font(theme);
      write(cut(context, category, room - 2), begin + 1, band - 11, theme.muted, "", "left");
    }
  };

  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, across, down);
  return {
    table() {
      within(left, top, () => {
        cells();
        marks();
        chosen();
      });
      within(left - across, top - 5, () => rowLabels().forEach(rowHeading));
      within(left, 0, () => {
        columnLabels().forEach(columnHeading);
        if (band) categories();
      });
    },

    cross(spot: Spot) {
      const [atX, atY, half] = [x(spot.column), y(spot.row), upright ? 8 : wide / 2];
      if (spot.row >= 0) {
        within(0, top - 8, () => {
          fill(SHADE, left, atY, Math.max(0, atX - left), high);
          fill(SHADE, Math.max(left, atX + wide), atY, across, high);
          const room = rowLabels().has(spot.row) ? 8 : 14;
          fill(theme.surface, 0, atY + high / 2 - room, left, 2 * room);
          fill(SHADE, 0, atY + high / 2 - 8, left, 16);
          rowHeading(true, spot.row);
        });
      }
      if (spot.column < 0) return;
      within(left, 0, () => {
        fill(SHADE, atX, top, wide, Math.max(0, atY - top));
        fill(SHADE, atX, Math.max(top, atY + high), wide, down);
        const room = columnLabels().has(spot.column) ? half : 14;
        fill(theme.surface, atX + wide / 2 - room, band, 2 * room, top - band);
        fill(SHADE, atX + wide / 2 - half, band, 2 * half, top - band);
        columnHeading(true, spot.column);
        if (spot.row < 0) return;
        frame(theme.surface, 2, atX - 2, atY - 2, wide + 4, high + 4);
        frame(theme.ink, 2, atX - 1, atY - 1, wide + 2, high + 2);
      });
    },
  };
}

export function paintSheet(canvas: HTMLCanvasElement, scene: Scene): void {
  brush(canvas, scene).table();
}

/** A cross over the table, and the headings it meets; null wipes it away. */
export function paintHover(canvas: HTMLCanvasElement, scene: Scene, spot: Spot | null): void {
  const { cross } = brush(canvas, scene);
  if (spot) cross(spot);
}

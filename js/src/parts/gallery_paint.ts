// Paints the images of one card, and their regions on top.
import type { Gallery } from "../lib/gallery";
import { SPACE } from "../lib/gallery";
import type { Theme } from "../lib/theme";
import type { Pictures } from "./gallery_pictures";

export type Mode = "outline" | "light" | "off";

const scratch = document.createElement("canvas");
/** Neither black nor white, nearly opaque: what is veiled differs from what is lit on dark and on bright images. */
const VEIL = "rgba(128, 128, 128, 0.72)";
const [HALO, LINE] = ["rgba(0, 0, 0, 0.85)", "#ffd60a"];

/** The upper left corner of image `index`, in device pixels of its canvas. */
export function corner(laid: Gallery, index: number, ratio: number): { x: number; y: number } {
  const space = Math.round(SPACE * ratio);
  return { x: (index % laid.inRow) * (laid.imageWidth + space), y: Math.floor(index / laid.inRow) * (laid.imageHeight + space) };
}

/** How large the canvas of a card is. */
export function extent(laid: Gallery, ratio: number): { width: number; height: number } {
  const { x, y } = corner(laid, laid.inRow * laid.inColumn - 1, ratio);
  return { width: x + laid.imageWidth, height: y + laid.imageHeight };
}

export function paintCard(canvas: HTMLCanvasElement, pictures: Pictures | undefined, top: number, laid: Gallery, ratio: number, mode: Mode, theme: Theme): void {
  const { width, height } = extent(laid, ratio);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  Object.assign(canvas.style, { width: `${width / ratio}px`, height: `${height / ratio}px` });
  const context = canvas.getContext("2d")!;
  context.clearRect(0, 0, width, height);
  for (let index = 0; index < top; index++) {
    const { x, y } = corner(laid, index, ratio);
    if (pictures && index < pictures.images.length) one(context, pictures, index, x, y, laid, ratio, mode);
    else empty(context, x, y, laid, ratio, theme, !pictures);
  }
}

function one(context: CanvasRenderingContext2D, pictures: Pictures, index: number, x: number, y: number, laid: Gallery, ratio: number, mode: Mode): void {
  const { width, height } = pictures;
  Object.assign(scratch, { width, height });
  scratch.getContext("2d")!.putImageData(pixels(pictures, index), 0, 0);
  context.imageSmoothingEnabled = laid.scale < 1;
  context.drawImage(scratch, 0, 0, width, height, x, y, laid.imageWidth, laid.imageHeight);
  const loops = mode === "off" ? null : pictures.region(index);
  if (!loops) return;
  const path = new Path2D();
  const [across, down] = [laid.imageWidth / pictures.gridWidth, laid.imageHeight / pictures.gridHeight];
  const line = Math.max(1, Math.round(1.2 * ratio));
  // a line an odd number of pixels wide runs through their middle; one along the rim would be half outside
  const [before, after, shift] = mode === "outline" ? [line >> 1, (line + 1) >> 1, (line % 2) / 2] : [0, 0, 0];
  const along = (at: number, each: number, whole: number) => Math.min(whole - after, Math.max(before, Math.round(at * each))) + shift;
  for (const loop of loops) {
    for (let at = 0; at < loop.length; at += 2) {
      const [cornerX, cornerY] = [x + along(loop[at], across, laid.imageWidth), y + along(loop[at + 1], down, laid.imageHeight)];
      if (at) path.lineTo(cornerX, cornerY);
      else path.moveTo(cornerX, cornerY);
    }
    path.closePath();
  }
  context.save();
  context.beginPath();
  context.rect(x, y, laid.imageWidth, laid.imageHeight);
  context.clip();
  if (mode === "light") {
    path.rect(x, y, laid.imageWidth, laid.imageHeight);
    context.fillStyle = VEIL;
    context.fill(path, "evenodd");
  } else {
    context.lineJoin = "miter";
    for (const [colour, wide] of [[HALO, line + 2 * Math.max(1, Math.round(ratio))], [LINE, line]] as const) {
      context.strokeStyle = colour;
      context.lineWidth = wide;
      context.stroke(path);
    }
  }
  context.restore();
}

function pixels({ images, width, height, channels }: Pictures, index: number): ImageData {
  const image = images[index];
  const made = new ImageData(width, height);
  for (let from = 0, into = 0; into < made.data.length; from += channels, into += 4) {
    const grey = channels < 3;
    made.data[into] = image[from];
    made.data[into + 1] = image[grey ? from : from + 1];
    made.data[into + 2] = image[grey ? from : from + 2];
    made.data[into + 3] = channels === 4 ? image[from + 3] : 255;
  }
  return made;
}

/** A frame where an image will be, or a dashed one where there is none. */
function empty(context: CanvasRenderingContext2D, x: number, y: number, laid: Gallery, ratio: number, theme: Theme, coming: boolean): void {
  const line = Math.max(1, Math.round(ratio));
  context.save();
  context.strokeStyle = theme.line;
  context.lineWidth = line;
  if (!coming) context.setLineDash([3 * ratio, 3 * ratio]);
  context.strokeRect(x + line / 2, y + line / 2, laid.imageWidth - line, laid.imageHeight - line);
  context.restore();
}

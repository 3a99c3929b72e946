// Where three sheets of images go, next to a list of sliders.
import { magnify, type Sheet } from "./mosaic";

const GAP = 16;
const SIDE_LEAST = 150;
const LIST = 304;
const LARGEST = 260;

/** Beside the sliders where three sheets have room there, else above them, two in a row where three would be tiny; and how wide each may be. */
export function arrangement(laid: Sheet, width: number, ratio: number): { side: boolean; room: number } {
  const share = (all: number, sheets: number) => Math.min(LARGEST, (all - (sheets - 1) * GAP) / sheets);
  const beside = share(width - LIST - GAP, 3);
  if (beside > 0 && magnify(laid, beside, ratio).width >= SIDE_LEAST) return { side: true, room: beside };
  const three = magnify(laid, share(width, 3), ratio);
  return { side: false, room: Math.max(40, share(width, three.scale < 1 || three.width < 100 ? 2 : 3)) };
}

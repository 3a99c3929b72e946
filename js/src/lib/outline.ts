// The outline of a region: closed loops along the edges of its pixels. Pure.

/** One mask of `area` pixels from packed bits, lowest bit first: 1 inside, 0 outside. */
export function unpack(bits: Uint8Array, from: number, area: number): Uint8Array {
  const mask = new Uint8Array(area);
  for (let at = 0; at < area; at++) mask[at] = (bits[from + (at >> 3)] >> (at & 7)) & 1;
  return mask;
}

const STEPS = [[1, 0], [0, 1], [-1, 0], [0, -1]];
const [RIGHT, DOWN, LEFT, UP] = [1, 2, 4, 8];
/** To the right first: so two pixels that only touch at a corner are two loops. */
const TURNS = [1, 0, 3];

/**
 * The corners of each loop, `[x, y, x, y, …]` in pixels, clockwise around what is inside and counter-clockwise around its holes;
 * so the areas of all loops add up to the number of pixels inside.
 */
export function trace(mask: Uint8Array, width: number, height: number): number[][] {
  const across = width + 1;
  const edges = new Uint8Array(across * (height + 1));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      if (!mask[at]) continue;
      const corner = y * across + x;
      if (y === 0 || !mask[at - width]) edges[corner] |= RIGHT;
      if (x === width - 1 || !mask[at + 1]) edges[corner + 1] |= DOWN;
      if (y === height - 1 || !mask[at + width]) edges[corner + across + 1] |= LEFT;
      if (x === 0 || !mask[at - 1]) edges[corner + across] |= UP;
    }
  }
  const loops: number[][] = [];
  for (let corner = 0; corner < edges.length; corner++) {
    while (edges[corner]) loops.push(follow(edges, across, corner));
  }
  return loops;
}

/** Walk from a corner along edges, taking them away, until it is reached again. */
function follow(edges: Uint8Array, across: number, start: number): number[] {
  const loop: number[] = [];
  const first = 31 - Math.clz32(edges[start] & -edges[start]);
  let [at, direction, before] = [start, first, -1];
  do {
    if (direction !== before) loop.push(at % across, Math.floor(at / across));
    edges[at] &= ~(1 << direction);
    const [dx, dy] = STEPS[direction];
    at += dy * across + dx;
    before = direction;
    const turns = TURNS.map((turn) => (before + turn) % 4);
    direction = turns.find((next) => edges[at] & (1 << next) || (at === start && next === first))!;
  } while (at !== start || direction !== first);
  return loop;
}

// What comes over the wire: buffers at any byte offset, little-endian, maybe longer than they need to be.

export type Wire = DataView | ArrayBuffer | ArrayBufferView | null | undefined;

/** The bytes of a buffer, without a copy; an absent buffer has none. */
export function bytes(wire: Wire): Uint8Array {
  if (!wire) return new Uint8Array(0);
  if (wire instanceof ArrayBuffer) return new Uint8Array(wire);
  return new Uint8Array(wire.buffer, wire.byteOffset, wire.byteLength);
}

/** `count` float32 from a buffer, or as many as it holds; copied only where alignment asks for it. Browsers run on little-endian machines. */
export function floats(wire: Wire, count = Infinity): Float32Array {
  const raw = bytes(wire);
  const aligned = raw.byteOffset % 4 ? raw.slice() : raw;
  return new Float32Array(aligned.buffer as ArrayBuffer, aligned.byteOffset, Math.min(count, Math.floor(raw.byteLength / 4)));
}

/** Numbers of a shape, each a whole number that is not negative; anything else counts as 0. */
export function sizes(shape: unknown, length: number): number[] {
  const given = Array.isArray(shape) ? shape : [];
  return Array.from({ length }, (_, index) => (Number.isInteger(given[index]) && given[index] > 0 ? given[index] : 0));
}

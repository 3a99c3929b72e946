// Numbers and layers in words.

export interface Info {
  name: string;
  kind: string;
  units: number;
  size: number[];
  calls?: number;
}

/** Three digits that matter, no needless zeros, a real minus sign: 0.31, −12, 1.2e−7, ∞, NaN. */
export function short(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const magnitude = Math.abs(value);
  const plain = magnitude === 0 || (magnitude >= 1e-3 && magnitude < 1e5);
  const text = plain ? String(Number(magnitude.toPrecision(3))) : String(Number(magnitude.toPrecision(3)).toExponential());
  return (value < 0 ? "−" : "") + text.replace("e-", "e−").replace("e+", "e");
}

/** "ReLU, 64 units, maps of 14×14", and how often it runs when that is more than once. */
export function describe(info: Partial<Info>): string {
  if (!info.units) return "";
  const size = info.size ?? [];
  const { units } = info;
  const parts = [
    info.kind ?? "",
    `${units} ${units === 1 ? "unit" : "units"}`,
    size.length ? `${units === 1 ? "a map" : "maps"} of ${size.join("×")}` : "no map, one value each",
    (info.calls ?? 1) > 1 ? `${info.calls} calls per forward` : "",
  ];
  return parts.filter(Boolean).join(", ");
}

/** "seeds 0 … 15" when they follow one another, else the first few. */
export function seedsInWords(seeds: number[]): string {
  if (!seeds.length) return "";
  if (seeds.length === 1) return `seed ${seeds[0]}`;
  const run = seeds.every((seed, index) => seed === seeds[0] + index);
  if (run) return `seeds ${seeds[0]} … ${seeds[seeds.length - 1]}`;
  return `seeds ${seeds.slice(0, 3).join(", ")}${seeds.length > 3 ? ", …" : ""}`;
}

// A dissection to look at: faint overlaps everywhere, and a concept of its own for each unit. Made up, and the same each time.
const STROKES = Object.entries({ ink: ["ink", "background", "edge"], orientation: ["horizontal", "vertical", "rising", "falling"], topology: ["end point", "junction", "hole"], place: ["top half", "bottom half", "left half", "right half"] }).flatMap(([category, names]) => names.map((name) => [name, category]));
const THINGS = ["sky", "tree", "grass", "window", "door", "roof", "bed", "lamp", "person", "water", "road", "dome"];
const PARTS = ["", " top", " edge", " left", " glass", " wood", " stone", " corner"];

/** `units` rows and as many columns as `concepts`: the digits' own when that is 14. */
export function heatmap(next: () => number, units: number, concepts: number, { broken = true } = {}): Record<string, unknown> {
  const named = concepts === STROKES.length ? STROKES : Array.from({ length: concepts }, (_, at) => [`${THINGS[at % 12]}${PARTS[Math.floor(at / 12) % 8]}${at >= 96 ? ` ${Math.floor(at / 96)}` : ""}`, ["object", "part", "material", "scene"][Math.floor((4 * at) / concepts)]]);
  const area = units * concepts;
  const values = new Float32Array(6 * area);
  const labels: number[] = [];
  const states: string[] = [];
  for (let unit = 0; unit < units; unit++) {
    const state = broken && units > 9 ? ({ 3: "dead", 5: "tied", 9: "nan" }[unit % 29] ?? "ok") : "ok";
    const favourite = Math.floor(next() ** 1.4 * concepts);
    states.push(state);
    labels.push(state === "ok" ? favourite : -1);
    for (let concept = 0; concept < concepts; concept++) {
      const faint = 0.09 * next() ** 4 + (next() < 0.02 ? 0.15 * next() : 0);
      const iou = state === "dead" ? 0 : concept === favourite ? 0.03 + 0.55 * next() ** 2.2 : faint;
      const spread = 0.008 + 0.12 * iou;
      values.set([iou], unit * concepts + concept);
      [Math.max(0, iou - spread), Math.min(1, iou + spread), Math.min(1, 0.001 + Math.exp(-70 * iou)), Math.min(1, 0.004 + 2 * Math.exp(-70 * iou)), Math.min(1, 0.02 + 20 * Math.exp(-70 * iou))].forEach((number, plane) => {
        values[(plane + 1) * area + unit * concepts + concept] = number;
      });
    }
  }
  const clustered = labels.map((_, unit) => unit).sort((a, b) => labels[b] - labels[a] || a - b);
  return {
    info: { name: "net.6", kind: "ReLU", units, size: [14, 14], threshold: "quantile", images: 2000, complete: true, why: "" },
    concepts: named, rows: { labels, states, clustered, chances: labels.map((label) => (label < 0 ? null : 0.002)) }, values: new DataView(values.buffer), shape: [6, units, concepts],
    sort: "concept", show: "map", interpretable: false, threshold: 0.05, selection: [2, 7, 12], concept: Math.min(9, concepts - 1), error: "",
  };
}

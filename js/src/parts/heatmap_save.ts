// Copies or downloads what is shown as comma-separated values, made here from the numbers that are here.
import { listen } from "../lib/bind";
import { fileName, foundCsv } from "../lib/csv_found";
import { button, h, press, say } from "../lib/dom";
import type { Stage } from "../lib/view";
import type { Scene } from "./heatmap_paint";

export function saving({ model, signal }: Stage, scene: () => Scene | null): { buttons: HTMLElement[]; element: HTMLElement } {
  const copy = button("copy", "Copy CSV", "copy what is shown, as CSV");
  const download = button("download", "Download", "download what is shown, as CSV");
  const said = h("span", { role: "status" });
  const text = h("textarea.gw-code", { readonly: true, rows: 4, "aria-label": "comma-separated values", hidden: true });
  const tell = (words: string, byHand = false) => {
    say(said, words);
    text.hidden = !byHand;
  };
  const save = (how: (lines: string) => unknown) => () => {
    const now = scene();
    if (now) void how(foundCsv(now.found, now.units, now.concepts));
  };
  press(copy, save(async (lines) => {
    try {
      await navigator.clipboard.writeText(lines);
      tell("Copied.");
    } catch {
      text.value = lines;
      tell("This page may not use the clipboard. Press Ctrl+C or ⌘C to copy:", true);
      text.focus();
      text.select();
    }
  }), signal);
  press(download, save((lines) => {
    const href = URL.createObjectURL(new Blob([lines], { type: "text/csv" }));
    const name = fileName(String(model.get("info")?.name ?? ""));
    h("a", { href, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
    tell(`Downloading ${name}.`);
  }), signal);
  listen(model, ["values", "sort", "interpretable", "threshold"], () => tell(""), signal);
  return { buttons: [copy, download], element: h("div.gw-copied", {}, said, text) };
}

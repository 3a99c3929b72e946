// Copies the recipe as Python; where the clipboard is refused, shows it ready to be copied by hand.
import { attribute, button, enable, h, press, say } from "../lib/dom";
import type { Stage } from "../lib/view";

export function recipe({ model, signal, draw }: Stage): { button: HTMLButtonElement; element: HTMLElement } {
  const copy = button("copy", "Copy as code", "copy the recipe as Python code");
  const said = h("span", { role: "status" });
  const text = h("textarea.gw-code", { readonly: true, rows: 3, "aria-label": "the recipe as Python code", hidden: true, spellcheck: "false", "data-lm-suppress-shortcuts": "true" });
  const element = h("div.gw-recipe", {}, said, text);
  const code = () => String(model.get("code") ?? "");
  press(copy, async () => {
    const source = code();
    try {
      await navigator.clipboard.writeText(source);
      say(said, "Copied.");
      attribute(text, { hidden: true });
    } catch {
      text.value = source;
      attribute(text, { hidden: false });
      say(said, "This page may not use the clipboard. Press Ctrl+C or ⌘C to copy:");
      text.focus();
      text.select();
    }
  }, signal);
  let shown: string | null = null;
  draw(["code"], () => {
    if (code() === shown) return;
    shown = code();
    enable(copy, shown !== "");
    say(said, "");
    attribute(text, { hidden: true });
  });
  return { button: copy, element };
}

// Elements from values. Text goes in as text and never as markup: names of layers and units are strangers' input.

type Attributes = Record<string, string | number | boolean | null | undefined>;
type Child = Node | string;

/** An element like `"span.gw-name"`, with attributes (`false`, `null` and `undefined` leave one out) and children; strings become text nodes. */
export function h<K extends keyof HTMLElementTagNameMap>(kind: K | `${K}.${string}`, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const [tag, ...classes] = kind.split(".");
  const element = document.createElement(tag as K);
  element.classList.add(...classes);
  attribute(element, attributes);
  element.append(...children);
  return element;
}

export function attribute(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) {
      element.removeAttribute(name);
    } else {
      const text = value === true ? "" : String(value);
      if (element.getAttribute(name) !== text) element.setAttribute(name, text);
    }
  }
}

/** Set the text, if it is another one: an unchanged live region stays silent. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function button(action: string, text: string, title: string): HTMLButtonElement {
  return h("button.gw-button", { type: "button", "data-action": action, title, "aria-label": title }, text);
}

/** Listen until the signal ends it. */
export function on<K extends keyof HTMLElementEventMap>(element: HTMLElement, kind: K, listener: (event: HTMLElementEventMap[K]) => void, signal: AbortSignal): void {
  element.addEventListener(kind, listener, { signal });
}

/** What pressing does. A button that is off stays where the keyboard can reach it, so that the focus is never lost. */
export function press(pressed: HTMLButtonElement, action: () => unknown, signal: AbortSignal): void {
  pressed.addEventListener("click", () => {
    if (pressed.getAttribute("aria-disabled") !== "true") void action();
  }, { signal });
}

export function enable(pressed: HTMLButtonElement, on: boolean): void {
  attribute(pressed, { "aria-disabled": on ? null : "true" });
}

/** A select in its label. `options` are [value, text]. */
export function select(action: string, label: string, options: [string, string][]): { label: HTMLLabelElement; input: HTMLSelectElement } {
  const input = h("select.gw-select", { "data-action": action }, ...options.map(([value, text]) => h("option", { value }, text)));
  return { label: h("label.gw-field", {}, label, input), input };
}

/** Show `value` in a select; nothing is chosen when it is not one of its options. */
export function choose(input: HTMLSelectElement, value: unknown): void {
  if (typeof value === "string" && input.value !== value) input.value = value;
}

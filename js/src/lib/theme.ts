// What a canvas has to know of the page's colours: the custom properties of a view's root, as they come out there.

const NAMES = ["ink", "muted", "accent", "surface", "line", "font", "mono", "scheme"] as const;

export type Theme = Record<(typeof NAMES)[number], string>;

export function theme(root: Element): Theme {
  const style = getComputedStyle(root);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--gw-${name}`).trim()])) as Theme;
}

// What a canvas has to know of the page's colours: the custom properties of a view's root, as they come out there.

export interface Theme {
  ink: string;
  muted: string;
  accent: string;
  surface: string;
  line: string;
  font: string;
  mono: string;
}

export function theme(root: Element): Theme {
  const style = getComputedStyle(root);
  const property = (name: string) => style.getPropertyValue(`--gw-${name}`).trim();
  return {
    ink: property("ink"),
    muted: property("muted"),
    accent: property("accent"),
    surface: property("surface"),
    line: property("line"),
    font: property("font") || "sans-serif",
    mono: property("mono") || "monospace",
  };
}

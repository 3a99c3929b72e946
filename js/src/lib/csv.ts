// Comma-separated values that no spreadsheet takes for more than text: https://owasp.org/www-community/attacks/CSV_Injection

export type Line = readonly (string | number | undefined)[];

/** One field: text always in quotes, and with an apostrophe before what could be read as a formula; no number as nothing. */
export function field(value: string | number | undefined): string {
  if (typeof value !== "string") return Number.isFinite(value) ? String(Number(value!.toPrecision(7))) : "";
  const harmless = /^[\s\p{C}]*[=+\-@＝＋－＠|%]/u.test(value) ? `'${value}` : value;
  return `"${harmless.replaceAll('"', '""')}"`;
}

/** Lines as RFC 4180 has them. */
export function csv(lines: Iterable<Line>): string {
  let text = "";
  for (const line of lines) text += `${line.map(field).join(",")}\r\n`;
  return text;
}

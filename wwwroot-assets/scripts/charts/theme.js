// What the theme says of colours and type, read once for each. To read a computed style the browser first brings the styles of
// the whole page up to date: done for every line of every chart, between two changes of the page, that is all it does.
const known = new Map();
document.addEventListener("themechange", () => known.clear());

/** The value of a token such as `--clg-ink-3`. */
export function token(name) {
  if (!known.has(name)) known.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  return known.get(name);
}

// Radzen's style sheet without its :has() rules. They dress components that the site has none of, and with them every change of a page makes
// the browser look upwards through all of it: a small change of text took about four times as long.

/** @param {string} css Radzen's sheet. @returns {string} what the site serves of it, from its own folder of styles. */
export function radzenStyles(css) {
  return withoutHas(css).replaceAll("../fonts/", "../_content/Radzen.Blazor/fonts/");
}

function withoutHas(css) {
  let kept = "";
  for (let at = 0; at < css.length; ) {
    const open = find(css, at, "{;");
    if (open === css.length || css[open] === ";") {
      kept += css.slice(at, open + 1);
      at = open + 1;
      continue;
    }
    const close = find(css, open + 1, "}");
    kept += rule(css.slice(at, open).trim(), css.slice(open + 1, close));
    at = close + 1;
  }
  return kept;
}

function rule(head, body) {
  if (/^@(media|supports|layer|container)\b/.test(head)) return `${head}{${withoutHas(body)}}`;
  if (head.startsWith("@")) return `${head}{${body}}`;
  const selectors = split(head).filter((selector) => !selector.includes(":has("));
  return selectors.length > 0 ? `${selectors.join(",")}{${body}}` : "";
}

function split(selectors) {
  const parts = [];
  for (let at = 0; at < selectors.length; ) {
    const comma = find(selectors, at, ",");
    parts.push(selectors.slice(at, comma));
    at = comma + 1;
  }
  return parts;
}

/** Where one of these characters stands next, outside of brackets, strings and comments; the end where it does not. */
function find(css, at, characters) {
  for (let depth = 0; at < css.length; at++) {
    const character = css[at];
    if (character === '"' || character === "'") {
      while (css[++at] !== character && at < css.length) if (css[at] === "\\") at++;
    } else if (css.startsWith("/*", at)) at = css.indexOf("*/", at) + 1;
    else if (depth === 0 && characters.includes(character)) return at;
    else if ("({[".includes(character)) depth++;
    else if (")}]".includes(character)) depth--;
  }
  return css.length;
}

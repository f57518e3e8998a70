// What the live page is built of: elements and text nodes, never markup. Texts of models and data sets come from outside.

const svgNamespace = "http://www.w3.org/2000/svg";

const icons = {
  check: "m3.5 8.5 3 3 6-7",
  cross: "m4.5 4.5 7 7M11.5 4.5l-7 7",
  cut: "M5.5 5.5 13 11M5.5 10.5 13 5M4 2.800a1.700 1.700 0 1 0 0 3.400 1.700 1.700 0 0 0 0-3.400zM4 9.800a1.700 1.700 0 1 0 0 3.400 1.700 1.700 0 0 0 0-3.400z",
};

export function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function svg(name, attributes, ...children) {
  const made = document.createElementNS(svgNamespace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function icon(name) {
  return svg("svg", { class: "icon small", viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: icons[name] }));
}

/** Sets a text where it differs: what has not changed is not laid out again. */
export function write(node, words) {
  if (node.textContent !== words) node.textContent = words;
}

const emotions = new Set(["amusement", "awe", "contentment", "excitement", "anger", "disgust", "fear", "sadness"]);

/** The class of a label's dot; labels of other data sets have a neutral one. */
export const emotion = (label) => (emotions.has(label) ? `emotion emotion-${label}` : "emotion");

export const signed = (value) => (Number.isFinite(value) ? `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}` : "none");

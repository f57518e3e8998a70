// A completion's text, told apart: reasoning, answer, tags, what is neither. Every letter of it is in one of the parts.

const tags = { thinkOpen: "<think>", thinkClose: "</think>", answerOpen: "<answer>", answerClose: "</answer>" };

/**
 * @returns {{think: number[] | null, closed: boolean, answer: number[] | null, parts: {from: number, to: number, kind: string}[]}}
 * parts in order, of the kinds think, answer, loose, tag; think and answer are the ranges between their tags.
 */
export function parse(text) {
  const parts = [];
  let at = 0;
  const take = (to, kind) => {
    if (to > at) parts.push({ from: at, to, kind });
    at = Math.max(at, to);
  };
  let [think, answer, closed] = [null, null, false];
  if (text.startsWith(tags.thinkOpen)) {
    take(tags.thinkOpen.length, "tag-think");
    const end = text.indexOf(tags.thinkClose);
    closed = end >= 0;
    think = [at, closed ? end : text.length];
    take(think[1], "think");
    if (closed) take(end + tags.thinkClose.length, "tag-think");
  }
  const open = text.indexOf(tags.answerOpen, at);
  if (open >= 0 && (think === null || closed)) {
    take(open, "loose");
    take(open + tags.answerOpen.length, "tag-answer");
    const end = text.indexOf(tags.answerClose, at);
    answer = [at, end < 0 ? text.length : end];
    take(answer[1], "answer");
    if (end >= 0) take(end + tags.answerClose.length, "tag-answer");
  }
  take(text.length, "loose");
  return { think, closed, answer, parts };
}

/** The answer between its tags; null before it has begun. */
export function answerOf(text) {
  const { answer } = parse(text);
  return answer === null ? null : text.slice(...answer).trim();
}

// Characters that a reader cannot see, or that turn around what follows: shown by their code.
const unseen = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;

/**
 * Puts text[from, to) into a node, cut where a style begins or ends.
 * @param {{from: number, to: number, style: string}[]} styles in order, not overlapping.
 */
export function put(node, text, from, to, styles = []) {
  let at = from;
  for (const style of styles) {
    const [start, end] = [Math.max(style.from, at), Math.min(style.to, to)];
    if (end <= start) continue;
    plain(node, text.slice(at, start));
    const span = document.createElement("span");
    span.className = style.style;
    plain(span, text.slice(start, end));
    node.append(span);
    at = end;
  }
  plain(node, text.slice(at, to));
}

function plain(node, words) {
  let at = 0;
  for (const match of words.matchAll(unseen)) {
    if (match.index > at) node.append(words.slice(at, match.index));
    const shown = document.createElement("span");
    shown.className = "unseen";
    shown.dataset.code = `U+${match[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
    shown.append(match[0]);
    node.append(shown);
    at = match.index + match[0].length;
  }
  if (at < words.length) node.append(words.slice(at));
}

// A completion as a card: what is sampled grows in it. Painted again only where it changed.
import { element, emotion, icon, signed, write } from "./dom.js";
import { isWrong } from "./step.js";
import { parse, put } from "./words.js";

const newest = 3; // tokens told apart from what was there before
const newer = 6;

export class Card {
  constructor(index) {
    this.index = index;
    this.place = element("button", "place num", `${index + 1}`);
    this.place.type = "button";
    this.place.setAttribute("aria-expanded", "false");
    this.place.setAttribute("aria-label", `Completion ${index + 1}, show all of it`);
    this.place.dataset.do = "expand";
    this.state = element("span", "state");
    this.tokens = element("span", "faint num");
    this.text = element("div", "text");
    this.rewards = element("ul", "chips");
    this.bar = element("span", "advantage-bar");
    this.bar.setAttribute("aria-hidden", "true");
    this.advantage = element("span", "num");
    this.root = element(
      "article",
      "completion",
      element("header", "", this.place, this.state, element("span", "grow"), this.tokens),
      this.text,
      element("footer", "", this.rewards, element("div", "advantage", this.bar, this.advantage)),
    );
    this.root.setAttribute("aria-label", `Completion ${index + 1}`);
    this.painted = null;
  }

  expand() {
    const open = this.root.classList.toggle("expanded");
    this.place.setAttribute("aria-expanded", open);
  }

  /** @param {{isLive: boolean, label: string, rewards: string[]}} about what is not in the completion itself. */
  paint(completion, about) {
    const key = `${completion.version} ${about.isLive} ${about.label}`;
    if (this.painted?.completion === completion && this.painted.key === key) return;
    this.painted = { completion, key };
    const isSampling = about.isLive && completion.end === null;
    this.root.classList.toggle("sampling", isSampling);
    this.root.classList.toggle("truncated", completion.end === "length");
    this.root.dataset.end = completion.end ?? "";
    this.paintState(completion, isSampling);
    write(this.tokens, `${completion.length} tok`);
    paintText(this.text, completion, isSampling, about.label);
    if (isSampling) this.text.scrollTop = this.text.scrollHeight;
    this.rewards.replaceChildren(...chips(completion, about.rewards));
    paintAdvantage(this.bar, this.advantage, completion);
  }

  paintState(completion, isSampling) {
    if (completion.end === "length") this.state.replaceChildren(cut(completion));
    else if (isSampling) this.state.replaceChildren(element("span", "sampling-word", element("span", "live"), "sampling"));
    else this.state.replaceChildren(completion.end ? "done" : "unfinished");
  }
}

/** "cut at 64", with scissors. */
export const cut = (completion) => element("span", "cut", icon("cut"), `cut at ${completion.length}`);

/** Rewards by function, each with check or cross and its value; waiting ones by name. */
export function chips({ rewards }, names, isBrief = false) {
  if (!rewards) return names.map((name) => element("li", "chip waits", name));
  return Object.entries(rewards).map(([name, value]) => {
    const isGood = value > 0;
    const words = isBrief ? element("span", "chip-name", name) : `${name} ${Number.isFinite(value) ? value.toFixed(1) : "none"}`;
    const chip = element("li", isGood ? "chip" : "chip none", icon(isGood ? "check" : "cross"), words);
    chip.title = `${name} ${Number.isFinite(value) ? value : "none"}`;
    return chip;
  });
}

export function paintAdvantage(bar, number, { advantage }) {
  const known = advantage !== null;
  const width = Number.isFinite(advantage) ? Math.min(Math.abs(advantage) / 2.2, 1) * 50 : 0;
  const side = advantage < 0 ? "negative" : advantage > 0 ? "positive" : "";
  const fill = element("i", side);
  fill.style.width = `${width}%`;
  bar.replaceChildren(...(known && width > 0 ? [fill] : []));
  number.className = `num ${known ? side : "faint"}`;
  number.replaceChildren(...(known ? [element("span", "hidden-text", "advantage "), signed(advantage)] : ["waits"]));
}

/** Reasoning in its bracket, then the answer with its verdict. Elements with data-words hold, in order, every letter of the completion. */
export function paintText(node, completion, isSampling, label) {
  const { text } = completion;
  const { think, closed, answer, parts } = parse(text);
  const styles = isSampling ? fresh(completion) : clipped(completion);
  const blocks = {};
  const shown = [];
  const block = (kind) => {
    if (blocks[kind]) return blocks[kind];
    const made = (blocks[kind] = element("div", kind));
    made.dataset.words = "";
    shown.push(kind === "answer" ? answerRow(made, completion, text.slice(...(answer ?? [0, 0])), label) : made);
    return made;
  };
  for (const { from, to, kind } of parts) {
    if (kind.startsWith("tag-")) {
      const tag = element("span", "tag");
      put(tag, text, from, to, styles);
      tag.hidden = isSampling || !styles.some((style) => style.from < to && style.to > from);
      block(kind.slice(4)).append(tag);
    } else if (kind === "loose" && text.slice(from, to).trim() === "") {
      (shown.length > 0 ? Object.values(blocks).at(-1) : block("loose")).append(text.slice(from, to));
    } else put(block(kind === "loose" && answer && from >= answer[1] ? "rest" : kind), text, from, to, styles);
  }
  if (think && blocks.think) blocks.think.classList.toggle("open", !closed);
  if (isSampling) {
    const caret = element("span", "caret");
    caret.setAttribute("aria-hidden", "true");
    (Object.values(blocks).at(-1) ?? node).append(caret);
    if (shown.length === 0) shown.push(caret);
  }
  node.replaceChildren(...shown);
}

function answerRow(words, completion, answer, label) {
  const caption = element("span", "caption", "answer");
  const verdict = completion.end === null ? null : isWrong(completion, label);
  words.className = `answer ${completion.end === null ? "" : emotion(answer.trim().toLowerCase())}`;
  const mark =
    verdict === null
      ? null
      : verdict
        ? element("span", "verdict wrong", icon("cross"), "wrong")
        : element("span", "verdict right", icon("check"), "label");
  return element("div", "answer-row", caption, words, element("span", "grow"), mark);
}

function fresh({ tokens, text }) {
  const lengthOf = (from, to) => tokens.slice(from, to).join("").length;
  const count = tokens.length;
  const last = text.length - lengthOf(Math.max(count - newest, 0), count);
  const before = last - lengthOf(Math.max(count - newer, 0), Math.max(count - newest, 0));
  return [
    { from: before, to: last, style: "newer" },
    { from: last, to: text.length, style: "newest" },
  ];
}

/** Styles of the tokens that the clip stopped. */
export function clipped({ tokens, clip }) {
  if (!clip || clip.size === 0) return [];
  const styles = [];
  let at = 0;
  tokens.forEach((token, place) => {
    if (clip.has(place)) styles.push({ from: at, to: at + token.length, style: `clipped-${clip.get(place)}` });
    at += token.length;
  });
  return styles;
}

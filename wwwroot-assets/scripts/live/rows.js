// Completions as rows: the settled group, and the table of a whole step.
import { chips, clipped, cut, paintAdvantage } from "./card.js";
import { element, emotion, write } from "./dom.js";
import { answerOf, parse, put } from "./words.js";

const mostRows = 100;

/** All completions of a step that pass the filters. */
export class Table {
  constructor(parts) {
    this.parts = parts;
  }

  paint(step, groups, filters, stage) {
    const passing = groups.flatMap((group) =>
      group.completions.map((completion, index) => ({ group, completion, index })).filter(({ completion }) => filters.passes(completion, group)),
    );
    const shown = passing.slice(0, mostRows);
    const key = `${step.stage}/${step.step}/${step.knowsClip} ${shown.map(({ group, completion, index }) => `${group.group}.${index}.${completion.version}`).join()}`;
    write(this.parts["table-about"], passing.length > mostRows ? `the first ${mostRows} of ${passing.length} completions` : `${passing.length} completions`);
    if (this.painted === key) return;
    this.painted = key;
    const names = stage?.rewards ?? [];
    this.parts.table.replaceChildren(
      heading({ names, withGroup: true }),
      ...shown.map(({ group, completion, index }) =>
        row(completion, { names, place: `${group.group + 1}.${index + 1}`, action: "open-group", title: `Open group ${group.group + 1}`, isOpen: false, knowsClip: step.knowsClip, group: group.group }),
      ),
    );
  }
}

/** The group of a step that is over, with the tokens that the clip stopped. */
export class Settled {
  constructor(parts, side) {
    this.parts = parts;
    this.side = side;
    this.opened = -1;
  }

  /** Shows all of a row, or its first line again. */
  open(item) {
    const at = [...item.parentElement.children].indexOf(item) - 1;
    this.opened = this.opened === at ? -1 : at;
    this.painted = null;
    this.focused = at;
  }

  paint(step, number, stage, isStored) {
    const { parts } = this;
    const group = step ? (step.groups.get(number) ?? step.groups.values().next().value) : undefined;
    parts["settled-card"].hidden = !group;
    const key = group && `${step.stage}/${step.step}/${group.group}/${step.knowsClip}/${isStored}`;
    if (!group || (this.painted?.key === key && this.painted.group === group)) return;
    this.painted = { key, group };
    write(parts["settled-about"], `step ${step.step} · group ${group.group + 1}${step.knowsClip ? "" : " · clipped tokens are seen live only"}`);
    parts["settled-label"].className = `small ${emotion(group.label)}`;
    write(parts["settled-label"], group.label);
    parts["open-settled"].hidden = isStored;
    this.paintClip(stage);
    this.side.picture(parts["settled-picture"], group);
    const names = stage?.rewards ?? [];
    parts.settled.replaceChildren(
      heading({ names, withGroup: false }),
      ...group.completions.map((completion, index) =>
        row(completion, { names, place: `${index + 1}`, action: "open-row", title: `Completion ${index + 1}, show all of it`, isOpen: index === this.opened, knowsClip: step.knowsClip }),
      ),
    );
    if (this.focused !== undefined) parts.settled.children[this.focused + 1]?.querySelector(".place").focus();
    this.focused = undefined;
  }

  paintClip(stage) {
    if (!stage) return;
    write(this.parts["at-high"], `= ${(1 + stage.epsilonHigh).toFixed(2)}`);
    write(this.parts["at-low"], `= ${(1 - stage.epsilonLow).toFixed(2)}`);
    this.parts.inert.hidden = stage.updates > 1;
  }
}

/** @param {{names: string[], withGroup: boolean}} about reward functions; whether the group is named too. */
function heading({ names, withGroup }) {
  const row = element(
    "li",
    "heading small faint",
    element("span", "", withGroup ? "group" : ""),
    element("span", "", "advantage"),
    element("span", "reward-names", ...names.map((name) => element("span", "", name))),
    element("span", "", "completion"),
    element("span", "", "answer"),
    element("span", "right tokens", "tokens"),
    element("span", "right share", "clipped"),
  );
  row.setAttribute("aria-hidden", "true");
  return row;
}

/** @param {{names: string[], place: string, action: string, isOpen: boolean, knowsClip: boolean, label: string | null}} about */
function row(completion, about) {
  const place = element("button", "place num", about.place);
  place.type = "button";
  place.dataset.do = about.action;
  place.setAttribute("aria-label", about.title);
  if (about.action === "open-row") place.setAttribute("aria-expanded", about.isOpen);
  const bar = element("span", "advantage-bar");
  bar.setAttribute("aria-hidden", "true");
  const number = element("span", "num");
  paintAdvantage(bar, number, completion);
  const words = element("span", "words");
  words.dataset.words = "";
  fillWords(words, completion);
  const answer = answerOf(completion.text);
  const item = element(
    "li",
    about.isOpen ? "open" : "",
    place,
    element("span", "advantage", bar, number),
    element("ul", "chips", ...chips(completion, about.names, true)),
    words,
    element("span", "label", completion.end === "length" ? cut(completion) : element("span", emotion(answer?.toLowerCase() ?? ""), answer || "none")),
    element("span", "num faint right tokens", `${completion.length}`),
    share(completion, about.knowsClip),
  );
  if (about.group !== undefined) item.dataset.group = about.group;
  return item;
}

/** The text on one line; tags stay out of sight unless the clip stopped one of their tokens. */
function fillWords(words, completion) {
  const { text } = completion;
  const styles = clipped(completion);
  for (const { from, to, kind } of parse(text).parts) {
    const part = element("span", kind.startsWith("tag-") ? "tag" : kind);
    part.hidden = kind.startsWith("tag-") && !styles.some((style) => style.from < to && style.to > from);
    put(part, text, from, to, styles);
    words.append(part);
  }
}

function share({ clip, length }, isKnown) {
  if (!isKnown) return element("span", "num faint right share", "–");
  const value = length > 0 ? (100 * (clip?.size ?? 0)) / length : 0;
  const side = !clip?.size ? "faint" : [...clip.values()].every((bound) => bound === "low") ? "negative" : "positive";
  return element("span", `num right share ${side}`, `${value.toFixed(1)} %`);
}

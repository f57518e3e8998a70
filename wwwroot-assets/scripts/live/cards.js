// The completions of the group on the screen, a card each, and what is said of them.
import { Card } from "./card.js";
import { write } from "./dom.js";

const sayEvery = 5000; // for screen readers: what matters, not every token

export class Cards {
  constructor(parts) {
    this.parts = parts;
    this.cards = [];
    this.saidAt = 0;
  }

  get count() {
    return this.cards.length;
  }

  /** @param {HTMLElement} place the number that was pressed. */
  expand(place) {
    this.cards.find((card) => card.place === place)?.expand();
  }

  /** @param {{isLive: boolean, mode: string, filters: object, stage: object | undefined}} about how the group is looked at. */
  paint(step, group, { isLive, mode, filters, stage }) {
    const list = this.parts.completions;
    while (this.cards.length < group.completions.length) {
      const card = new Card(this.cards.length);
      this.cards.push(card);
      list.append(card.root);
    }
    for (const card of this.cards.splice(group.completions.length)) card.root.remove();
    const about = { isLive, label: group.label, rewards: stage?.rewards ?? [] };
    let visible = 0;
    group.completions.forEach((completion, index) => {
      const card = this.cards[index];
      const passes = filters.passes(completion, group);
      card.root.hidden = !passes;
      visible += passes ? 1 : 0;
      if (passes) card.paint(completion, about);
    });
    list.dataset.settled = group.completions.every((completion) => completion.reward !== null);
    write(this.parts.title, isLive && group.completions.some((completion) => completion.end === null) ? "Sampling now" : isLive ? "Sampled" : mode === "frozen" ? "Frozen" : "Stored");
    const counted = visible < group.completions.length ? `${visible} of ${group.completions.length} shown` : `G ${group.completions.length}`;
    write(this.parts.about, `step ${step.step} · ${counted}${stage?.temperature === undefined ? "" : ` · temperature ${stage.temperature.toFixed(1)}`}`);
  }

  announce(step, group) {
    if (!group || Date.now() - this.saidAt < sayEvery) return;
    const done = group.completions.filter((completion) => completion.end).length;
    const cut = group.completions.filter((completion) => completion.end === "length").length;
    this.saidAt = Date.now();
    write(this.parts.spoken, `Step ${step.step}, group ${group.group + 1}: ${done} of ${group.completions.length} completions done, ${cut} truncated.`);
  }
}

// The steps of a stage as bars, as high as their reward, with a slider over them that opens one and marks where a checkpoint was saved.
import { element, svg } from "./dom.js";

const [width, height] = [960, 36];
const mostBars = 160;

export class Scrubber {
  /** @param {{bars: SVGElement, marks: HTMLElement, slider: HTMLInputElement}} parts */
  constructor({ bars, marks, slider }) {
    this.bars = bars;
    this.marks = marks;
    this.slider = slider;
    this.painted = "";
  }

  /** @param {{steps: number[], values: number[]}} rewards @param {number} total steps of the stage. @param {number | null} current @param {number[]} saved steps with a checkpoint. */
  paint(rewards, total, current, last, saved) {
    const key = [rewards.steps.length, rewards.steps.at(-1), rewards.values.at(-1), total, current, last, saved].join();
    if (this.painted === key) return;
    this.painted = key;
    this.slider.max = Math.max(last, 1);
    this.slider.disabled = last === 0;
    if (current !== null) this.slider.value = current;
    this.slider.style.width = `${(100 * Math.max(last, 1)) / Math.max(total, 1)}%`;
    this.slider.setAttribute("aria-valuetext", current === null ? "no step yet" : `step ${current} of ${total}`);
    this.marks.replaceChildren(...saved.map((step) => this.mark(step, total)));
    this.bars.replaceChildren(...this.drawn(rewards, Math.max(total, last, 1), current));
  }

  mark(step, total) {
    const mark = element("i");
    mark.style.left = `${(100 * (step - 0.5)) / Math.max(total, 1)}%`;
    mark.title = `checkpoint after step ${step}`;
    return mark;
  }

  drawn({ steps, values }, total, current) {
    const count = Math.min(total, mostBars);
    const slot = (step) => Math.min(Math.floor(((step - 1) * count) / total), count - 1);
    const highest = new Array(count).fill(null);
    steps.forEach((step, at) => {
      if (Number.isFinite(values[at])) highest[slot(step)] = Math.max(highest[slot(step)] ?? -Infinity, values[at]);
    });
    const known = highest.filter((value) => value !== null);
    const [least, most] = [Math.min(0, ...known), Math.max(...known, 0)];
    const pitch = width / count;
    const bar = (at, value, className) => {
      const tall = value === null ? height : 4 + ((value - least) / (most - least || 1)) * (height - 8);
      return svg("rect", { x: (at * pitch).toFixed(1), y: (height - tall).toFixed(1), width: Math.max(pitch * 0.72, 1).toFixed(1), height: tall.toFixed(1), class: className });
    };
    const now = current === null ? -1 : slot(current);
    const bars = highest.flatMap((value, at) => (value === null || at === now ? [] : [bar(at, value, "")]));
    return now < 0 ? bars : [...bars, bar(now, null, "current")];
  }
}

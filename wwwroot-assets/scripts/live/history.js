// Which steps a run has behind it, stage by stage, with the metrics that the page draws.
import { asked } from "./strip.js";

const points = 1500;

export class History {
  /** @param {string} address of the run in the REST. @param {string[]} order names of the GRPO stages, in the recipe's order. */
  constructor(address, order) {
    this.address = address;
    this.order = order;
    this.stages = new Map();
    this.saved = [];
    this.version = 0; // changes with what is known
  }

  /** Reads the steps so far, and which of them left a checkpoint. */
  async load(signal) {
    await Promise.all([this.loadSteps(signal), this.loadCheckpoints(signal)]);
  }

  async loadCheckpoints(signal) {
    const answer = await fetch(`${this.address}/checkpoints`, { signal });
    if (answer.ok) this.saved = await answer.json();
  }

  /** Steps of a stage that have a checkpoint. */
  checkpoints(stage) {
    return this.saved.filter((checkpoint) => checkpoint.stage === stage && checkpoint.step > 0).map((checkpoint) => checkpoint.step);
  }

  async loadSteps(signal) {
    const query = [...asked.map((name) => `metric=${encodeURIComponent(name)}`), `points=${points}`].join("&");
    const answer = await fetch(`${this.address}/metrics?${query}`, { signal });
    if (!answer.ok) return;
    const stages = new Map();
    for (const { stage, metric, steps, values } of await answer.json()) {
      if (!this.order.includes(stage)) continue;
      if (!stages.has(stage)) stages.set(stage, new Map());
      stages.get(stage).set(metric, { steps: [...steps], values: values.map(Number) });
    }
    this.stages = stages;
    this.version++;
  }

  /** Takes in a step that was just done; a resumed run does some of them again. */
  add(stage, step, metrics) {
    if (!this.order.includes(stage)) return;
    this.version++;
    if (!this.stages.has(stage)) this.stages.set(stage, new Map());
    const known = this.stages.get(stage);
    for (const name of asked) {
      if (metrics[name] === undefined) continue;
      if (!known.has(name)) known.set(name, { steps: [], values: [] });
      const series = known.get(name);
      while (series.steps.length > 0 && series.steps.at(-1) >= step) {
        series.steps.pop();
        series.values.pop();
      }
      series.steps.push(step);
      series.values.push(Number(metrics[name]));
    }
  }

  /** Names of the stages that have steps. */
  get begun() {
    return this.order.filter((stage) => this.last(stage) > 0);
  }

  last(stage) {
    return this.stages.get(stage)?.get("reward")?.steps.at(-1) ?? 0;
  }

  /** The newest step of all; null when there is none. */
  get newest() {
    const stage = this.begun.at(-1);
    return stage === undefined ? null : { stage, step: this.last(stage) };
  }

  /** The step before one, in the stage before where need be; null before the first. */
  before({ stage, step }) {
    if (step > 1) return { stage, step: step - 1 };
    const earlier = this.begun.filter((name) => this.order.indexOf(name) < this.order.indexOf(stage)).at(-1);
    return earlier === undefined ? null : { stage: earlier, step: this.last(earlier) };
  }

  /** The step after one; null after the newest. */
  after({ stage, step }) {
    if (step < this.last(stage)) return { stage, step: step + 1 };
    const later = this.begun.find((name) => this.order.indexOf(name) > this.order.indexOf(stage));
    return later === undefined ? null : { stage: later, step: 1 };
  }

  /** How many steps one is behind another. */
  distance(from, to) {
    if (from.stage === to.stage) return to.step - from.step;
    const [first, last] = [this.order.indexOf(from.stage), this.order.indexOf(to.stage)];
    const between = this.order.slice(first + 1, last).reduce((sum, stage) => sum + this.last(stage), 0);
    return this.last(from.stage) - from.step + between + to.step;
  }

  /** Metric → values of a stage up to a step, for the strip. */
  series(stage, step = Infinity) {
    const upTo = ({ steps, values }) => values.slice(0, steps.findLastIndex((at) => at <= step) + 1);
    const all = new Map([...(this.stages.get(stage) ?? [])].map(([name, series]) => [name, upTo(series)]));
    const seconds = all.get("step_time") ?? [];
    all.set("tokens/s", (all.get("num_tokens") ?? []).map((tokens, at) => tokens / seconds[at]));
    return all;
  }

  rewards(stage) {
    return this.stages.get(stage)?.get("reward") ?? { steps: [], values: [] };
  }
}

// The page of a run's live rollouts: reads the hub past Blazor, keeps the step in hand and some before it, paints at most once a frame.
import { Bar } from "./live/bar.js";
import { Cards } from "./live/cards.js";
import { Delay } from "./live/delay.js";
import { write } from "./live/dom.js";
import { emptyWords } from "./live/empty.js";
import { Feed } from "./live/feed.js";
import { Filters } from "./live/filters.js";
import { Header } from "./live/header.js";
import { History } from "./live/history.js";
import { SampleLinks } from "./live/links.js";
import { Settled, Table } from "./live/rows.js";
import { Side } from "./live/side.js";
import { apply, emptyStep, fromLog } from "./live/step.js";
import { Strip } from "./live/strip.js";

const replayEvery = 1200;
const keptSteps = 20; // with the tokens that the clip stopped, which the log does not have
const mostGroups = 200; // of a stored step
const ended = new Set(["completed", "stopped", "aborted", "failed", "crashed"]);

/** @param {object[]} stages what the recipe says of the GRPO stages. */
export function start(page, run, stages) {
  return new LivePage(page, run, stages);
}

class LivePage {
  constructor(page, run, stages) {
    this.page = page;
    this.address = `/api/v1/runs/${encodeURIComponent(run)}`;
    this.parts = Object.fromEntries([...document.querySelectorAll(".main [data-part]")].map((part) => [part.dataset.part, part]));
    this.stages = new Map(stages.map((stage) => [stage.name, stage]));
    this.steps = new History(this.address, [...this.stages.keys()]);
    this.filters = new Filters(this.parts);
    this.bar = new Bar(this.parts);
    this.strip = new Strip(this.parts.strip);
    this.header = new Header(this.parts);
    this.links = new SampleLinks(this.address, () => this.paintSoon());
    this.side = new Side(this.parts, this.links);
    this.cards = new Cards(this.parts);
    this.table = new Table(this.parts);
    this.under = new Settled(this.parts, this.side);
    this.delay = new Delay(page);
    this.step = emptyStep();
    this.recent = new Map(); // steps that were seen live
    this.shown = null; // a step that is looked at in place of the live one
    this.mode = "follow";
    this.view = "group";
    this.group = 0; // number of the chosen group
    this.skipped = 0;
    this.leave = new AbortController();
    this.listen();
    this.open(run);
  }

  async open(run) {
    const wanted = new URLSearchParams(location.search);
    await this.steps.load(this.leave.signal).catch(() => {});
    if (this.leave.signal.aborted) return;
    this.feed = new Feed(run, {
      frames: (frames) => this.take(frames),
      run: (summary) => this.know(summary),
      events: (events) => this.hear(events),
      watching: (count) => this.look({ watching: count }),
      link: (words) => this.look({ connection: words }),
    });
    const step = Number(wanted.get("step"));
    if (this.stages.has(wanted.get("stage")) && step > 0) await this.openStep({ stage: wanted.get("stage"), step });
  }

  stop() {
    this.leave.abort();
    cancelAnimationFrame(this.request);
    clearInterval(this.replaying);
    this.feed?.stop();
    this.delay.stop();
  }

  // What people do.

  listen() {
    const { signal } = this.leave;
    for (const root of [this.page, this.parts.pause].filter(Boolean)) {
      root.addEventListener("click", (event) => this.act(event.target.closest("[data-do]")), { signal });
    }
    this.page.addEventListener("input", (event) => this.changed(event.target), { signal });
    document.addEventListener("keydown", (event) => this.key(event), { signal });
    document.addEventListener("visibilitychange", () => this.paintSoon(), { signal });
  }

  key(event) {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable], dialog");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const scrolls = document.documentElement.scrollHeight > innerHeight;
    const keys = { f: "freeze", l: "follow", o: "sample", ArrowLeft: "back", ArrowRight: "forward", ...(scrolls ? {} : { ArrowUp: "group-back", ArrowDown: "group-forward" }) };
    const action = keys[event.key] ?? keys[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    this.do(action);
  }

  act(button) {
    if (!button || button.disabled) return;
    const { do: action } = button.dataset;
    if (action === "expand") this.cards.expand(button);
    else if (action === "open-row") this.under.open(button.closest("li"));
    else if (action === "open-group") this.chooseGroup(Number(button.closest("li").dataset.group));
    else if (action === "toggle") button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") !== "true");
    else this.do(action);
    this.paintSoon();
  }

  do(action) {
    const actions = {
      freeze: () => this.freeze(),
      follow: () => this.show("follow", null),
      first: () => this.steps.begun.length > 0 && this.openStep({ stage: this.steps.begun[0], step: 1 }),
      back: () => this.back(),
      forward: () => this.forward(),
      replay: () => this.replay(),
      "open-settled": () => this.openStep(this.settledUnder(this.current)),
      "group-back": () => this.moveGroup(-1),
      "group-forward": () => this.moveGroup(1),
      group: () => (this.view = "group"),
      table: () => (this.view = "table"),
      filters: () => this.page.classList.toggle("filters-open"),
      clear: () => this.filters.clear(),
      sample: () => this.parts.sample.querySelector?.("a")?.click(),
      pause: () => this.pause(),
    };
    if (action !== "replay" && action !== "forward") this.endReplay();
    actions[action]?.();
    this.paintSoon();
  }

  changed(control) {
    if (control === this.parts.slider) this.openStep({ stage: this.place.stage, step: Number(control.value) });
    else if (control === this.parts.stage) this.openStep({ stage: control.value, step: this.steps.last(control.value) });
    this.paintSoon();
  }

  chooseGroup(number) {
    this.group = number;
    this.view = "group";
  }

  moveGroup(by) {
    const groups = this.filters.read().groups(this.current);
    if (groups.length === 0) return;
    const at = groups.findIndex((group) => group.group === this.group);
    this.group = groups[(Math.max(at, 0) + by + groups.length) % groups.length].group;
  }

  freeze() {
    if (this.mode === "frozen") this.show("follow", null);
    else if (this.mode === "follow") {
      this.kept = this.settled;
      this.show("frozen", structuredClone(this.step));
    }
  }

  async pause() {
    const action = this.state === "paused" || this.state === "pausing" ? "resume" : "pause";
    const answer = await fetch(`${this.address}/control`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ action }) });
    if (!answer.ok) this.complain((await answer.json().catch(() => null))?.detail ?? `The run cannot be asked to ${action} (${answer.status}).`);
  }

  replay() {
    if (this.replaying) return this.endReplay();
    const begin = this.steps.after(this.place) === null && this.steps.begun.length > 0;
    if (begin) this.openStep({ stage: this.steps.begun.at(-1), step: 1 });
    this.replaying = setInterval(() => this.replayOne(), replayEvery);
  }

  replayOne() {
    if (this.steps.after(this.place) === null) this.endReplay();
    else this.do("forward");
  }

  endReplay() {
    clearInterval(this.replaying);
    this.replaying = null;
  }

  // Which step is shown.

  get current() {
    return this.shown ?? this.step;
  }

  /** Stage and step of what is shown. */
  get place() {
    const { stage, step } = this.current;
    if (stage !== null && step !== null && this.stages.has(stage)) return { stage, step };
    return this.steps.newest ?? { stage: [...this.stages.keys()][0] ?? "", step: 0 };
  }

  /** The step that is sampled now, or null. */
  get livePlace() {
    return this.hasEnded || !this.stages.has(this.step.stage) || this.step.groups.size === 0 ? null : { stage: this.step.stage, step: this.step.step };
  }

  /** @param {boolean} isAsked whether a person wanted it: then it can be linked to. */
  show(mode, step, isAsked = true) {
    this.mode = mode;
    this.shown = step;
    this.isAsked = isAsked;
    this.parts.problem.hidden = true;
    const address = new URL(location.href);
    for (const name of ["stage", "step"]) {
      if (mode === "history" && isAsked) address.searchParams.set(name, step[name]);
      else address.searchParams.delete(name);
    }
    if (address.href !== location.href) history.replaceState(history.state, "", address);
    if (mode === "follow" && this.hasEnded && this.steps.newest) this.openStep(this.steps.newest, false);
    this.paintSoon();
  }

  back() {
    const to = this.steps.before(this.place);
    if (to) this.openStep(to);
  }

  forward() {
    const to = this.steps.after(this.place);
    if (to) this.openStep(to);
    else if (this.livePlace) this.show("follow", null);
  }

  async openStep({ stage, step }, isAsked = true) {
    const live = this.livePlace;
    if (live && live.stage === stage && step >= live.step) return this.show("follow", null);
    const opened = (this.opening = this.recent.get(`${stage}/${step}`) ?? this.read(stage, step));
    const found = await opened;
    if (found && this.opening === opened && !this.leave.signal.aborted) this.show("history", found, isAsked);
  }

  async read(stage, step, complain = (words) => this.complain(words)) {
    try {
      const answer = await fetch(`${this.address}/rollouts/${encodeURIComponent(stage)}/${step}?limit=${mostGroups}`, { signal: this.leave.signal });
      if (answer.ok) return fromLog(stage, step, this.stages.get(stage)?.steps ?? null, (await answer.json()).items);
      complain(answer.status === 404 ? `No rollouts are stored of step ${step} of ${stage}.` : `Step ${step} could not be read (${answer.status}).`);
    } catch (error) {
      if (error.name !== "AbortError") complain("The site does not answer; the step cannot be read now.");
    }
    return null;
  }

  complain(words) {
    this.parts.problem.textContent = words;
    this.parts.problem.hidden = false;
  }

  // What the hub tells.

  know(run) {
    const hadEnded = this.hasEnded;
    this.summary = run;
    this.state = run.state;
    this.hasEnded = ended.has(run.state);
    if (this.hasEnded && !hadEnded) this.end();
    if (!this.hasEnded && hadEnded && this.mode === "history" && !this.isAsked) this.show("follow", null); // it was resumed
    this.paintSoon();
  }

  /** A run that ends leaves its newest stored step. */
  async end() {
    await this.steps.load(this.leave.signal).catch(() => {});
    if (this.mode === "follow" && this.steps.newest) await this.openStep(this.steps.newest, false);
  }

  look(news) {
    Object.assign(this, news);
    this.paintSoon();
  }

  /** Checkpoints come, and old ones go. */
  async hear(events) {
    if (!events.some((event) => event.type === "checkpoint")) return;
    await this.steps.loadCheckpoints(this.leave.signal).catch(() => {});
    this.paintSoon();
  }

  take(frames) {
    for (const frame of frames) this.takeOne(frame);
    this.paintSoon();
  }

  takeOne(frame) {
    if (frame.type === "snapshot") this.skipped += frame.dropped ?? 0;
    if (frame.type === "step") this.steps.add(frame.stage, frame.step, frame.metrics ?? {});
    const before = this.step;
    this.step = apply(this.step, frame);
    if (this.step !== before) this.settle(before);
    if (frame.type === "tokens" && this.mode === "follow") this.delay.wait(frame.time);
  }

  /** A step is over: it is what the clip can be seen in. */
  settle(step) {
    if (step.isScored && step.groups.size > 0) {
      this.settled = step;
      this.recent.set(`${step.stage}/${step.step}`, step);
      if (this.recent.size > keptSteps) this.recent.delete(this.recent.keys().next().value);
    } else if (!this.settled) this.readSettled();
  }

  /** Who has just come sees the step before too. */
  async readSettled() {
    const { stage, step } = this.step;
    const before = this.stages.has(stage) ? this.steps.before({ stage, step }) : null;
    if (!before || before.stage !== stage || this.isReading) return;
    this.isReading = true;
    const read = await this.read(before.stage, before.step, () => {});
    this.isReading = false;
    if (read && !this.settled) this.settled = read;
    this.paintSoon();
  }

  // What is painted.

  /** Under a live step the one before it; under a frozen one that too, until its own update was seen; under a stored one its own rows. */
  settledUnder(step) {
    if (this.mode === "history") return step;
    if (this.mode !== "frozen") return this.settled;
    return (this.kept = this.recent.get(`${step.stage}/${step.step}`) ?? this.kept);
  }

  paintSoon() {
    this.request ??= requestAnimationFrame(() => {
      this.request = null;
      if (!this.leave.signal.aborted) this.paint();
    });
  }

  paint() {
    const step = this.current;
    const groups = this.filters.read().groups(step);
    const group = groups.find((one) => one.group === this.group) ?? groups.find((one) => one.group > this.group) ?? groups.at(-1);
    const isLive = (step === this.step || this.mode === "frozen") && !this.hasEnded;
    this.header.paint(this);
    this.bar.paint(this, step);
    this.paintFilters(step, groups, group);
    this.paintEmpty(step, groups);
    this.strip.paint(this.steps, this.place.stage, this.mode === "history" ? this.place.step : Infinity);
    const isTable = this.view === "table";
    this.parts.frame.hidden = isTable || !group;
    this.parts["table-card"].hidden = !isTable || groups.length === 0;
    if (group) {
      this.side.paint(group, step);
      this.links.want(step.groups.values(), this.leave.signal);
    }
    if (group && !isTable) this.cards.paint(step, group, { isLive, mode: this.mode, filters: this.filters, stage: this.stages.get(step.stage) });
    if (isTable) this.table.paint(step, groups, this.filters, this.stages.get(step.stage));
    const settled = this.settledUnder(step);
    this.under.paint(isTable ? null : settled, group?.group ?? this.group, this.stages.get(settled?.stage), this.mode === "history");
    if (step === this.step) this.delay.shown();
    this.cards.announce(step, group);
    this.page.dataset.mode = this.mode;
    this.page.dataset.cards = this.cards.count;
  }

  paintFilters(step, groups, group) {
    const { parts } = this;
    const at = groups.indexOf(group);
    write(parts.group, at < 0 ? "0" : `${at + 1}`);
    write(parts.groups, this.filters.isActive ? ` of ${groups.length} found` : ` of ${step.groups.size}`);
    parts.clear.hidden = !this.filters.isActive;
    parts["view-group"].setAttribute("aria-pressed", this.view === "group");
    parts["view-table"].setAttribute("aria-pressed", this.view === "table");
    const labels = [...new Set([...step.groups.values()].map((one) => one.label))].sort();
    const key = labels.join();
    if (this.labels === key || document.activeElement === parts["only-label"]) return;
    this.labels = key;
    const chosen = parts["only-label"].value;
    if (chosen && !labels.includes(chosen)) labels.push(chosen);
    parts["only-label"].replaceChildren(new Option("any", ""), ...labels.map((label) => new Option(label, label)));
    parts["only-label"].value = chosen;
  }

  paintEmpty(step, groups) {
    const { parts } = this;
    parts.empty.hidden = groups.length > 0;
    if (groups.length > 0) return;
    const [title, words] = emptyWords(this, step);
    write(parts["empty-title"], title);
    write(parts["empty-words"], words);
  }
}

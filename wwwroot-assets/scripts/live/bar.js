// The bar of steps: freeze, follow, step, replay, and where the run is.
import { write } from "./dom.js";
import { Scrubber } from "./scrubber.js";

const phases = { generate: 0, reward: 1, reference: 1, update: 2 };

export class Bar {
  constructor(parts) {
    this.parts = parts;
    this.scrubber = new Scrubber(parts);
  }

  /** @param page what the bar tells of: its mode, the step in hand, the steps before. @param step what is shown. */
  paint(page, step) {
    const { parts } = this;
    const { place, livePlace: live } = page;
    const last = Math.max(page.steps.last(place.stage), live?.stage === place.stage ? live.step : 0);
    const total = Math.max(step.steps ?? page.stages.get(place.stage)?.steps ?? last, last);
    parts.freeze.setAttribute("aria-pressed", page.mode === "frozen");
    write(parts["freeze-word"], page.mode === "frozen" ? "Frozen" : "Freeze");
    parts.freeze.disabled = page.mode === "history" || page.hasEnded === true;
    parts.follow.setAttribute("aria-pressed", page.mode === "follow");
    const behind = page.mode !== "follow" && live ? page.steps.distance(place, live) : 0;
    write(parts.behind, behind > 0 ? `${behind} behind` : "");
    parts.back.disabled = parts.first.disabled = page.steps.before(place) === null;
    parts.forward.disabled = page.mode === "follow" || (page.steps.after(place) === null && live === null);
    parts.replay.hidden = live !== null && page.mode === "follow";
    parts.replay.setAttribute("aria-pressed", page.replaying !== null && page.replaying !== undefined);
    parts.replay.disabled = page.steps.newest === null;
    write(parts.step, place.step > 0 ? `step ${place.step}` : "no step yet");
    write(parts.steps, total > 0 && place.step > 0 ? ` / ${total}` : "");
    write(parts.left, leftWords(page, place, total));
    this.paintPhase(page, step);
    this.paintStages(page, place.stage);
    this.scrubber.paint(page.steps.rewards(place.stage), total, place.step > 0 ? place.step : null, last, page.steps.checkpoints(place.stage));
  }

  paintPhase(page, step) {
    const { parts } = this;
    const at = step === page.step && !page.hasEnded ? phases[step.phase] : undefined;
    parts.phases.hidden = at === undefined;
    [...parts.phases.children].forEach((item, index) => {
      item.classList.toggle("on", index === at);
      if (index === at) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    });
    const other = page.mode === "frozen" ? "frozen" : step.phase === "stored" || page.mode === "history" ? "stored" : page.hasEnded ? page.state : step.phase;
    write(parts.phase, at === undefined ? (other ?? "") : "");
  }

  /** The stages whose steps can be opened, where there is more than one. */
  paintStages(page, stage) {
    const { parts } = this;
    const names = [...new Set([...page.steps.begun, ...(page.stages.has(stage) ? [stage] : [])])];
    if (parts.stage.options.length !== names.length) parts.stage.replaceChildren(...names.map((name) => new Option(name, name)));
    parts["stage-box"].hidden = names.length < 2;
    if (document.activeElement !== parts.stage) parts.stage.value = stage;
    write(parts["stage-name"], page.current.stage ?? page.summary?.stage ?? "");
    parts["stage-name"].hidden = parts["stage-name"].textContent === "";
  }
}

function leftWords(page, place, total) {
  if (page.mode !== "follow") return page.livePlace ? "nothing is lost while you look" : "";
  if (page.hasEnded || !page.summary || page.summary.stage !== place.stage) return "";
  const left = total - place.step;
  const seconds = left * (page.summary.stepSeconds ?? NaN);
  const time = !Number.isFinite(seconds) ? "" : seconds < 90 ? `, ${Math.round(seconds)} s` : seconds < 5400 ? `, ${Math.round(seconds / 60)} min` : `, ${(seconds / 3600).toFixed(1)} h`;
  return left > 0 ? `${left} steps to go${time}` : "last step";
}

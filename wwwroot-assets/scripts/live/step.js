// What a viewer knows of one step: groups with their completions, from frames (docs/live.md) or from the rollout log.
import { answerOf } from "./words.js";

const emptyCompletion = () => ({ tokens: [], text: "", length: 0, end: null, clip: null, rewards: null, reward: null, advantage: null, version: 0 });

export const emptyStep = (frame = {}) => ({
  stage: frame.stage ?? null,
  step: frame.step ?? null,
  steps: frame.steps ?? null,
  phase: frame.phase ?? null,
  groups: new Map(),
  isScored: false,
  knowsClip: false,
});

/** Takes a frame in; returns the step that is in hand afterwards, a new one where one began. */
export function apply(step, frame) {
  const begins = frame.type === "status" && (frame.phase === "generate" || frame.stage !== step.stage || frame.step !== step.step);
  if (frame.type === "snapshot" || begins) step = emptyStep(frame);
  else if (frame.type === "status") step.phase = frame.phase ?? null;
  for (const group of frame.groups ?? []) step.groups.set(group.group, { ...group, completions: Array.from({ length: group.size }, emptyCompletion) });
  for (const grown of frame.tokens ?? []) grow(step, grown);
  for (const scores of frame.scores ?? []) score(step, scores);
  for (const clip of frame.clipped ?? []) mark(step, clip);
  if (frame.type === "clipped") step.knowsClip = true;
  return step;
}

/** A step of the rollout log: its completions come whole; what the clip stopped is not in it. */
export function fromLog(stage, number, steps, groups) {
  const step = { ...emptyStep({ stage, step: number, steps, phase: "stored" }), isScored: true };
  groups.forEach((group, index) => {
    const completions = group.completions.map((stored) => ({
      ...emptyCompletion(),
      tokens: [stored.text],
      text: stored.text,
      length: stored.tokens,
      end: stored.truncated ? "length" : "stop",
      rewards: Object.fromEntries(Object.entries(stored.rewards).map(([name, value]) => [name, Number(value)])),
      reward: Number(stored.reward),
      advantage: Number(stored.advantage),
    }));
    step.groups.set(index, { ...group, group: index, size: completions.length, completions });
  });
  return step;
}

/** Whether the answer is another than the label; null while it is not known. */
export function isWrong(completion, label) {
  const accuracy = completion.rewards?.accuracy;
  if (Number.isFinite(accuracy)) return accuracy === 0;
  if (completion.end === null) return null;
  return answerOf(completion.text)?.toLowerCase() !== label.toLowerCase();
}

/** Whether all completions earned the same, so that the group teaches nothing; null while it is not known. */
export function isFlat(group) {
  if (group.completions.some((completion) => completion.reward === null)) return null;
  return group.completions.every((completion) => completion.reward === group.completions[0].reward);
}

function grow(step, { group, completion, at, text, end }) {
  const known = step.groups.get(group)?.completions[completion];
  if (!known || at > known.tokens.length) return; // a gap: a snapshot is under way
  if (at === known.tokens.length) {
    for (const piece of text) known.tokens.push(piece);
    known.text += text.join("");
  } else {
    known.tokens.splice(at, text.length, ...text);
    known.text = known.tokens.join("");
  }
  known.length = known.tokens.length;
  known.end = end ?? known.end;
  known.version++;
}

function score(step, { group, rewards, reward, advantage }) {
  step.isScored = true;
  step.groups.get(group)?.completions.forEach((completion, index) => {
    completion.rewards = Object.fromEntries(Object.entries(rewards).map(([name, values]) => [name, Number(values[index])]));
    completion.reward = Number(reward[index]);
    completion.advantage = Number(advantage[index]);
    completion.version++;
  });
}

function mark(step, { group, completion, low, high }) {
  const known = step.groups.get(group)?.completions[completion];
  step.knowsClip = true;
  if (!known) return;
  known.clip = new Map([...low.map((place) => [place, "low"]), ...high.map((place) => [place, "high"])]);
  known.version++;
}

// The strip of metrics above the rollouts, under TRL's names: newest value and the last sixty steps.
import { element, svg, write } from "./dom.js";

const points = 60;
const [width, height] = [120, 26];

export const shown = ["reward", "kl", "entropy", "clip_ratio/region_mean", "completions/clipped_ratio", "frac_reward_zero_std", "tokens/s"];

/** What is asked of the site for the strip and the scrubber. */
export const asked = [...shown.filter((name) => name !== "tokens/s"), "num_tokens", "step_time"];

export class Strip {
  constructor(root) {
    this.parts = new Map(
      shown.map((name) => {
        const value = element("b", "num", "–");
        const line = svg("path", {});
        const area = svg("path", { class: "area" });
        const picture = svg("svg", { class: "spark", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" }, area, line);
        const term = element("dt", "ellipsis", name);
        term.title = name;
        root.append(element("div", "", term, element("dd", "row", value, picture)));
        return [name, { value, line, area }];
      }),
    );
  }

  /** @param {import("./history.js").History} history @param {number} step up to which it is drawn. */
  paint(history, stage, step) {
    const key = `${history.version} ${stage} ${step}`;
    if (this.painted === key) return;
    this.painted = key;
    const series = history.series(stage, step);
    for (const [name, { value, line, area }] of this.parts) {
      const values = (series.get(name) ?? []).slice(-points);
      write(value, values.length > 0 ? brief(values.at(-1)) : "–");
      const path = pathOf(values.filter(Number.isFinite));
      line.setAttribute("d", path);
      area.setAttribute("d", path && `${path}L${width} ${height} 0 ${height}z`);
    }
  }
}

export function brief(value) {
  if (!Number.isFinite(value)) return String(value);
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential(0).replace("-", "−");
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 0.1 ? 2 : 3;
  return value.toFixed(digits).replace("-", "−");
}

function pathOf(values) {
  if (values.length < 2) return "";
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const range = most - least || 1;
  const places = values.map((value, at) => `${((at * width) / (values.length - 1)).toFixed(1)} ${(height - 2.2 - ((value - least) / range) * (height - 4.4)).toFixed(1)}`);
  return `M${places.join("L")}`;
}

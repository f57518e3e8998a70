// What is drawn over a plot besides its lines: where a run was resumed, a limit, a stretch that means trouble.
import uPlot from "uplot";
import { token } from "./theme.js";

export function drawMarks(plot, plan, state) {
  if (state.runs.length !== 1) return;
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.font = `${10.5 * ratio}px ${token("--clg-sans")}`;
  if (typeof plan.alarm === "number") alarm(plot, plan.alarm);
  if (typeof plan.limit === "number") limit(plot, plan.limit, plan.limitName);
  resumed(state).forEach((step, line) => mark(plot, step.at, `resumed at ${step.label}`, line % 3));
  ctx.restore();
}

const resumed = ({ runs: [run], stage }) =>
  Object.entries(run.resumed ?? {})
    .filter(([name]) => !stage || name === stage)
    .flatMap(([name, steps]) => steps.map((step) => ({ at: step + (stage ? 0 : (run.offsets?.[name] ?? 0)), label: step })));

// Labels of marks that lie close stand below each other.
function mark({ ctx, bbox, valToPos }, step, text, line) {
  const ratio = uPlot.pxRatio;
  const x = Math.round(valToPos(step, "x", true));
  if (x < bbox.left || x > bbox.left + bbox.width) return;
  ctx.strokeStyle = token("--clg-control");
  ctx.lineWidth = ratio;
  ctx.setLineDash([2 * ratio, 3 * ratio]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  const left = x + ctx.measureText(text).width + 6 * ratio < bbox.left + bbox.width;
  ctx.fillStyle = token("--clg-ink-3");
  ctx.textAlign = left ? "left" : "right";
  ctx.textBaseline = "top";
  ctx.fillText(text, x + (left ? 4 : -4) * ratio, bbox.top + (1 + 12 * line) * ratio);
}

function limit({ ctx, bbox, valToPos }, value, name) {
  const ratio = uPlot.pxRatio;
  const y = Math.round(valToPos(value, "y", true));
  ctx.strokeStyle = token("--clg-warn");
  ctx.lineWidth = ratio;
  ctx.setLineDash([3 * ratio, 3 * ratio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.fillStyle = token("--clg-warn");
  ctx.textAlign = "right";
  ctx.textBaseline = "top";
  ctx.fillText(name ?? "", bbox.left + bbox.width - 2 * ratio, y + 3 * ratio);
}

function alarm({ ctx, bbox, valToPos, scales }, value) {
  if (scales.y.min >= value) return;
  const y = Math.max(bbox.top, valToPos(value, "y", true));
  ctx.fillStyle = `color-mix(in srgb, ${token("--clg-warn")} 9%, transparent)`;
  ctx.fillRect(bbox.left, y, bbox.width, bbox.top + bbox.height - y);
}

// From the series of runs to the columns and styles of a plot.
import uPlot from "uplot";
import { at, smooth } from "./numbers.js";
import { token } from "./theme.js";

const COLOURS = 6;
const DASHES = [undefined, [6, 3], [2, 3], [9, 3, 2, 3]];

/** The colour of the nth line; after the sixth they come again, dashed. */
export const colour = (index) => token(`--clg-s${(index % COLOURS) + 1}`);
const dash = (index) => DASHES[Math.floor(index / COLOURS) % DASHES.length];

/** Everything that a chart draws: { data, series, bands, now: [{ column, label, index }] }; null while there is nothing. */
export function linesOf(plan, state, store) {
  const tables = [];
  const series = [{}];
  const bands = [];
  const now = [];
  const alone = state.runs.length === 1;
  const log = (values) => (state.log ? values.map((value) => (value > 0 ? value : null)) : values);

  for (const run of state.runs) {
    plan.lines.forEach((line, order) => {
      if (!alone && order > 0) return; // several runs: one line each
      const index = alone ? order : run.index;
      const parts = store.lines(run, state.stage, line.metric).map((part) => shift(part, run, state.stage));
      for (const ghost of alone ? parts.filter((part) => part.branch > 0) : []) {
        tables.push([ghost.steps, log(ghost.values)]);
        series.push({ stroke: token("--clg-ghost"), width: 1.5, points: { show: false } });
      }
      const main = join(parts.filter((part) => part.branch === 0));
      if (main.steps.length === 0) return;
      const few = main.steps.length < 3;
      const values = log(main.values);
      const soft = state.smoothing > 0 && !few ? smooth(values, state.smoothing) : values;
      const columns = [main.steps];
      const add = (column, style) => {
        columns.push(column);
        series.push({ points: { show: false }, ...style });
        return series.length - 1;
      };
      if (alone && order === 0) addBand(plan, state, store, run, main.steps, soft, log, add, bands, index);
      if (alone && soft !== values) add(values, { stroke: `color-mix(in srgb, ${colour(index)} 32%, transparent)`, width: 1 });
      const column = add(soft, { stroke: colour(index), width: 1.75, dash: dash(index), points: { show: few, size: 6 } });
      tables.push(columns);
      now.push({ column, raw: values, steps: main.steps, label: alone ? line.label : run.name, index });
    });
  }
  if (tables.length === 0) return null;
  return { data: uPlot.join(tables), series, bands, now };
}

// Several stages on one axis: each begins where the one before ended.
const shift = (part, run, stage) => {
  const offset = stage ? 0 : (run.offsets?.[part.stage] ?? 0);
  return offset ? { ...part, steps: part.steps.map((step) => step + offset) } : part;
};

const join = (parts) => {
  const ordered = [...parts].sort((a, b) => a.steps[0] - b.steps[0]);
  return { steps: ordered.flatMap((part) => part.steps), values: ordered.flatMap((part) => part.values) };
};

function addBand(plan, state, store, run, steps, line, log, add, bands, index) {
  const column = (metric) => {
    const found = join(
      store
        .lines(run, state.stage, metric)
        .filter((part) => part.branch === 0)
        .map((part) => shift(part, run, state.stage)),
    );
    if (found.steps.length === 0) return null;
    const values = steps.map((step) => at(found.steps, found.values, step));
    return state.smoothing > 0 ? smooth(values, state.smoothing) : values;
  };
  const spread = plan.spread ? column(plan.spread) : null;
  const low = spread ? line.map((value, i) => (value === null || spread[i] === null ? null : value - spread[i])) : plan.low ? column(plan.low) : null;
  const high = spread ? line.map((value, i) => (value === null || spread[i] === null ? null : value + spread[i])) : plan.high ? column(plan.high) : null;
  if (!low || !high) return;
  const edge = { stroke: "transparent", width: 0 };
  const top = add(log(high), edge);
  const bottom = add(log(low), edge);
  bands.push({ series: [top, bottom], fill: `color-mix(in srgb, ${colour(index)} 14%, transparent)` });
}

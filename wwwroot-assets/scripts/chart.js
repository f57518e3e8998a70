// A small line chart of one metric: the values pale, the smoothed line over them. Drawn only while it is in view.
import uPlot from "uplot";

const HEIGHT = 132;
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Exponential moving average that starts unbiased; gaps stay gaps. */
export function smooth(values, weight) {
  let sum = 0;
  let total = 0;
  return values.map((value) => {
    if (value === null) return null;
    sum = weight * sum + (1 - weight) * value;
    total = weight * total + (1 - weight);
    return sum / total;
  });
}

export function create(place) {
  let plot = null;
  let drawnLog = false;
  let latest = null;
  let pending = false;
  let inView = false;

  const axis = () => ({
    stroke: token("--clg-ink-3"),
    grid: { stroke: token("--clg-line"), width: 1 },
    ticks: { show: false },
    font: `11px ${token("--clg-sans")}`,
  });
  const make = (data, log) =>
    new uPlot(
      {
        width: place.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { y: false, drag: { x: true, y: false } },
        scales: { x: { time: false }, y: log ? { distr: 3 } : {} },
        axes: [
          { ...axis(), size: 26, space: 60 },
          { ...axis(), size: 52, space: 28 },
        ],
        series: [
          {},
          { stroke: token("--clg-line-2"), width: 1, points: { show: false } },
          { stroke: token("--clg-s1"), width: 1.75, points: { show: data[0].length < 2 } },
        ],
      },
      data,
      place,
    );

  const draw = () => {
    if (!latest || !inView) {
      pending = true;
      return;
    }
    pending = false;
    const { steps, values, smoothing, log } = latest;
    // A logarithm has no place for zero and below.
    const shown = log ? values.map((value) => (value > 0 ? value : null)) : values;
    const data = [steps, shown, smooth(shown, smoothing)];
    const logs = log && shown.some((value) => value !== null);
    if (plot && logs === drawnLog && steps.length > 2) return plot.setData(data);
    plot?.destroy();
    drawnLog = logs;
    plot = make(data, logs);
  };
  const redraw = () => {
    plot?.destroy();
    plot = null;
    draw();
  };

  const views = new IntersectionObserver((entries) => {
    inView = entries.at(-1).isIntersecting;
    if (inView && pending) draw();
  });
  const sizes = new ResizeObserver(() => plot?.setSize({ width: place.clientWidth, height: HEIGHT }));
  views.observe(place);
  sizes.observe(place);
  document.addEventListener("themechange", redraw);

  return {
    show(steps, values, smoothing, log) {
      latest = { steps, values, smoothing, log };
      draw();
    },
    end() {
      views.disconnect();
      sizes.disconnect();
      document.removeEventListener("themechange", redraw);
      plot?.destroy();
    },
  };
}

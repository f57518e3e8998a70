// The charts of a page: metrics of one run or of several over each other, with one crosshair and one zoom.
// What is asked for is what is in view, at most once a second, whole runs only where something is new; what is drawn is what
// changed and is in view, a few charts a frame.
import { Figure } from "./charts/figure.js";
import { MetricStore } from "./charts/store.js";
import { Turns } from "./charts/turns.js";

const EVERY = 1000; // ms
const DRAWN = 3; // charts a frame
const POINTED = 12; // crosshairs a frame

const metricsOf = (figures) => [...new Set(figures.flatMap((figure) => figure.metrics))];

// All that a chart looks like by, besides its points.
const lookOf = (state) => JSON.stringify(state, (key, value) => (key === "version" ? undefined : value));

export function open(root) {
  const store = new MetricStore();
  const figures = new Map(); // element → Figure
  const page = { state: null, zoom: null, step: null };
  const drawing = new Turns(
    DRAWN,
    (figure) => figure.draw(store),
    (figure) => figure.tell(),
  );
  const pointing = new Turns(POINTED, (figure) => figure.point(page.step));
  let timer = 0;
  let busy = false;
  let earliest = 0;
  let closed = false;

  const visible = () => [...figures.values()].filter((figure) => figure.visible);
  page.draw = (some) => drawing.add(some);
  page.zoomTo = (range) => {
    page.zoom = range;
    page.draw(visible());
  };
  page.pointTo = (from, step) => {
    page.step = step;
    pointing.add(visible().filter((figure) => figure !== from));
  };

  const drawThose = (metrics) => page.draw(visible().filter((figure) => figure.metrics.some((metric) => metrics.includes(metric))));
  const schedule = () => {
    if (closed || timer || busy || !page.state) return;
    timer = setTimeout(load, Math.max(0, earliest - performance.now()));
  };
  const load = async () => {
    timer = 0;
    busy = true;
    earliest = performance.now() + EVERY;
    try {
      await store.load(page.state, metricsOf(visible()), drawThose);
    } catch (error) {
      earliest = performance.now() + (error.retryAfter ?? 5 * EVERY);
    }
    busy = false;
    if (closed) return;
    if (store.lacks(page.state, metricsOf(visible()))) schedule();
  };

  const views = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        const figure = figures.get(entry.target);
        if (!entry.isIntersecting) figure?.rest();
        else if (figure) {
          figure.visible = true;
          page.draw([figure]);
        }
      }
      schedule();
    },
    { rootMargin: "400px" },
  );

  const scan = () => {
    const found = new Set(root.querySelectorAll("[data-chart]"));
    for (const [element, figure] of figures) {
      if (found.has(element)) continue;
      views.unobserve(element);
      figure.end();
      figures.delete(element);
    }
    for (const element of found) {
      const known = figures.get(element);
      if (known) known.plan(element.dataset.chart);
      else {
        figures.set(element, new Figure(element, page));
        views.observe(element);
      }
    }
  };

  const clicked = (event) => {
    const button = event.target.closest("[data-table]");
    if (button) figures.get(button.closest("[data-chart]"))?.toggleTable(button);
  };
  const themed = () => {
    figures.forEach((figure) => figure.forget());
    page.draw(visible());
  };
  root.addEventListener("click", clicked);
  document.addEventListener("themechange", themed);

  return {
    update(state) {
      if (page.state?.stage !== state.stage) page.zoom = null;
      const same = page.state && lookOf(page.state) === lookOf(state);
      page.state = state;
      scan();
      if (!same) page.draw(visible());
      schedule();
    },
    end() {
      closed = true;
      clearTimeout(timer);
      drawing.end();
      pointing.end();
      views.disconnect();
      root.removeEventListener("click", clicked);
      document.removeEventListener("themechange", themed);
      figures.forEach((figure) => figure.end());
      figures.clear();
    },
  };
}

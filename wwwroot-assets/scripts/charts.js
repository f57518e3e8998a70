// The charts of a page: metrics of one run or of several over each other, with one crosshair and one zoom.
// What is asked for is what is in view, at most once a second, whole runs only where something is new.
import { Figure } from "./charts/figure.js";
import { MetricStore } from "./charts/store.js";

const EVERY = 1000; // ms

export function open(root) {
  const store = new MetricStore();
  const figures = new Map(); // element → Figure
  const page = { state: null, zoom: null, key: root.id };
  let timer = 0;
  let busy = false;
  let earliest = 0;
  let closed = false;

  const redraw = () => figures.forEach((figure) => figure.draw(store));
  page.zoomTo = (range) => {
    page.zoom = range;
    figures.forEach((figure) => figure.zoom());
  };

  const schedule = () => {
    if (closed || timer || busy || !page.state) return;
    timer = setTimeout(load, Math.max(0, earliest - performance.now()));
  };
  const load = async () => {
    timer = 0;
    busy = true;
    earliest = performance.now() + EVERY;
    try {
      const wanted = [...figures.values()].filter((figure) => figure.visible).flatMap((figure) => figure.metrics);
      await store.load(page.state, [...new Set(wanted)]);
    } catch (error) {
      earliest = performance.now() + (error.retryAfter ?? 5 * EVERY);
    }
    busy = false;
    if (closed) return;
    redraw();
    const visible = [...figures.values()].filter((figure) => figure.visible).flatMap((figure) => figure.metrics);
    if (store.lacks(page.state, visible)) schedule();
  };

  const views = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        const figure = figures.get(entry.target);
        if (!entry.isIntersecting) figure?.rest();
        else if (figure) figure.visible = true;
      }
      redraw();
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
  const themed = () => figures.forEach((figure) => figure.redo(store));
  root.addEventListener("click", clicked);
  document.addEventListener("themechange", themed);

  return {
    update(state) {
      if (page.state?.stage !== state.stage) page.zoom = null;
      page.state = state;
      scan();
      redraw();
      schedule();
    },
    end() {
      closed = true;
      clearTimeout(timer);
      views.disconnect();
      root.removeEventListener("click", clicked);
      document.removeEventListener("themechange", themed);
      figures.forEach((figure) => figure.end());
    },
  };
}

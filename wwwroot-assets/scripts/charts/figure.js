// One chart: its plot, its caption's values, and the same numbers as a table.
import uPlot from "uplot";
import { colour, linesOf } from "./lines.js";
import { drawMarks } from "./marks.js";
import { lastValue, word } from "./numbers.js";
import { token } from "./theme.js";

const HEIGHT = 134;
const ROWS = 40;

function part({ index, label }, isOneOfSeveral) {
  const part = document.createElement("span");
  part.textContent = "–";
  if (isOneOfSeveral) part.style.color = colour(index);
  if (label) part.title = label;
  return part;
}

export class Figure {
  visible = false;
  #element;
  #page;
  #plan;
  #text = "";
  #place;
  #plot = null;
  #kind = ""; // what the plot was made for
  #lines = null;
  #width = 0;
  #sizes;
  #parts = ""; // what the caption's parts were made for

  constructor(element, page) {
    this.#element = element;
    this.#page = page;
    this.#place = element.querySelector("[data-plot]");
    this.#sizes = new ResizeObserver(([entry]) => this.#sized(Math.round(entry.contentRect.width)));
    this.#sizes.observe(this.#place);
    this.plan(element.dataset.chart);
  }

  plan(text) {
    if (text === this.#text) return;
    this.#text = text;
    this.#plan = JSON.parse(text);
    this.#kind = "";
    this.#page.draw([this]);
  }

  get metrics() {
    const { lines, spread, low, high } = this.#plan;
    const wanted = this.#page.state?.runs.length > 1 ? [lines[0].metric] : [...lines.map((line) => line.metric), spread, low, high];
    return wanted.filter(Boolean);
  }

  #sized(width) {
    this.#width = width;
    if (this.#plot && this.#plot.width !== width) this.#page.draw([this]);
  }

  /**
   * Draws what there is; what changes the page comes with `tell`. A new plot paints itself before it is put in its place: in the
   * page every font it sets would have the styles of the whole page brought up to date.
   */
  draw(store) {
    if (!this.visible || !this.#page.state) return;
    this.#lines = linesOf(this.#plan, this.#page.state, store);
    if (!this.#lines) {
      this.#plot?.destroy();
      this.#plot = null;
      this.#kind = "";
      return;
    }
    const { data, series, bands } = this.#lines;
    const log = this.#page.state.log && data.slice(1).some((column) => column.some((value) => value > 0));
    const kind = JSON.stringify([log, series, bands.map((band) => band.series), this.#page.state.stage]);
    if (!this.#plot || kind !== this.#kind) {
      this.#plot?.destroy();
      this.#kind = kind;
      this.#plot = new uPlot(this.#options(series, bands, log), data, (_, begin) => begin());
    } else {
      if (this.#plot.width !== this.#width) this.#plot.setSize({ width: this.#width, height: HEIGHT });
      this.#plot.setData(data, !this.#page.zoom);
    }
    if (this.#page.zoom) this.#plot.setScale("x", { min: this.#page.zoom[0], max: this.#page.zoom[1] });
  }

  /** Puts a new plot in its place, says the newest values, and fills the table where it is open. */
  tell() {
    if (!this.visible || !this.#page.state) return;
    if (this.#plot && !this.#plot.root.isConnected) this.#place.append(this.#plot.root);
    this.#say(this.#plot?.cursor.idx ?? null);
    if (!this.#rows.hidden) this.#fillTable();
  }

  /** Shows the crosshair at a step; null, or one that is not on the axis: none. */
  point(step) {
    if (!this.#plot) return;
    const { min, max } = this.#plot.scales.x;
    const isThere = step !== null && min <= step && step <= max;
    this.#plot.setCursor({ left: isThere ? this.#plot.valToPos(step, "x") : -10, top: 0 });
  }

  /** Out of view it is taken down: its points stay with the page, its canvas does not. */
  rest() {
    this.visible = false;
    this.#plot?.destroy();
    this.#plot = null;
    this.#kind = "";
  }

  /** Is made anew when it is drawn next: with the colours of another theme. */
  forget() {
    this.#kind = "";
    this.#parts = "";
  }

  toggleTable(button) {
    const open = this.#rows.hidden;
    this.#rows.hidden = !open;
    button.setAttribute("aria-pressed", String(open));
    if (open) this.#fillTable();
  }

  end() {
    this.#sizes.disconnect();
    this.rest();
  }

  get #rows() {
    return this.#element.querySelector("[data-rows]");
  }

  #options(series, bands, log) {
    const axis = { stroke: token("--clg-ink-3"), ticks: { show: false }, font: `10.5px ${token("--clg-sans")}` };
    const grid = { stroke: token("--clg-grid"), width: 1 };
    return {
      width: this.#width || this.#place.clientWidth,
      height: HEIGHT,
      padding: [8, 6, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false },
        points: { size: 6 },
        bind: {
          dblclick: () => () => this.#page.zoomTo(null),
          mousemove: (plot, over, move) => (event) => {
            if (event.target !== over) return;
            move(event);
            this.#page.pointTo(this, plot.posToVal(plot.cursor.left, "x"));
          },
          mouseleave: (_, over, leave) => (event) => {
            if (event.target !== over) return;
            leave(event);
            this.#page.pointTo(this, null);
          },
        },
      },
      scales: {
        x: { time: false, range: (_, min, max) => (min === max ? [min - 1, max + 1] : [min, max]) },
        y: log ? { distr: 3 } : { range: (_, min, max) => this.#range(min, max) },
      },
      axes: [
        { ...axis, grid: { show: false }, size: 24, space: 56, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6] },
        { ...axis, grid, size: 42, space: 30, values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : word(tick))) },
      ],
      series,
      bands,
      hooks: {
        draw: [(plot) => drawMarks(plot, this.#plan, this.#page.state)],
        setCursor: [(plot) => this.#say(plot.cursor.idx)],
        setSelect: [
          (plot) => {
            const { left, width } = plot.select;
            if (width < 4) return;
            this.#page.zoomTo([plot.posToVal(left, "x"), plot.posToVal(left + width, "x")]);
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
      },
    };
  }

  // A line in the middle where all values are equal; room for a limit.
  #range(min, max) {
    if (min === null || max === null) return [0, 1];
    const { limit } = this.#plan;
    if (limit && this.#page.state.runs.length === 1) [min, max] = [Math.min(min, 0), Math.max(max, limit)];
    if (min === max) return min === 0 ? [0, 1] : [min - Math.abs(min) * 0.1, max + Math.abs(max) * 0.1];
    const room = (max - min) * 0.08;
    return [min >= 0 && min - room < 0 ? 0 : min - room, max + room];
  }

  // The values at the crosshair, or the newest; they are the plot's name for those who do not see it, too.
  #say(place) {
    const target = this.#element.querySelector("[data-now]");
    const now = this.#lines?.now ?? [];
    const hovered = place !== null && place !== undefined;
    const values = now.map((line) => {
      const column = this.#plot.data[line.column];
      return { ...line, value: hovered ? lastValue(column, place) : lastValue(line.raw) };
    });
    const parts = JSON.stringify(values.map(({ index, label }) => [index, label]));
    if (parts !== this.#parts) target.replaceChildren(...values.map((line) => part(line, values.length > 1)));
    this.#parts = parts;
    values.forEach(({ value }, i) => (target.children[i].firstChild.data = word(value))); // other text alone leaves styles as they are
    if (hovered) return;
    const told = values.map(({ label, value }) => `${label ? `${label} ` : ""}${word(value)}`).join(", ");
    const steps = Math.max(0, ...now.map((line) => line.steps.at(-1)));
    this.#place.setAttribute("aria-label", now.length === 0 ? `${this.#plan.title}: no values yet` : `${this.#plan.title} up to step ${steps}: ${told}`);
  }

  #fillTable() {
    const now = this.#lines?.now ?? [];
    const [steps, ...columns] = this.#lines?.data ?? [[]];
    const every = Math.max(1, Math.ceil(steps.length / ROWS));
    const row = (cells, kind) => {
      const line = document.createElement("tr");
      for (const text of cells) {
        const cell = document.createElement(kind);
        cell.textContent = text;
        cell.className = "right num";
        line.append(cell);
      }
      return line;
    };
    const table = document.createElement("table");
    table.className = "table";
    const head = document.createElement("thead");
    head.append(row(["step", ...now.map((line) => line.label ?? this.#plan.title)], "th"));
    const body = document.createElement("tbody");
    for (let i = steps.length - 1; i >= 0; i -= every)
      body.append(row([steps[i], ...now.map((line) => word(columns[line.column - 1][i] ?? null))], "td"));
    table.append(head, body);
    this.#rows.replaceChildren(table);
  }
}

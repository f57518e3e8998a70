// Series of metrics as the site gave them, by run, stage and metric.
const POINTS = 1000;

const numbers = (values) => values.map((value) => (Number.isFinite(value) ? value : null)); // JSON's "NaN": a gap

export class MetricStore {
  #series = new Map(); // key → { version, lines: [{ steps, values, branch }] }

  #key = (run, stage, metric) => `${run.id}\n${stage ?? ""}\n${metric}`;

  /** What is known of a run's metric: lines of [steps, values], those of abandoned branches with their number. */
  lines(run, stage, metric) {
    return this.#series.get(this.#key(run, stage, metric))?.lines ?? [];
  }

  lacks(state, metrics) {
    return state.runs.some((run) => this.#missing(run, state.stage, metrics).length > 0);
  }

  #missing(run, stage, metrics) {
    return metrics.filter((metric) => this.#series.get(this.#key(run, stage, metric))?.version !== run.version);
  }

  /** Asks for what is new, one request for each run that has something; `came` is told of the metrics that a run's answer held. */
  async load(state, metrics, came) {
    await Promise.all(
      state.runs.map(async (run) => {
        const missing = this.#missing(run, state.stage, metrics);
        if (missing.length === 0) return;
        this.#take(run, state.stage, missing, await this.#ask(run, state.stage, missing));
        came(missing);
      }),
    );
  }

  async #ask(run, stage, metrics) {
    const query = new URLSearchParams(metrics.map((metric) => ["metric", metric]));
    query.set("points", POINTS);
    query.set("branches", "true");
    if (stage) query.set("stage", stage);
    const address = new URL(`api/v1/runs/${encodeURIComponent(run.id)}/metrics?${query}`, document.baseURI);
    const answer = await fetch(address, { headers: { accept: "application/json" } });
    if (answer.ok) return answer.json();
    const wait = Number(answer.headers.get("retry-after"));
    throw Object.assign(new Error(`${answer.status}`), { retryAfter: wait > 0 ? wait * 1000 : undefined });
  }

  #take(run, stage, metrics, series) {
    for (const metric of metrics) {
      const lines = series
        .filter((item) => item.metric === metric)
        .map((item) => ({ stage: item.stage, steps: item.steps, values: numbers(item.values), branch: item.branch ?? 0 }));
      this.#series.set(this.#key(run, stage, metric), { version: run.version, lines });
    }
  }
}

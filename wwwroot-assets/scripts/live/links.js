// Where the samples of a run lie in the store: asked for when they are looked at, many at once, and not too often.
const askEvery = 2000;
const mostKeys = 200;

export class SampleLinks {
  /** @param {string} address of the run in the REST. @param {Function} news called when more is known. */
  constructor(address, news) {
    this.address = address;
    this.news = news;
    this.known = new Map(); // key → { image, path }, null where the store has none
    this.asked = new Set();
  }

  /** The address of a group's sample; null while it is not known, or where it is not the same picture any more. */
  of(group) {
    const found = this.known.get(group.sample);
    return found?.image === group.image ? found.path : null;
  }

  /** @param {Iterable<{sample: string}>} groups that may be looked at. */
  want(groups, signal) {
    for (const { sample } of groups) if (!this.known.has(sample) && this.asked.size < mostKeys) this.asked.add(sample);
    if (this.asked.size > 0 && !this.isWaiting) this.ask(signal);
  }

  async ask(signal) {
    const keys = [...this.asked];
    this.asked.clear();
    this.isWaiting = true;
    setTimeout(() => (this.isWaiting = false), askEvery);
    try {
      const answer = await fetch(`${this.address}/samples?${new URLSearchParams(keys.map((key) => ["keys", key]))}`, { signal });
      const found = answer.ok ? await answer.json() : [];
      for (const key of keys) this.known.set(key, null);
      for (const { key, image, dataset, sample } of found) this.known.set(key, { image, path: `datasets/${dataset}/samples/${sample}` });
      if (found.length > 0) this.news();
    } catch {
      // Without an answer a name is only a name; it is asked for again when it is looked at again.
    }
  }
}

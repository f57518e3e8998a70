// From sampled to painted. The clocks are those of trainer and viewer, so it means something where they agree.
const kept = 2000;

export class Delay {
  /** @param {HTMLElement} page gets the figures as data-delay (median, ms), data-delay-most (95th percentile) and data-delays (how many). */
  constructor(page) {
    this.page = page;
    this.waiting = [];
    this.all = [];
    this.count = 0;
    // Handled after the frame in which it was sent is painted.
    this.channel = new MessageChannel();
    this.channel.port1.onmessage = () => this.measure();
  }

  /** Tokens sampled at a time (ms since 1970) are about to be shown. */
  wait(time) {
    if (document.hidden) return; // nothing is painted
    this.waiting.push(time);
  }

  /** What waits has been put into the page. */
  shown() {
    if (this.waiting.length === 0) return;
    if (document.hidden) this.waiting = [];
    else this.channel.port2.postMessage(null);
  }

  measure() {
    const now = Date.now();
    for (const time of this.waiting) this.all.push(now - time);
    this.count += this.waiting.length;
    this.waiting = [];
    if (this.all.length > kept) this.all.splice(0, this.all.length - kept);
    const sorted = this.all.toSorted((a, b) => a - b);
    this.page.dataset.delay = sorted[sorted.length >> 1].toFixed(1);
    this.page.dataset.delayMost = sorted[Math.floor(sorted.length * 0.95)].toFixed(1);
    this.page.dataset.delays = this.count;
  }

  get words() {
    const median = Number(this.page.dataset.delay);
    return median >= 0 ? `${Math.round(median)} ms behind` : "";
  }

  stop() {
    this.channel.port1.close();
  }
}

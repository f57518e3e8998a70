// From sampled to painted. The clocks are those of trainer and viewer, so it means something where they agree.
const kept = 2000;

export class Delay {
  /**
   * @param {HTMLElement} page gets the figures as data-delay (median, ms), data-delay-most (95th percentile), data-delay-arrived
   * (median until the browser had it) and data-delays (how many).
   */
  constructor(page) {
    this.page = page;
    this.waiting = [];
    this.painted = [];
    this.arrived = [];
    this.count = 0;
    // Handled after the frame in which it was sent is painted.
    this.channel = new MessageChannel();
    this.channel.port1.onmessage = () => this.measure();
  }

  /** Tokens sampled at a time (ms since 1970) have come and are about to be shown. */
  wait(time) {
    if (document.hidden) return; // nothing is painted
    this.waiting.push(time);
    keep(this.arrived, Date.now() - time);
  }

  /** What waits has been put into the page. */
  shown() {
    if (this.waiting.length === 0) return;
    if (document.hidden) this.waiting = [];
    else this.channel.port2.postMessage(null);
  }

  measure() {
    const now = Date.now();
    for (const time of this.waiting) keep(this.painted, now - time);
    this.count += this.waiting.length;
    this.waiting = [];
    const { dataset } = this.page;
    if (this.count === Number(dataset.delays)) return;
    dataset.delay = rank(this.painted, 0.5);
    dataset.delayMost = rank(this.painted, 0.95);
    dataset.delayArrived = rank(this.arrived, 0.5);
    dataset.delays = this.count;
  }

  get words() {
    const { delay } = this.page.dataset;
    return delay >= 0 ? `${Math.round(delay)} ms behind` : "";
  }

  stop() {
    this.channel.port1.close();
  }
}

function keep(values, value) {
  values.push(value);
  if (values.length > kept) values.shift();
}

const rank = (values, share) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)];

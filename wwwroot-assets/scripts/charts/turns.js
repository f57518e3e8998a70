/**
 * Work that can wait for its turn: a little of it each frame, so that the page answers in between. What is to be done after it is
 * done for all of a frame at once, because every change of the page between two paintings makes the browser style it anew.
 */
export class Turns {
  #work;
  #after;
  #each; // items a frame
  #waiting = new Set(); // in the order in which they came
  #frame = 0;

  constructor(each, work, after = () => {}) {
    this.#each = each;
    this.#work = work;
    this.#after = after;
  }

  /** What waits already keeps its place. */
  add(items) {
    for (const item of items) this.#waiting.add(item);
    if (this.#waiting.size > 0) this.#frame ||= requestAnimationFrame(() => this.#take());
  }

  end() {
    this.#waiting.clear();
    cancelAnimationFrame(this.#frame);
  }

  async #take() {
    const turn = [...this.#waiting].slice(0, this.#each);
    turn.forEach((item) => this.#waiting.delete(item));
    this.#frame = 0;
    this.add([]);
    turn.forEach(this.#work);
    await null; // plots paint themselves when the script is done
    turn.forEach(this.#after);
  }
}

// What the page's header says of the run: its state, how far behind the picture is, who else looks on, and the button that pauses it.
import { element, write } from "./dom.js";

const tones = { running: "accent", starting: "accent", completed: "ok", failed: "bad", crashed: "bad", paused: "warn", pausing: "warn", stuck: "warn" };

export class Header {
  constructor(parts) {
    this.parts = parts;
  }

  paint(page) {
    const { parts } = this;
    if (page.state) this.paintState(page);
    const skipped = page.skipped > 0 ? ` · ${page.skipped} frames skipped` : "";
    write(parts.link, page.connection === "connected" ? (page.hasEnded ? "" : page.delay.words + skipped) : (page.connection ?? "connecting"));
    parts.watching.hidden = page.connection !== "connected" || page.hasEnded || !page.watching;
    write(parts["watching-word"], `${page.watching ?? 0} watching`);
  }

  paintState({ state, summary }) {
    const { parts } = this;
    const word = summary?.isStuck ? "stuck" : state;
    if (parts.state.dataset.state !== word) {
      parts.state.className = `pill ${tones[word] ?? ""}`;
      parts.state.replaceChildren(...(word === "running" ? [element("span", "live")] : []), word);
      parts.state.dataset.state = word;
    }
    if (!parts.pause) return;
    const [pausable, resumable] = [state === "running" || state === "starting", state === "paused" || state === "pausing"];
    parts.pause.hidden = !pausable && !resumable;
    write(parts["pause-word"], resumable ? "Resume run" : "Pause run");
  }
}

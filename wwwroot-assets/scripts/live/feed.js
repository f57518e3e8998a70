// The hub, for as long as the page is open: connects, joins the run, watches it, and begins again whatever happens.
import { HubConnectionBuilder, HubConnectionState, LogLevel } from "@microsoft/signalr";

const retryEvery = 1000;

export class Feed {
  /** @param {string} run @param {{frames: Function, run: Function, events: Function, watching: Function, link: Function}} tell what came, the run's state, its events, how many look on, how the connection is. */
  constructor(run, tell) {
    this.run = run;
    this.tell = tell;
    this.isOpen = true;
    this.connection = new HubConnectionBuilder()
      .withUrl("/hubs/rollouts")
      .withAutomaticReconnect({ nextRetryDelayInMilliseconds: () => retryEvery })
      .configureLogging(LogLevel.None)
      .build();
    this.connection.on("RunChanged", (summary) => tell.run(summary));
    this.connection.on("RunEvents", (_, events) => tell.events(events));
    this.connection.on("Watching", (_, count) => tell.watching(count));
    this.connection.onreconnecting(() => tell.link("reconnecting"));
    this.connection.onreconnected(() => this.watch());
    this.connection.onclose(() => this.again());
    this.connect();
  }

  stop() {
    this.isOpen = false;
    this.connection.stop();
  }

  async connect() {
    try {
      await this.connection.start();
    } catch (error) {
      this.tell.link(/\b40[13]\b/.test(error?.message) ? "signed out" : "no connection");
      return this.again();
    }
    await this.watch();
  }

  again() {
    if (this.isOpen) setTimeout(() => this.isOpen && this.connect(), retryEvery);
  }

  /** The stream ended: with the connection, which comes back by itself, or alone. */
  broken() {
    if (!this.isOpen) return;
    this.tell.link("reconnecting");
    setTimeout(() => this.isOpen && this.connection.state === HubConnectionState.Connected && this.watch(), retryEvery);
  }

  async watch() {
    try {
      this.tell.run(await this.connection.invoke("Join", this.run));
    } catch {
      this.tell.link("the run cannot be watched");
      return;
    }
    this.tell.link("connected");
    this.stream?.dispose();
    this.stream = this.connection.stream("Watch", this.run).subscribe({
      next: (frames) => this.tell.frames(frames),
      error: () => this.broken(),
      complete: () => {},
    });
  }
}

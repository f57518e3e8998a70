// Watches a run through the site: prints its frames (docs/live.md), one JSON object per line, until the run ends.
//   npm ci && CLGRPO_API_KEY=… node watch-run.mjs http://localhost:5080 RUN
// The key needs the scope runs:read.
import { HubConnectionBuilder, LogLevel } from "@microsoft/signalr";

const [site, run] = process.argv.slice(2);
if (!run) {
  console.error("usage: node watch-run.mjs SITE RUN");
  process.exit(2);
}

const connection = new HubConnectionBuilder()
  .withUrl(`${site}/hubs/rollouts`, { accessTokenFactory: () => process.env.CLGRPO_API_KEY ?? "" })
  .configureLogging(LogLevel.Error)
  .build();

const hasEnded = (summary) => ["completed", "stopped", "aborted", "failed", "crashed"].includes(summary.state);
let leaving = false;
const leave = async () => {
  leaving = true;
  await connection.stop();
  process.exit(0);
};

connection.on("RunChanged", (summary) => hasEnded(summary) && leave());
connection.on("RunEvents", () => {}); // the run's events as they are appended
connection.on("Watching", () => {}); // how many look on

try {
  await connection.start();
  connection.stream("Watch", run).subscribe({
    next: (frames) => frames.forEach((frame) => console.log(JSON.stringify(frame))),
    error: (error) => {
      if (leaving) return;
      console.error(error.message);
      process.exit(1);
    },
    complete: leave,
  });
  if (hasEnded(await connection.invoke("Join", run))) await leave();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}

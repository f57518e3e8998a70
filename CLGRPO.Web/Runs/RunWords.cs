using System.Globalization;

namespace CLGRPO.Web.Runs;

/// <summary>How runs are put into words.</summary>
internal static class RunWords
{
    public static string Of(RunSummary run) => run.IsStuck ? "stuck" : Of(run.State);

    public static string Of(RunState state) => state.ToString().ToLowerInvariant();

    /// <summary>The style of a state's pill.</summary>
    public static string Tone(RunSummary run) =>
        run.IsStuck
            ? "warn"
            : run.State switch
            {
                RunState.Completed => "ok",
                RunState.Running or RunState.Starting => "accent",
                RunState.Failed or RunState.Crashed => "bad",
                RunState.Paused or RunState.Pausing or RunState.Stopping or RunState.Aborted => "warn",
                _ => "",
            };

    public static string Number(double? value) =>
        value switch
        {
            null => "–",
            { } number when !double.IsFinite(number) => "not a number",
            { } number when number != 0 && Math.Abs(number) < 0.001 => number.ToString(
                "0.0e0",
                CultureInfo.InvariantCulture
            ),
            { } number when Math.Abs(number) >= 1000 => number.ToString("N0", CultureInfo.InvariantCulture),
            { } number => number.ToString("0.###", CultureInfo.InvariantCulture),
        };

    public static string Share(double? value) =>
        value is { } share ? (100 * share).ToString("0.0", CultureInfo.InvariantCulture) + " %" : "–";

    public static string Span(double seconds) =>
        seconds < 60 ? $"{seconds:F0} s"
        : seconds < 3600 ? $"{seconds / 60:F0} min"
        : $"{(int)(seconds / 3600)} h {(int)(seconds / 60) % 60:00}";

    public static string Size(long bytes) =>
        bytes >= 1L << 30 ? $"{bytes / (double)(1L << 30):F2} GiB"
        : bytes >= 1L << 20 ? $"{bytes / (double)(1L << 20):F1} MiB"
        : $"{bytes / 1024.0:F1} KiB";

    /// <summary>A metric of the newest step; null where the stage has none.</summary>
    public static double? Metric(RunSummary run, string name) =>
        run.Metrics.TryGetValue(name, out var value) ? value : null;

    /// <summary>Share of the stage's steps that are done, in percent.</summary>
    public static int Percent(RunSummary run) =>
        run.Steps > 0 ? Math.Clamp((int)(100L * run.Step / run.Steps), 0, 100) : 0;

    /// <summary>Seconds until the stage in hand is done, at its usual speed; null when nothing is known or nothing trains.</summary>
    public static double? SecondsLeft(RunSummary run) =>
        run is { State: RunState.Running, StepSeconds: { } seconds, Steps: > 0 }
            ? seconds * Math.Max(0, run.Steps - run.Step)
            : null;

    /// <summary>When there will be something to try, for a place that needs a trained model and has none; of all runs, newest first.</summary>
    public static string FirstCheckpoint(IReadOnlyList<RunSummary> runs) =>
        runs.Where(run => run.FirstCheckpointSeconds > 0).MinBy(run => run.FirstCheckpointSeconds) is { } run
            ? $"The first checkpoint is there in about {Span(Math.Max(1, run.FirstCheckpointSeconds!.Value))}: {run.Id} is at step {run.Step:N0}."
        : runs.FirstOrDefault(run => run.State is RunState.Running or RunState.Starting or RunState.Queued)
            is { } waiting
            ? $"{waiting.Id} {(waiting.State == RunState.Queued ? "waits for its turn" : "begins")}; after its first steps it is known how long the first checkpoint takes."
        : "It is saved while a run's first stage trains; no run is going on.";

    /// <summary>Tokens of a step over its time.</summary>
    public static double? TokensPerSecond(RunSummary run) =>
        Metric(run, "num_tokens") is { } tokens && Metric(run, "step_time") is { } time and > 0 ? tokens / time : null;
}

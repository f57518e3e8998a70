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

    /// <summary>What stands before the state's word: an icon, <c>dot</c>, <c>live</c>.</summary>
    public static string Glyph(RunSummary run) =>
        run.IsStuck
            ? "dot"
            : run.State switch
            {
                RunState.Running => "live",
                RunState.Completed => "check",
                RunState.Failed or RunState.Crashed => "error",
                RunState.Queued => "clock",
                _ => "dot",
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

    /// <summary>A difference of shares in points of a percent, with its sign.</summary>
    public static string Gain(double difference) =>
        (100 * difference).ToString("+0.0;−0.0;+0.0", CultureInfo.InvariantCulture);

    public static string Fixed(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);

    /// <summary>A count in few letters: 72.7 M.</summary>
    public static string Count(double? value) =>
        value switch
        {
            null => "–",
            >= 1e9 => (value.Value / 1e9).ToString("0.0", CultureInfo.InvariantCulture) + " G",
            >= 1e6 => (value.Value / 1e6).ToString("0.0", CultureInfo.InvariantCulture) + " M",
            _ => value.Value.ToString("N0", CultureInfo.InvariantCulture),
        };

    public static string Seconds(double? value) =>
        value switch
        {
            null => "–",
            < 0.1 => (1000 * value.Value).ToString("0", CultureInfo.InvariantCulture) + " ms",
            < 100 => value.Value.ToString("0.0", CultureInfo.InvariantCulture) + " s",
            _ => Span(value.Value),
        };

    public static string Span(double seconds) =>
        seconds < 60 ? $"{seconds:F0} s"
        : seconds < 3600 ? $"{seconds / 60:F0} min"
        : $"{(int)(seconds / 3600)} h {(int)(seconds / 60) % 60:00}";

    public static string Size(long bytes) =>
        bytes >= 1L << 30 ? $"{bytes / (double)(1L << 30):F2} GiB"
        : bytes >= 1L << 20 ? $"{bytes / (double)(1L << 20):F1} MiB"
        : $"{bytes / 1024.0:F1} KiB";

    /// <summary>It trains, or will without being asked again.</summary>
    public static bool IsActive(RunState state) => state <= RunState.Stopping;

    /// <summary>It can be let go on, or put in the queue again.</summary>
    public static bool CanResume(RunState state) =>
        state is RunState.Pausing or RunState.Paused || (HasEnded(state) && state != RunState.Completed);

    /// <summary>It trains no more: it can go on from any of its checkpoints, be put away, be deleted.</summary>
    public static bool HasEnded(RunState state) =>
        state is RunState.Completed or RunState.Stopped or RunState.Aborted or RunState.Failed or RunState.Crashed;

    /// <summary>Seconds from its first word to its last, or to now; null before it began.</summary>
    public static double? Duration(RunSummary run, DateTime now) =>
        run is { Stage: not null, CreatedAt: { } began, ChangedAt: { } last }
            ? ((IsActive(run.State) ? now : last.UtcDateTime) - began.UtcDateTime).TotalSeconds
            : null;

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

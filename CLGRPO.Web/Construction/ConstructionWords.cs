using System.Globalization;
using CLGRPO.Data.Cot.Checks;
using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Teachers;

namespace CLGRPO.Web.Construction;

/// <summary>Words for what the pages show of constructions.</summary>
internal static class ConstructionWords
{
    /// <summary>Share of accepted images below which a class stands out.</summary>
    public const double AlarmBelow = 0.85;

    public static string Of(ConstructionState state) =>
        state switch
        {
            ConstructionState.Waiting => "waits",
            ConstructionState.Done => "done",
            _ => state.ToString().ToLowerInvariant(),
        };

    public static string Tone(ConstructionState state) =>
        state switch
        {
            ConstructionState.Running => "accent",
            ConstructionState.Done => "ok",
            ConstructionState.Failed => "bad",
            ConstructionState.Paused or ConstructionState.Pausing or ConstructionState.Interrupted => "warn",
            _ => "",
        };

    public static bool IsActive(ConstructionState state) =>
        state is ConstructionState.Running or ConstructionState.Waiting or ConstructionState.Pausing;

    /// <summary>What kept a text from being accepted, in words.</summary>
    public static string Reason(string reason) =>
        reason switch
        {
            CotReasons.NotVerified => "votes do not reach the label",
            CotReasons.NoQuorum => "too few verifiers answered",
            CotReasons.LeaksLabel => "label given away",
            CotReasons.TooShort or CotReasons.TooLong => "too short or too long",
            CotReasons.NearDuplicate => "near-duplicate",
            CotReasons.WrongLabel => "argues for another label",
            CotReasons.Truncated => "cut off",
            CotReasons.NoReasoning or CotReasons.NoAnswer or CotReasons.UnknownLabel or CotReasons.BrokenTags =>
                "form broken",
            _ when reason.StartsWith(CotReasons.Contradicts, StringComparison.Ordinal) => "attribute contradicted",
            _ when reason.StartsWith(CotReasons.TeacherFailed, StringComparison.Ordinal) => "no answer: "
                + Outcome(reason[CotReasons.TeacherFailed.Length..]),
            _ => reason,
        };

    /// <summary>What became of a request, in words.</summary>
    public static string Outcome(string outcome) =>
        outcome switch
        {
            "server_error" => "server error",
            "unauthorized" => "key refused",
            _ => outcome.Replace('_', ' '),
        };

    /// <summary>In percent with one digit; a dash where there is nothing.</summary>
    public static string Percent(double? share) =>
        share is { } known ? (100 * known).ToString("0.0", CultureInfo.InvariantCulture) : "–";

    /// <summary>An amount in the currency of the teachers' prices, which nobody names.</summary>
    public static string Money(double amount) =>
        amount.ToString(
            amount switch
            {
                0 => "0",
                < 0.01 => "0.####",
                < 1 => "0.000",
                _ => "#,0.00",
            },
            CultureInfo.InvariantCulture
        );

    /// <summary>A number of tokens, short.</summary>
    public static string Tokens(long tokens) =>
        tokens switch
        {
            0 => "none",
            >= 1_000_000 => (tokens / 1e6).ToString("0.0", CultureInfo.InvariantCulture) + " M",
            >= 1000 => (tokens / 1e3).ToString("0.0", CultureInfo.InvariantCulture) + " k",
            _ => tokens.ToString(CultureInfo.InvariantCulture),
        };

    public static string Seconds(double? seconds) =>
        seconds switch
        {
            null => "–",
            < 0.1 => $"{1000 * seconds:0} ms",
            < 100 => $"{seconds:0.0} s",
            _ => $"{seconds:0} s",
        };

    /// <summary>A length of time: 5 h 46, 12 min, 40 s.</summary>
    public static string Span(TimeSpan span) =>
        span.TotalMinutes < 1 ? $"{Math.Max(1, span.TotalSeconds):0} s"
        : span.TotalHours < 1 ? $"{span.TotalMinutes:0} min"
        : span.TotalDays < 1 ? $"{(int)span.TotalHours} h {span.Minutes:00}"
        : $"{span.TotalDays:0.0} days";

    /// <summary>How long a state of a teacher lasts.</summary>
    public static string Until(DateTime? until, DateTime now) =>
        until is not { } moment || moment <= now ? ""
        : (moment - now) is { TotalSeconds: < 60 } left ? $"{Math.Ceiling(left.TotalSeconds):0} s"
        : $"{(int)(moment - now).TotalMinutes}:{(moment - now).Seconds:00}";

    public static string State(DeskState state) =>
        state switch
        {
            DeskState.Answering => "healthy",
            DeskState.Limited => "rate-limited",
            _ => "circuit open",
        };

    /// <summary>What a try came to: word, tone and icon.</summary>
    public static (string Word, string Tone, string Icon) Of(DecisionOutcome outcome) =>
        outcome switch
        {
            DecisionOutcome.Voting => ("voting", "accent", ""),
            DecisionOutcome.Answered => ("answered", "", "wait"),
            DecisionOutcome.Accepted => ("accepted", "ok", "check"),
            DecisionOutcome.Retry => ("retry", "warn", "retry"),
            _ => ("rejected", "bad", "close"),
        };

    /// <summary>What else there is to say of it.</summary>
    public static string About(CotDecision one) =>
        one.Outcome switch
        {
            DecisionOutcome.Voting => one.Missing == 1 ? "one vote open" : $"{one.Missing} votes open",
            DecisionOutcome.Answered => "waits for images before it",
            DecisionOutcome.Accepted => $"try {one.Try}",
            _ => string.Join(", ", one.Reasons.Select(Reason).Distinct(StringComparer.Ordinal)),
        };
}

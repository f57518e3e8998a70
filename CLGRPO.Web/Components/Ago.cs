namespace CLGRPO.Web.Components;

/// <summary>Times in words, short enough for a table.</summary>
public static class Ago
{
    public static string Past(DateTime? moment, DateTime now, string never = "never") =>
        moment is { } past
            ? Span(now - past) is { } span
                ? $"{span} ago"
                : "just now"
            : never;

    public static string Left(DateTime moment, DateTime now) =>
        moment <= now ? "over" : $"{Span(moment - now) ?? "1 min"} left";

    private static string? Span(TimeSpan span) =>
        span.TotalMinutes < 1 ? null
        : span.TotalHours < 1 ? $"{(int)span.TotalMinutes} min"
        : span.TotalDays < 1 ? $"{(int)span.TotalHours} h"
        : span.TotalDays < 2 ? "1 day"
        : $"{(int)span.TotalDays} days";
}

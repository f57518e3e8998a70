using System.Globalization;
using System.Text;
using CLGRPO.Data.Cot.Construction;

namespace CLGRPO.Data.Commands;

/// <summary>A construction's report as text.</summary>
internal static class ConstructionText
{
    /// <summary>One line: state, counts, speed.</summary>
    public static string Line(ConstructionProgress report)
    {
        var line = new StringBuilder(
            Text(
                $"construction {report.JobId} '{report.Name}' {report.State.ToString().ToLowerInvariant()}: {report.Accepted} accepted, {report.Rejected} rejected, {report.Open} open of {report.Samples}"
            )
        );
        if (report.Round is { } round)
            line.Append(Text($", round {round + 1}"));
        if (report.RequestsPerMinute is { } rate)
            line.Append(Text($", {rate:F0} answers/min"));
        if (report.Remaining is { } remaining)
            line.Append(Text($", round done in {remaining:hh\\:mm\\:ss}"));
        if (report.Cost > 0)
            line.Append(Text($", cost {report.Cost:0.####}"));
        if (report.Failure is { } failure)
            line.Append(Text($" — {failure}"));
        return line.ToString();
    }

    /// <summary>All of it.</summary>
    public static string Page(ConstructionReport report)
    {
        var page = new StringBuilder(Line(report.Progress)).AppendLine();
        page.AppendLine()
            .AppendLine("teacher             wrote  accepted        judged  agreeing      cost  seconds  requests");
        foreach (var teacher in report.Teachers)
            page.AppendLine(
                Text(
                    $"{teacher.Teacher, -18} {teacher.Generated, 6} {teacher.Accepted, 9} {Share(teacher.Accepted, teacher.Generated), 5} {teacher.Votes, 7} {Share(teacher.Agreeing, teacher.Votes), 9} {teacher.Cost, 9:0.####} {teacher.MeanSeconds, 8:F2}  {string.Join(", ", teacher.Requests.OrderByDescending(r => r.Value).Select(r => $"{r.Key} {r.Value}"))}"
                )
            );
        page.AppendLine().AppendLine("class              samples  accepted  rejected");
        foreach (var label in report.Classes)
            page.AppendLine(
                Text(
                    $"{label.Label, -18} {label.Samples, 7} {Share(label.Accepted, label.Samples), 9} {label.Rejected, 9}"
                )
            );
        if (report.Reasons.Count > 0)
        {
            page.AppendLine().AppendLine("rejected attempts, by reason");
            foreach (var (reason, count) in report.Reasons)
                page.AppendLine(Text($"{count, 7}  {reason}"));
        }
        if (report.Agreement.Count > 0)
        {
            page.AppendLine().AppendLine("verifiers             both   agree   kappa");
            foreach (var pair in report.Agreement)
                page.AppendLine(
                    Text(
                        $"{pair.First + " – " + pair.Second, -20} {pair.Both, 5} {Number(pair.Percent, "P1"), 7} {Number(pair.Kappa, "F3"), 7}"
                    )
                );
        }
        return page.ToString();
    }

    private static string Share(int part, int whole) =>
        whole == 0 ? "–" : ((double)part / whole).ToString("P1", CultureInfo.InvariantCulture);

    private static string Number(double? value, string format) =>
        value?.ToString(format, CultureInfo.InvariantCulture) ?? "n/a";

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}

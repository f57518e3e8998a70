namespace CLGRPO.Training.Evaluation;

/// <summary>Rows of cells as text; the first row is the header, the first column a name, the others numbers.</summary>
internal static class TextTable
{
    /// <summary>Aligned columns: the first to the left, numbers to the right, a rule under the header.</summary>
    public static string Aligned(IReadOnlyList<string[]> rows)
    {
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length)).ToList();
        var lines = rows.Select(row =>
            string.Join("  ", row.Select((cell, i) => i == 0 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i])))
        );
        var rule = new string('─', widths.Sum() + (2 * (widths.Count - 1)));
        return string.Join('\n', lines.Take(1).Append(rule).Concat(lines.Skip(1))) + "\n";
    }

    /// <summary>A table in Markdown.</summary>
    public static string Markdown(IReadOnlyList<string[]> rows)
    {
        static string Line(IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |";
        var escaped = rows.Select(row => Line(row.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal))));
        var rule = Line(rows[0].Select((_, i) => i == 0 ? "---" : "---:"));
        return string.Join('\n', escaped.Take(1).Append(rule).Concat(escaped.Skip(1))) + "\n";
    }
}

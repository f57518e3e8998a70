using System.Text;

namespace CLGRPO.Data.Files;

/// <summary>
/// Writes CSV for spreadsheets. Every cell is quoted; a cell that a spreadsheet would take for a formula gets an apostrophe
/// in front (A-CSV-1), so the file is for reading, not for reading back.
/// </summary>
public sealed class CsvWriter : IDisposable, IAsyncDisposable
{
    private readonly StreamWriter _writer;

    /// <param name="stream">Left open.</param>
    public CsvWriter(Stream stream) =>
        _writer = new StreamWriter(stream, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\r\n" };

    public void Write(IReadOnlyList<string> cells) => _writer.WriteLine(Line(cells));

    public Task WriteAsync(IReadOnlyList<string> cells) => _writer.WriteLineAsync(Line(cells));

    /// <summary>One cell, quoted and made harmless.</summary>
    internal static string Cell(string text)
    {
        var isFormula =
            text.Length > 0
            && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r' or '\n' or '＝' or '＋' or '－' or '＠';
        return $"\"{(isFormula ? "'" : "")}{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    public void Dispose() => _writer.Dispose();

    public ValueTask DisposeAsync() => _writer.DisposeAsync();

    private static string Line(IReadOnlyList<string> cells) => string.Join(',', cells.Select(Cell));
}

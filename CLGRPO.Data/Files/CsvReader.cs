using System.Text;

namespace CLGRPO.Data.Files;

/// <summary>Reads CSV: quotes around cells with separators, line breaks or doubled quotes. Source: RFC 4180.</summary>
/// <param name="reader">The text; disposed with this.</param>
/// <param name="separator">Between cells.</param>
internal sealed class CsvReader(TextReader reader, char separator = ',') : IDisposable
{
    private const int MaxCellLength = 1 << 20;

    private readonly StringBuilder _cell = new();
    private long _nextLine = 1;

    /// <summary>The line on which the last row began, from 1.</summary>
    public long Line { get; private set; }

    /// <summary>The cells of the next row that is not empty; null at the end.</summary>
    /// <exception cref="InvalidDataException">A cell has no end, as when a quote is missing.</exception>
    public string[]? Read()
    {
        while (reader.Peek() >= 0)
        {
            Line = _nextLine;
            var cells = ReadRow();
            if (cells is not [""])
                return cells;
        }
        return null;
    }

    public void Dispose() => reader.Dispose();

    private string[] ReadRow()
    {
        var cells = new List<string>();
        var quoted = false;
        while (true)
        {
            var next = reader.Read();
            if (next < 0 || (!quoted && next is '\n' or '\r'))
            {
                cells.Add(Take());
                EndLine(next);
                return [.. cells];
            }
            var character = (char)next;
            if (quoted && character == '"' && reader.Peek() == '"')
                _cell.Append((char)reader.Read());
            else if (character == '"' && (quoted || _cell.Length == 0))
                quoted = !quoted;
            else if (!quoted && character == separator)
                cells.Add(Take());
            else
            {
                _cell.Append(character);
                if (_cell.Length > MaxCellLength)
                    throw new InvalidDataException(
                        $"a cell of the row that begins on line {Line} has more than {MaxCellLength} characters; is a quote missing?"
                    );
                if (character == '\n')
                    _nextLine++;
            }
        }
    }

    private string Take()
    {
        var cell = _cell.ToString();
        _cell.Clear();
        return cell;
    }

    private void EndLine(int end)
    {
        if (end == '\r' && reader.Peek() == '\n')
            _ = reader.Read();
        _nextLine++;
    }
}

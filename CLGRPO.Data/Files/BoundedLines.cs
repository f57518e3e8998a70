using System.Text;

namespace CLGRPO.Data.Files;

/// <summary>Reads lines of a stranger's file: of one that is too long only the beginning is kept, so that memory is bounded.</summary>
/// <param name="reader">Not disposed.</param>
/// <param name="most">Characters of a line that are kept.</param>
internal sealed class BoundedLines(TextReader reader, int most)
{
    private readonly char[] _buffer = new char[1 << 14];
    private readonly StringBuilder _line = new();
    private int _at;
    private int _length;

    /// <summary>The next line without its end, and whether it is whole; null at the end.</summary>
    public async ValueTask<(string Text, bool IsWhole)?> Read(CancellationToken stop)
    {
        _line.Clear();
        var isWhole = true;
        for (var begun = false; ; begun = true)
        {
            if (_at == _length)
            {
                (_at, _length) = (0, await reader.ReadAsync(_buffer, stop));
                if (_length == 0)
                    return begun ? (Taken(), isWhole) : null;
            }
            var rest = _buffer.AsSpan(_at, _length - _at);
            var end = rest.IndexOf('\n');
            var part = end < 0 ? rest : rest[..end];
            var kept = Math.Min(part.Length, most - _line.Length);
            _line.Append(part[..kept]);
            isWhole &= kept == part.Length;
            _at += part.Length + (end < 0 ? 0 : 1);
            if (end >= 0)
                return (Taken(), isWhole);
        }
    }

    private string Taken() =>
        _line.Length > 0 && _line[^1] == '\r' ? _line.ToString(0, _line.Length - 1) : _line.ToString();
}

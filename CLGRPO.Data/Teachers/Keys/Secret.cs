namespace CLGRPO.Data.Teachers.Keys;

/// <summary>A text that shows itself to nobody by accident: not to logs, messages, serializers or debuggers (A-SEC-LEAK).</summary>
[System.Diagnostics.DebuggerDisplay("***")]
public sealed class Secret
{
    private const int MaxLength = 4096;
    private readonly string _value;

    /// <param name="value">Printable ASCII without blanks, as HTTP headers carry it; white space around it is dropped.</param>
    /// <exception cref="ArgumentException">The text is no such key; it is not part of the message.</exception>
    public Secret(string value)
    {
        _value = value.Trim();
        if (_value.Length is 0 or > MaxLength || !_value.All(c => c is > ' ' and <= '~'))
        {
            throw new ArgumentException(
                $"The key must be 1 to {MaxLength} printable ASCII characters without blanks; was it copied whole?"
            );
        }
    }

    /// <summary>The text itself, for the one place that sends it.</summary>
    public string Reveal() => _value;

    /// <summary>Always <c>***</c>.</summary>
    public override string ToString() => "***";
}

using System.Collections;

namespace CLGRPO.Data.Runs;

/// <summary>Names of metrics in an order: one object for all steps in a row that have the same.</summary>
/// <param name="names">Each once.</param>
public sealed class MetricNames(IReadOnlyList<string> names) : IReadOnlyList<string>
{
    private readonly Dictionary<string, int> _places = names
        .Select((name, place) => (name, place))
        .ToDictionary(item => item.name, item => item.place, StringComparer.Ordinal);

    public int Count => names.Count;

    public string this[int place] => names[place];

    /// <summary>Where a name stands.</summary>
    public bool TryFind(string name, out int place) => _places.TryGetValue(name, out place);

    public IEnumerator<string> GetEnumerator() => names.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>The metrics of a step as they are read: values beside names that it shares with other steps.</summary>
/// <param name="names">Tells by reference whether two rows have the same columns.</param>
/// <param name="values">One for each name.</param>
public sealed class MetricRow(MetricNames names, double[] values) : IReadOnlyDictionary<string, double>
{
    public MetricNames Names => names;

    public int Count => values.Length;

    public double this[string key] =>
        TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"There is no metric '{key}'.");

    public IEnumerable<string> Keys => names;

    public IEnumerable<double> Values => values;

    public bool ContainsKey(string key) => names.TryFind(key, out _);

    public bool TryGetValue(string key, out double value)
    {
        var found = names.TryFind(key, out var place);
        value = found ? values[place] : 0;
        return found;
    }

    public ReadOnlySpan<double> AsSpan() => values;

    public IEnumerator<KeyValuePair<string, double>> GetEnumerator()
    {
        for (var place = 0; place < values.Length; place++)
            yield return new(names[place], values[place]);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

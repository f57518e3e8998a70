using CLGRPO.Data.Runs;

namespace CLGRPO.Web.Runs;

/// <summary>Metrics over steps that rise, each in two columns: a dozen bytes a point, however many look at it.</summary>
internal sealed class MetricColumns
{
    private readonly Dictionary<string, MetricColumn> _columns = new(StringComparer.Ordinal);
    private MetricNames? _names; // of the newest row
    private MetricColumn[] _row = []; // the columns that it has

    /// <summary>In the order in which they first came.</summary>
    public IReadOnlyCollection<string> Names => _columns.Keys;

    public MetricColumn? Find(string metric) => _columns.GetValueOrDefault(metric);

    /// <summary>Metric → value after a step.</summary>
    public IReadOnlyDictionary<string, double> At(int step) =>
        _columns
            .Select(column => (column.Key, Value: column.Value.At(step)))
            .Where(column => column.Value is not null)
            .ToDictionary(column => column.Key, column => column.Value!.Value, StringComparer.Ordinal);

    /// <summary>Adds a step; one that is not later than the last of its metric is left out.</summary>
    public void Add(int step, IReadOnlyDictionary<string, double> metrics)
    {
        if (metrics is MetricRow row)
        {
            Add(step, row);
            return;
        }
        foreach (var (name, value) in metrics)
            ColumnOf(name).Add(step, value);
    }

    private void Add(int step, MetricRow row)
    {
        if (row.Names != _names)
            (_names, _row) = (row.Names, [.. row.Names.Select(ColumnOf)]);
        var values = row.AsSpan();
        for (var place = 0; place < values.Length; place++)
            _row[place].Add(step, values[place]);
    }

    private MetricColumn ColumnOf(string name)
    {
        if (!_columns.TryGetValue(name, out var column))
            _columns[name] = column = new MetricColumn();
        return column;
    }

    /// <summary>Takes what comes after a step away.</summary>
    /// <returns>What was taken, each metric with the point from which it went on; null when nothing was.</returns>
    public MetricColumns? CutAfter(int step)
    {
        var cut = new MetricColumns();
        foreach (var (name, column) in _columns)
        {
            if (column.CutAfter(step) is { } rest)
                cut._columns[name] = rest;
        }
        return cut._columns.Count > 0 ? cut : null;
    }
}

/// <summary>A metric's points, by rising step.</summary>
internal sealed class MetricColumn
{
    private readonly List<int> _steps = [];
    private readonly List<double> _values = [];

    public int Count => _steps.Count;

    public double Last => _values[^1];

    public double Sum { get; private set; }

    /// <summary>The value after a step; null where there is none.</summary>
    public double? At(int step) => _steps.BinarySearch(step) is >= 0 and var at ? _values[at] : null;

    public void Add(int step, double value)
    {
        if (_steps.Count > 0 && step <= _steps[^1])
            return;
        _steps.Add(step);
        _values.Add(value);
        Sum += value;
    }

    public MetricColumn? CutAfter(int step)
    {
        var at = _steps.BinarySearch(step);
        var first = at >= 0 ? at + 1 : ~at;
        if (first == _steps.Count)
            return null;
        var rest = new MetricColumn();
        for (var i = Math.Max(0, first - 1); i < _steps.Count; i++)
            rest.Add(_steps[i], _values[i]);
        _steps.RemoveRange(first, _steps.Count - first);
        _values.RemoveRange(first, _values.Count - first);
        Sum = _values.Sum();
        return rest;
    }

    /// <summary>
    /// The points for a chart. Keeps first and last, and of every stretch between them its lowest and highest point: a spike
    /// is seen however long the run is.
    /// </summary>
    /// <param name="points">At the most; at least 2.</param>
    public (IReadOnlyList<int> Steps, IReadOnlyList<double> Values) Thin(int points)
    {
        if (_steps.Count <= points)
            return ([.. _steps], [.. _values]);
        var (steps, values) = (new List<int>(points), new List<double>(points));
        Keep(0);
        var stretches = (points - 2) / 2;
        for (var i = 0; i < stretches; i++)
        {
            var from = (int)((long)_steps.Count * i / stretches);
            var to = (int)((long)_steps.Count * (i + 1) / stretches);
            var (low, high) = Extremes(from, to);
            Keep(Math.Min(low, high));
            Keep(Math.Max(low, high));
        }
        Keep(_steps.Count - 1);
        return (steps, values);

        void Keep(int at)
        {
            if (steps.Count > 0 && steps[^1] == _steps[at])
                return;
            steps.Add(_steps[at]);
            values.Add(_values[at]);
        }
    }

    // CompareTo orders "not a number" below all others, so it is kept too.
    private (int Low, int High) Extremes(int from, int to)
    {
        var (low, high) = (from, from);
        for (var at = from + 1; at < to; at++)
        {
            if (_values[at].CompareTo(_values[low]) < 0)
                low = at;
            if (_values[at].CompareTo(_values[high]) > 0)
                high = at;
        }
        return (low, high);
    }
}

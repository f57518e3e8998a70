using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace CLGRPO.Web.Operation;

/// <summary>An instrument's series, as OpenMetrics knows them. Not safe for several threads.</summary>
/// <remarks>Source: OpenMetrics 1.0, prometheus.io/docs/specs/om/open_metrics_spec.</remarks>
internal sealed class MetricFamily
{
    // Seconds of a request; what an instrument itself advises goes before.
    private static readonly double[] DefaultBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly Kind _kind;
    private readonly bool _adds;
    private readonly string? _help;
    private readonly double[] _bounds;
    private readonly SortedDictionary<string, Series> _series = new(StringComparer.Ordinal);

    public MetricFamily(Instrument instrument)
    {
        var type = instrument.GetType().GetGenericTypeDefinition();
        _kind =
            type == typeof(Counter<>) || type == typeof(ObservableCounter<>) ? Kind.Counter
            : type == typeof(Histogram<>) ? Kind.Histogram
            : Kind.Gauge;
        _adds = type == typeof(Counter<>) || type == typeof(UpDownCounter<>);
        _help = instrument.Description;
        _bounds = Bounds(instrument);
        Name = NameOf(instrument);
    }

    private enum Kind
    {
        Counter,
        Gauge,
        Histogram,
    }

    public string Name { get; }

    /// <returns>Whether a series came into being.</returns>
    public bool Take(double value, string labels, bool mayGrow)
    {
        var isNew = !_series.TryGetValue(labels, out var series);
        if (series is null)
        {
            if (!mayGrow)
                return false;
            _series[labels] = series = new Series(_kind == Kind.Histogram ? _bounds.Length + 1 : 0);
        }
        if (_kind == Kind.Histogram)
            series.Add(value, _bounds);
        else
            series.Value = _adds ? series.Value + value : value;
        return isNew;
    }

    /// <returns>How many series are gone.</returns>
    public int Clear()
    {
        var count = _series.Count;
        _series.Clear();
        return count;
    }

    /// <summary>Tags as labels: <c>a="1",b="x"</c>.</summary>
    public static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in tags)
        {
            if (text.Length > 0)
                text.Append(',');
            text.Append(Identifier(name)).Append("=\"");
            foreach (var sign in Convert.ToString(value, CultureInfo.InvariantCulture) ?? "")
                text.Append(
                    sign switch
                    {
                        '\\' => "\\\\",
                        '"' => "\\\"",
                        '\n' => "\\n",
                        _ => sign.ToString(),
                    }
                );
            text.Append('"');
        }
        return text.ToString();
    }

    /// <summary>Writes instruments of one name, which two meters may share.</summary>
    public static void Write(TextWriter text, IReadOnlyList<MetricFamily> families)
    {
        var first = families[0];
        text.WriteLine($"# TYPE {first.Name} {first._kind.ToString().ToLowerInvariant()}");
        if (first._help is { Length: > 0 } help)
            text.WriteLine(
                $"# HELP {first.Name} {help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}"
            );
        foreach (var family in families.Where(family => family._kind == first._kind))
        {
            foreach (var (labels, series) in family._series)
                family.Write(text, labels, series);
        }
    }

    private void Write(TextWriter text, string labels, Series series)
    {
        if (_kind != Kind.Histogram)
        {
            Line(text, _kind == Kind.Counter ? "_total" : "", labels, series.Value);
            return;
        }
        var sum = 0L;
        for (var i = 0; i <= _bounds.Length; i++)
        {
            sum += series.Buckets[i];
            var bound = i < _bounds.Length ? Number(_bounds[i]) : "+Inf";
            Line(text, "_bucket", labels.Length > 0 ? $"{labels},le=\"{bound}\"" : $"le=\"{bound}\"", sum);
        }
        Line(text, "_count", labels, sum);
        Line(text, "_sum", labels, series.Value);
    }

    private void Line(TextWriter text, string suffix, string labels, double value) =>
        text.WriteLine($"{Name}{suffix}{(labels.Length > 0 ? $"{{{labels}}}" : "")} {Number(value)}");

    private static string Number(double value) =>
        double.IsNaN(value) ? "NaN"
        : double.IsPositiveInfinity(value) ? "+Inf"
        : double.IsNegativeInfinity(value) ? "-Inf"
        : value.ToString("R", CultureInfo.InvariantCulture);

    private static string NameOf(Instrument instrument)
    {
        var name = Identifier(instrument.Name);
        var unit = instrument.Unit switch
        {
            "s" => "_seconds",
            "By" => "_bytes",
            _ => "",
        };
        return name.EndsWith(unit, StringComparison.Ordinal) ? name : name + unit;
    }

    private static string Identifier(string name) =>
        string.Concat(name.Select(sign => char.IsAsciiLetterOrDigit(sign) ? sign : '_'));

    private static double[] Bounds(Instrument instrument) =>
        instrument switch
        {
            Histogram<double> { Advice.HistogramBucketBoundaries: { Count: > 0 } bounds } => [.. bounds],
            Histogram<int> { Advice.HistogramBucketBoundaries: { Count: > 0 } bounds } =>
            [
                .. bounds.Select(bound => (double)bound),
            ],
            Histogram<long> { Advice.HistogramBucketBoundaries: { Count: > 0 } bounds } =>
            [
                .. bounds.Select(bound => (double)bound),
            ],
            _ => DefaultBounds,
        };

    private sealed class Series(int buckets)
    {
        /// <summary>Of a histogram the sum.</summary>
        public double Value { get; set; }

        public long[] Buckets { get; } = new long[buckets];

        public void Add(double value, double[] bounds)
        {
            var at = Array.FindIndex(bounds, bound => value <= bound);
            Buckets[at < 0 ? bounds.Length : at]++;
            Value += value;
        }
    }
}

using System.Diagnostics.Metrics;
using CLGRPO.Web.Runs;

namespace CLGRPO.Web.Operation;

/// <summary>
/// Listens to the site's instruments, and to ASP.NET Core's and .NET's own, and writes what they are at as OpenMetrics text, which
/// Prometheus and its like read.
/// </summary>
public sealed class OpenMetrics : IDisposable
{
    public const string ContentType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    // A label that grows without end must not take the site's memory.
    private const int MostSeries = 4000;

    private static readonly HashSet<string> Meters = new(StringComparer.Ordinal)
    {
        SiteMeter.Name,
        TrainingMeter.Name,
        "Microsoft.AspNetCore.Hosting",
        "Microsoft.AspNetCore.Server.Kestrel",
        "Microsoft.AspNetCore.Http.Connections",
        "Microsoft.AspNetCore.RateLimiting",
        "System.Runtime",
    };

    private readonly Lock _gate = new();
    private readonly MeterListener _listener = new();
    private readonly Dictionary<Instrument, MetricFamily> _families = [];
    private int _series;

    public OpenMetrics()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (Meters.Contains(instrument.Meter.Name))
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.MeasurementsCompleted = (instrument, _) =>
        {
            lock (_gate)
                _families.Remove(instrument);
        };
        _listener.SetMeasurementEventCallback<byte>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<short>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<float>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<decimal>(
            (instrument, value, tags, _) => Take(instrument, (double)value, tags)
        );
        _listener.Start();
    }

    /// <summary>All that the instruments are at, now.</summary>
    public string Write()
    {
        lock (_gate)
        {
            // What is observed is told anew: a run that has ended has no step any more.
            foreach (var (instrument, family) in _families)
            {
                if (instrument.IsObservable)
                    _series -= family.Clear();
            }
            _listener.RecordObservableInstruments();
            var text = new StringWriter { NewLine = "\n" };
            foreach (
                var families in _families
                    .Values.GroupBy(family => family.Name, StringComparer.Ordinal)
                    .OrderBy(families => families.Key, StringComparer.Ordinal)
            )
                MetricFamily.Write(text, [.. families]);
            text.WriteLine("# EOF");
            return text.ToString();
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_gate)
        {
            if (!_families.TryGetValue(instrument, out var family))
                _families[instrument] = family = new MetricFamily(instrument);
            if (family.Take(value, MetricFamily.Labels(tags), mayGrow: _series < MostSeries))
                _series++;
        }
    }
}

/// <summary>The address of the figures.</summary>
public static class OpenMetricsEndpoint
{
    /// <summary>Scope of API keys that read the figures.</summary>
    public const string Scope = "metrics:read";

    public static void MapOpenMetrics(this WebApplication site)
    {
        var metrics = site.Services.GetRequiredService<OpenMetrics>(); // listens from the start
        _ = site.Services.GetRequiredService<TrainingMeter>();
        site.MapGet("/metrics", () => TypedResults.Text(metrics.Write(), OpenMetrics.ContentType))
            .RequireAuthorization(Scope)
            .ExcludeFromDescription();
    }
}

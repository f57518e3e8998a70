using System.Diagnostics.Metrics;
using System.Net;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Operation;
using CLGRPO.Web.Runs;
using Microsoft.Extensions.DependencyInjection;

namespace CLGRPO.Web.Tests.Operation;

/// <summary>Rates, and what the site measures of itself.</summary>
public sealed class LimitTests : IDisposable
{
    private const int PerMinute = 5;
    private readonly BareSite _site = BareSite.With(("Site:ApiRequestsPerMinute", $"{PerMinute}"));

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ApiRequests_OfOneKeyTooMany_LeaveTheOthersTheirs()
    {
        using var busy = await ClientAsync("busy");
        using var quiet = await ClientAsync("quiet");
        using var nobody = _site.CreateClient();
        for (var i = 0; i < PerMinute; i++)
            Assert.Equal(HttpStatusCode.OK, (await busy.GetAsync("/api/v1/runs", Stop)).StatusCode);
        using var refused = await busy.GetAsync("/api/v1/runs", Stop);

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal("application/problem+json", refused.Content.Headers.ContentType?.MediaType);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.OK, (await quiet.GetAsync("/api/v1/runs", Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.GetAsync("/api/v1/runs", Stop)).StatusCode);
        // Pages and health are not the API.
        Assert.Equal(HttpStatusCode.OK, (await nobody.GetAsync("/alive", Stop)).StatusCode);
    }

    [Fact]
    public void Meter_PagesAndSignIns_AreCounted()
    {
        var seen = new List<(string Name, int Value, object? Result)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, all) =>
            {
                if (instrument.Meter.Name == SiteMeter.Name && instrument.Meter.Scope == Meters)
                    all.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<int>(
            (instrument, value, tags, _) => seen.Add((instrument.Name, value, tags.Length > 0 ? tags[0].Value : null))
        );
        listener.Start();
        var meter = _site.Services.GetRequiredService<SiteMeter>();
        meter.PageOpened();
        meter.SignedIn(success: true);
        meter.SignedIn(success: false);
        meter.PageClosed();

        Assert.Equal(
            [
                ("clgrpo.pages.open", 1, null),
                ("clgrpo.sign_ins", 1, "success"),
                ("clgrpo.sign_ins", 1, "refused"),
                ("clgrpo.pages.open", -1, null),
            ],
            seen
        );
    }

    private IMeterFactory Meters => _site.Services.GetRequiredService<IMeterFactory>();

    public void Dispose() => _site.Dispose();

    private Task<HttpClient> ClientAsync(string name) => _site.CreateClientAsync(name, RunScopes.Read);
}

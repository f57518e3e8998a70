using System.Globalization;
using Microsoft.Playwright;

namespace CLGRPO.Web.Tests.Browser;

/// <summary>
/// How long a token takes from the sampler to the screen. It says something on a quiet machine only, so it runs when it is
/// asked for: <c>make live-delay</c>.
/// </summary>
public sealed class LiveDelay(LiveSite site) : IClassFixture<LiveSite>
{
    private const double MostMedian = 150; // ms

    [Fact(Explicit = true)]
    public async Task Delay_SampledToPainted_MedianIsUnderItsLimit()
    {
        await using var visitor = await site.Visit();
        await visitor.Go($"/runs/{site.Run}/live");
        await visitor.Page.WaitForFunctionAsync(
            "() => Number(document.querySelector('.live-page')?.dataset.delays) >= 2000",
            null,
            new() { Timeout = 600_000 }
        );
        var median = await Figure(visitor.Page, "delay");
        var most = await Figure(visitor.Page, "delayMost");
        var arrived = await Figure(visitor.Page, "delayArrived");
        TestContext.Current.SendDiagnosticMessage(
            "sampled to painted: median {0:F0} ms, 95th percentile {1:F0} ms, {2:F0} ms of the median until the browser had it; the newest 2000 frames, {3} cores, load {4}",
            median,
            most,
            arrived,
            Environment.ProcessorCount,
            File.Exists("/proc/loadavg") ? await File.ReadAllTextAsync("/proc/loadavg", Stop) : "unknown"
        );
        Assert.True(median < MostMedian, $"The median is {median:F1} ms; it must be under {MostMedian} ms.");
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static async Task<double> Figure(IPage page, string name) =>
        double.Parse(
            await page.EvaluateAsync<string>($"() => document.querySelector('.live-page').dataset.{name}"),
            CultureInfo.InvariantCulture
        );
}

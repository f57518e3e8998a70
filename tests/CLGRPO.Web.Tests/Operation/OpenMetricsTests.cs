using System.Net;
using System.Text.RegularExpressions;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Operation;
using CLGRPO.Web.Runs;

namespace CLGRPO.Web.Tests.Operation;

public sealed partial class OpenMetricsTests : IDisposable
{
    private readonly BareSite _site = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private async Task<HttpResponseMessage> AskAsync(string? scope)
    {
        using var client = scope is null ? _site.CreateClient() : await _site.CreateClientAsync("scraper", scope);
        return await client.GetAsync("/metrics", Stop);
    }

    [Fact]
    [Trait("Id", "A-AUTHZ-1")]
    public async Task Get_WithoutTheScope_IsRefused()
    {
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(null)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(RunScopes.Read)).StatusCode);
    }

    [Fact]
    public async Task Get_WithTheScope_IsOpenMetricsTextOfSiteTrainingAndRuntime()
    {
        await AskAsync(RunScopes.Read); // so that there is a request to count
        using var answer = await AskAsync(OpenMetricsEndpoint.Scope);
        Assert.Equal("application/openmetrics-text", answer.Content.Headers.ContentType!.MediaType);
        var text = await answer.Content.ReadAsStringAsync(Stop);

        Assert.EndsWith("\n# EOF\n", text, StringComparison.Ordinal);
        var lines = text.TrimEnd('\n').Split('\n')[..^1];
        Assert.All(lines, line => Assert.Matches(Line(), line));
        var samples = lines.Where(line => line[0] != '#').Select(line => line[..line.LastIndexOf(' ')]).ToList();
        Assert.Equal(samples.Distinct(StringComparer.Ordinal).Count(), samples.Count);
        var types = lines.Where(line => line.StartsWith("# TYPE", StringComparison.Ordinal)).ToList();
        Assert.Equal(types.Select(line => line.Split(' ')[2]).Distinct(StringComparer.Ordinal).Count(), types.Count);
        Assert.Contains("clgrpo_runs{state=\"running\"} 0", lines);
        Assert.Contains(
            lines,
            line =>
                line.StartsWith("clgrpo_machine{metric=\"system/disk_available_megabytes\"}", StringComparison.Ordinal)
        );
        Assert.Contains(
            lines,
            line =>
                line.StartsWith("http_server_request_duration_seconds_bucket{", StringComparison.Ordinal)
                && line.Contains("le=\"+Inf\"", StringComparison.Ordinal)
        );
        Assert.Contains("# TYPE dotnet_gc_collections counter", lines);
    }

    [Fact]
    public void Labels_OfAnyText_AreOneLine() =>
        Assert.Equal(
            "run_id=\"a\\\"b\\\\c\\nd\",empty=\"\"",
            MetricFamily.Labels([new("run.id", "a\"b\\c\nd"), new("empty", null)])
        );

    public void Dispose() => _site.Dispose();

    [GeneratedRegex(
        "^(# (TYPE|HELP) [a-zA-Z_][a-zA-Z0-9_]* .+|[a-zA-Z_][a-zA-Z0-9_]*(\\{[a-zA-Z_][a-zA-Z0-9_]*=\"([^\"\\\\\\n]|\\\\[\\\\\"n])*\"(,[a-zA-Z_][a-zA-Z0-9_]*=\"([^\"\\\\\\n]|\\\\[\\\\\"n])*\")*\\})? ([-+0-9.eE]+|NaN|[-+]Inf))$",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Line();
}

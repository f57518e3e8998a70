using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Runs;
using Microsoft.Extensions.DependencyInjection;

namespace CLGRPO.Web.Tests.Accounts;

public sealed class AuditEndpointTests : IDisposable
{
    private readonly BareSite _site = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task List_WithFilters_PagesWhatPassesNewestFirst()
    {
        using var client = await ClientAsync(Scopes.AuditRead);
        for (var i = 0; i < 5; i++)
            await WriteAsync("ada", "run.start", $"run:{i}", "Nano recipe");
        await WriteAsync("grace", "run.delete", "run:1", detail: null);
        await WriteAsync("grace", "dataset.freeze", "dataset:1", detail: null);

        Assert.Equal("2: dataset:1 run:1", await SubjectsAsync("who=grace"));
        Assert.Equal("6: run:1 run:4", await SubjectsAsync("what=run.&limit=2"));
        Assert.Equal("6: run:0", await SubjectsAsync("what=run.&limit=2&offset=5"));
        Assert.Equal("5: run:4", await SubjectsAsync("text=nano%20RECIPE&limit=1"));
        Assert.Equal("1: run:1", await SubjectsAsync("text=RUN:1&who=grace"));
        Assert.Equal("0: ", await SubjectsAsync("since=2999-01-01T00:00:00Z"));
        Assert.Equal("0: ", await SubjectsAsync("text=100%25"));
        Assert.Equal(HttpStatusCode.BadRequest, (await client.GetAsync("/api/v1/audit?limit=501", Stop)).StatusCode);
        Assert.Equal(
            HttpStatusCode.BadRequest,
            (await client.GetAsync($"/api/v1/audit?text={new string('x', 201)}", Stop)).StatusCode
        );

        async Task<string> SubjectsAsync(string query)
        {
            var page = await client.GetFromJsonAsync<JsonElement>($"/api/v1/audit?{query}", Stop);
            var items = page.GetProperty("items").EnumerateArray();
            return $"{page.GetProperty("total")}: {string.Join(' ', items.Select(one => one.GetProperty("subject")))}";
        }
    }

    [Fact]
    [Trait("Id", "A-CSV-1")]
    public async Task Csv_WithAFormulaAsAName_MakesItHarmless()
    {
        using var client = await ClientAsync(Scopes.AuditRead);
        await WriteAsync("=HYPERLINK(\"http://evil\")", "run.start", "run:1", "a,\"b\"");

        using var answer = await client.GetAsync("/api/v1/audit.csv?what=run.", Stop);

        Assert.Equal("text/csv", answer.Content.Headers.ContentType?.MediaType);
        var lines = (await answer.Content.ReadAsStringAsync(Stop)).Split("\r\n");
        Assert.Equal("\"time\",\"who\",\"what\",\"object\",\"before\",\"after\"", lines[0]);
        Assert.Contains(
            "\"'=HYPERLINK(\"\"http://evil\"\")\",\"run.start\",\"run:1\"",
            lines[1],
            StringComparison.Ordinal
        );
        Assert.Equal([""], lines[2..]);
    }

    [Theory]
    [InlineData("/api/v1/audit")]
    [InlineData("/api/v1/audit.csv")]
    public async Task Audit_ByAKeyWithoutTheScope_IsForbidden(string url)
    {
        using var client = await ClientAsync(RunScopes.Read);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync(url, Stop)).StatusCode);
    }

    public void Dispose() => _site.Dispose();

    private Task WriteAsync(string who, string what, string subject, string? detail) =>
        _site.Services.GetRequiredService<Audit>().Write(who, what, subject, detail, Stop);

    private Task<HttpClient> ClientAsync(params string[] scopes) => _site.CreateClientAsync("reader", scopes);
}

using System.Net;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Runs;
using CLGRPO.Web.Tests.Browser;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CLGRPO.Web.Tests.Api;

/// <summary>The API's description against the one in the repository, so that a change of the API is seen in review; and its page.</summary>
[Trait("Id", "A-SWG-1")]
public sealed class OpenApiTests : IDisposable
{
    private const string Update = "CLGRPO_UPDATE_OPENAPI";
    private static readonly string InRepository = Path.Combine(Checkout.Root, "docs", "openapi.json");
    private readonly BrowserFixture _browser;
    private readonly BareSite _site = new();

    public OpenApiTests(BrowserFixture browser)
    {
        _browser = browser;
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Document_OfTheSite_IsTheOneInTheRepository()
    {
        using var client = await Client();
        var document = await client.GetStringAsync("/swagger/v1/swagger.json", Stop) + "\n";
        if (Environment.GetEnvironmentVariable(Update) == "1")
            await File.WriteAllTextAsync(InRepository, document, Stop);

        Assert.True(
            await File.ReadAllTextAsync(InRepository, Stop) == document,
            "The API differs from docs/openapi.json. If that is meant, run `make openapi` and commit the file."
        );
    }

    [Fact]
    public async Task Operations_All_SayWhatTheyDoAndWhoMay()
    {
        using var client = await Client();
        using var document = System.Text.Json.JsonDocument.Parse(
            await client.GetStringAsync("/swagger/v1/swagger.json", Stop)
        );
        var operations = document
            .RootElement.GetProperty("paths")
            .EnumerateObject()
            .SelectMany(path =>
                path.Value.EnumerateObject()
                    .Select(operation => (Name: $"{operation.Name} {path.Name}", operation.Value))
            )
            .ToList();

        Assert.NotEmpty(operations);
        Assert.DoesNotContain(
            operations,
            operation =>
                !operation.Value.TryGetProperty("summary", out _)
                || !operation.Value.TryGetProperty("operationId", out _)
                || operation.Value.GetProperty("description").GetString()?.Contains("For ", StringComparison.Ordinal)
                    != true
        );
    }

    [Fact]
    public async Task Page_OfStrangersAndKeys_IsRefused()
    {
        using var nobody = _site.CreateClient();
        using var program = await Client();
        foreach (var path in (string[])["/swagger", "/swagger/index.html", "/swagger/swagger-ui-bundle.js"])
        {
            using var answer = await nobody.GetAsync(path, Stop);
            Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
            Assert.Equal("/login", answer.Headers.Location?.AbsolutePath);
            using var refused = await program.GetAsync(path, Stop);
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        }
        using var document = await nobody.GetAsync("/swagger/v1/swagger.json", Stop);
        Assert.Equal(HttpStatusCode.Redirect, document.StatusCode);
    }

    [Fact]
    public async Task Page_OfASignedInPerson_TriesAnOperationOut()
    {
        await using var visitor = await _browser.Admin();
        await visitor.Page.GotoAsync("/swagger");
        var operation = visitor.Page.Locator("#operations-Lab-GetOverview");
        await operation.ClickAsync();
        await operation.GetByRole(AriaRole.Button, new() { Name = "Try it out" }).ClickAsync();
        await operation.GetByRole(AriaRole.Button, new() { Name = "Execute" }).ClickAsync();

        await Expect(operation.Locator(".live-responses-table tbody .response-col_status")).ToContainTextAsync("200");
        await Expect(operation.Locator(".live-responses-table .highlight-code")).ToContainTextAsync("datasets");
        if (Environment.GetEnvironmentVariable("CLGRPO_SCREENSHOTS") is { Length: > 0 } folder)
            await visitor.Page.ScreenshotAsync(new() { Path = Path.Combine(folder, "swagger.png"), FullPage = true });
        // Nothing inline, nothing from elsewhere: the policy would say so here.
        Assert.Empty(visitor.Errors);
    }

    public void Dispose() => _site.Dispose();

    private Task<HttpClient> Client() => _site.CreateClientAsync("reader", RunScopes.Read);
}

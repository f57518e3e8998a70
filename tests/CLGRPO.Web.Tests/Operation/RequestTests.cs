using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;

namespace CLGRPO.Web.Tests.Operation;

/// <summary>What every answer carries, and what is refused before any page sees it.</summary>
public sealed partial class RequestTests(Browser.BrowserFixture site) : IDisposable
{
    private readonly HttpClient _client = new(new HttpClientHandler { AllowAutoRedirect = false })
    {
        BaseAddress = site.Site.Address,
    };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _client.Dispose();

    [Theory]
    [InlineData("/login")]
    [InlineData("/alive")]
    [InlineData("/styles/app.css")]
    [InlineData("/api/v1/overview")]
    public async Task Get_Anything_CarriesTheSecurityHeaders(string path)
    {
        using var answer = await _client.GetAsync(path, Stop);

        var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("script-src 'self';", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe-eval", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.False(answer.Headers.Contains("Server"));
    }

    [Theory]
    [Trait("Id", "A-CSRF-2")]
    [InlineData("/alive", "text/plain")]
    [InlineData("/login", "text/plain")]
    [InlineData("/styles/app.css", "text/plain")]
    [InlineData("/api/v1/overview", "application/problem+json")]
    [InlineData("/hubs/rollouts/negotiate", "application/problem+json")]
    [InlineData("/v1/models", "application/json")]
    public async Task Get_ForeignHost_IsRefusedAndToldWhatToDo(string path, string type)
    {
        foreach (
            var host in (string[])["evil.test", "evil.test:5080", "localhost.evil.test", "[::2]", "127.0.0.1.evil.test"]
        )
        {
            var answer = await Get(path, host);

            Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
            Assert.Equal(type, answer.Type);
            Assert.Contains(host, answer.Text, StringComparison.Ordinal);
            Assert.Contains("Site:AllowedHosts", answer.Text, StringComparison.Ordinal);
            Assert.Contains("nosniff", answer.Sniffing, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("LOCALHOST:1234")]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]:5080")]
    public async Task Get_OwnHost_IsAnswered(string host) => Assert.Equal("alive", (await Get("/alive", host)).Text);

    [Fact]
    [Trait("Id", "A-CSRF-2")]
    public async Task Get_VeryLongForeignHost_IsNotRepeatedInFull()
    {
        var label = new string('a', 60);
        var answer = await Get("/login", $"{label}.{label}.{label}.test");

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.DoesNotContain($"{label}.{label}", answer.Text, StringComparison.Ordinal);
    }

    private async Task<(HttpStatusCode Status, string? Type, string Sniffing, string Text)> Get(
        string path,
        string host
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Host = host;
        using var answer = await _client.SendAsync(request, Stop);
        return (
            answer.StatusCode,
            answer.Content.Headers.ContentType?.MediaType,
            answer.Headers.GetValues("X-Content-Type-Options").Single(),
            await answer.Content.ReadAsStringAsync(Stop)
        );
    }

    [Theory]
    [Trait("Id", "A-HUB-1")]
    [InlineData("http://evil.test")]
    [InlineData("null")]
    public async Task Post_FromForeignOrigin_IsRefused(string origin)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/hubs/rollouts/negotiate");
        request.Headers.Add("Origin", origin);
        using var answer = await _client.SendAsync(request, Stop);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Fact]
    [Trait("Id", "A-CSRF-1")]
    public async Task PostLogin_WithoutFormToken_IsRefused()
    {
        using var form = new FormUrlEncodedContent(
            new Dictionary<string, string>
            {
                ["_handler"] = "login",
                ["Form.Name"] = Browser.BrowserFixture.AdminName,
                ["Form.Password"] = Browser.BrowserFixture.Password,
            }
        );
        using var answer = await _client.PostAsync("/login", form, Stop);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.DoesNotContain(
            answer.Headers,
            header =>
                header.Key == "Set-Cookie"
                && header.Value.Any(value => value.StartsWith("clgrpo-session", StringComparison.Ordinal))
        );
    }

    [Fact]
    public async Task GetApi_Anonymous_AnswersWithProblemDetails()
    {
        using var answer = await _client.GetAsync("/api/v1/overview", Stop);
        var problem = await answer.Content.ReadFromJsonAsync<Dictionary<string, System.Text.Json.JsonElement>>(Stop);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal(401, problem!["status"].GetInt32());
    }

    [Fact]
    public async Task Health_SiteReady_SaysOneWord()
    {
        Assert.Equal("Healthy", await _client.GetStringAsync("/health", Stop));
        Assert.Equal("alive", await _client.GetStringAsync("/alive", Stop));
    }

    [Fact]
    public async Task Health_AskedByAnAdmin_SaysWhatWasLookedAt()
    {
        await using var admin = await site.Admin();
        await admin.Go("/");
        var said = await admin.Page.EvaluateAsync<string>("async () => await (await fetch('/health')).text()");
        Assert.Contains("\"store\"", said, StringComparison.Ordinal);
        Assert.Contains("\"disk\"", said, StringComparison.Ordinal);
        Assert.Contains("\"status\":\"Healthy\"", said, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Id", "A-AUTH-3")]
    public async Task PostLogin_Fifty_AreLimited()
    {
        using var folder = new TemporaryFolder();
        await using var strict = await SiteProcess.Start(
            folder.Path,
            new Dictionary<string, string> { ["Site__SignInsPerMinute"] = "20" }
        );
        using var client = new HttpClient { BaseAddress = strict.Address };
        var token = FormToken().Match(await client.GetStringAsync("/login", Stop)).Groups["token"].Value;
        var codes = new List<HttpStatusCode>();
        for (var attempt = 0; attempt < 50; attempt++)
        {
            using var form = new FormUrlEncodedContent(
                new Dictionary<string, string>
                {
                    ["_handler"] = "login",
                    ["__RequestVerificationToken"] = token,
                    ["Form.Name"] = "ada",
                    ["Form.Password"] = "wrong password",
                }
            );
            using var answer = await client.PostAsync("/login", form, Stop);
            codes.Add(answer.StatusCode);
            if (answer.StatusCode == HttpStatusCode.TooManyRequests)
                Assert.True(answer.Headers.RetryAfter?.Delta > TimeSpan.Zero);
        }

        Assert.All(codes.Take(20), code => Assert.Equal(HttpStatusCode.OK, code));
        Assert.Contains(HttpStatusCode.TooManyRequests, codes);
    }

    [GeneratedRegex(
        "name=\"__RequestVerificationToken\" value=\"(?<token>[^\"]+)\"",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex FormToken();
}

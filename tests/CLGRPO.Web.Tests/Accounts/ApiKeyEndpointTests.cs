using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Runs;

namespace CLGRPO.Web.Tests.Accounts;

[Trait("Id", "A-AUTH-4")]
public sealed class ApiKeyEndpointTests : IDisposable
{
    private const string Url = "/api/v1/keys";
    private readonly BareSite _site = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Create_ByAKeyThatMay_ShowsTheKeyOnceAndRevokeEndsIt()
    {
        using var manager = await ClientAsync(Scopes.KeysManage, RunScopes.Read);
        using var answer = await CreateAsync(manager, "ci", RunScopes.Read);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.True(answer.Headers.CacheControl?.NoStore);
        var made = await answer.Content.ReadFromJsonAsync<JsonElement>(Stop);
        var text = made.GetProperty("text").GetString()!;
        var id = made.GetProperty("key").GetProperty("id").GetInt64();

        var list = await manager.GetStringAsync(Url, Stop);
        Assert.Contains("\"client\":\"ci\"", list, StringComparison.Ordinal);
        Assert.DoesNotContain(text, list, StringComparison.Ordinal);
        Assert.DoesNotContain("hash", list, StringComparison.OrdinalIgnoreCase);

        using var client = _site.CreateClient(text);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/v1/runs", Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync(Url, Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await manager.DeleteAsync($"{Url}/{id}", Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/api/v1/runs", Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await manager.DeleteAsync($"{Url}/{id}", Stop)).StatusCode);
    }

    [Fact]
    public async Task Create_OfAMightierKey_IsRefused()
    {
        using var manager = await ClientAsync(Scopes.KeysManage, RunScopes.Read);
        using var answer = await CreateAsync(manager, "ci", RunScopes.Read, RunScopes.Write);
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Fact]
    public async Task Create_ThirdKeyOrUnknownScope_SaysWhy()
    {
        using var manager = await ClientAsync(Scopes.KeysManage, RunScopes.Read);
        for (var i = 0; i < 2; i++)
            using (var made = await CreateAsync(manager, "ci", RunScopes.Read))
                Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        using var third = await CreateAsync(manager, "ci", RunScopes.Read);
        Assert.Equal(HttpStatusCode.Conflict, third.StatusCode);
        Assert.Contains("2 live keys", await third.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        using var bad = await manager.PostAsJsonAsync(Url, new { client = "ci", scopes = Array.Empty<string>() }, Stop);
        Assert.Equal(HttpStatusCode.BadRequest, bad.StatusCode);
        using var tooLong = await manager.PostAsJsonAsync(
            Url,
            new
            {
                client = "other",
                scopes = new[] { RunScopes.Read },
                days = 1000,
            },
            Stop
        );
        Assert.Equal(HttpStatusCode.BadRequest, tooLong.StatusCode);
    }

    public void Dispose() => _site.Dispose();

    private static Task<HttpResponseMessage> CreateAsync(HttpClient by, string client, params string[] scopes) =>
        by.PostAsJsonAsync(
            Url,
            new
            {
                client,
                scopes,
                days = 1,
            },
            Stop
        );

    private Task<HttpClient> ClientAsync(params string[] scopes) => _site.CreateClientAsync("manager", scopes);
}

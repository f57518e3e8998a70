using System.Net;
using CLGRPO.Data.Store;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace CLGRPO.Web.Tests.Accounts;

[Trait("Id", "A-AUTH-4")]
public sealed class ApiKeyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly WebApplicationFactory<Program> _site;
    private readonly ApiKeys _keys;

    public ApiKeyTests()
    {
        _site = new WebApplicationFactory<Program>().WithWebHostBuilder(host => host.UseSite(_folder.Path));
        _keys = _site.Services.GetRequiredService<ApiKeys>();
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("x-api-key", "{0}")]
    [InlineData("Authorization", "Bearer {0}")]
    [InlineData("Authorization", "bearer {0}")]
    public async Task Request_WithScope_IsAnsweredByEitherHeader(string header, string format)
    {
        var allowed = await _keys.Create("reader", [Scopes.DatasetsRead], 1, "test", Stop);
        var other = await _keys.Create("starter", [RunScopes.Write], 1, "test", Stop);

        Assert.Equal(HttpStatusCode.OK, await Ask((header, string.Format(null, format, allowed.Text))));
        Assert.Equal(HttpStatusCode.Forbidden, await Ask((header, string.Format(null, format, other.Text))));
    }

    [Fact]
    public async Task Request_NotExactlyOneGoodKey_IsRefused()
    {
        var key = (await _keys.Create("reader", [Scopes.DatasetsRead], 1, "test", Stop)).Text;

        Assert.Equal(HttpStatusCode.Unauthorized, await Ask());
        Assert.Equal(HttpStatusCode.Unauthorized, await Ask(("x-api-key", "")));
        Assert.Equal(HttpStatusCode.Unauthorized, await Ask(("x-api-key", key[..^1])));
        Assert.Equal(HttpStatusCode.Unauthorized, await Ask(("x-api-key", key + "A")));
        Assert.Equal(HttpStatusCode.Unauthorized, await Ask(("x-api-key", new string('A', 5000))));
        Assert.Equal(HttpStatusCode.Unauthorized, await Ask(("Authorization", "Basic " + key)));
        Assert.Equal(HttpStatusCode.Unauthorized, await Ask(("Authorization", "Bearer " + key), ("x-api-key", key)));
        Assert.Equal(HttpStatusCode.OK, await Ask(("x-api-key", key)));
    }

    [Fact]
    public async Task Create_ThirdLiveKeyOfAClient_IsRefusedUntilOneIsRevoked()
    {
        var first = await _keys.Create("ci", [RunScopes.Read], 1, "test", Stop);
        await _keys.Create("ci", [RunScopes.Read], 1, "test", Stop);

        await Assert.ThrowsAsync<AccountException>(() => _keys.Create("ci", [RunScopes.Read], 1, "test", Stop));
        await _keys.Revoke(first.Key.Id, "test", Stop);
        await _keys.Create("ci", [RunScopes.Read], 1, "test", Stop);
        Assert.Null(await _keys.Find(first.Text, Stop));
    }

    // A request that writes waits for the disk, and for whoever else writes.
    [Fact]
    public async Task Find_Key_ShowsItsUseAtOnceAndWritesItLater()
    {
        var key = await _keys.Create("reader", [RunScopes.Read], 1, "test", Stop);
        await _keys.Find(key.Text, Stop);

        Assert.NotNull((await _keys.List(Stop)).Single().UsedAt);
        await using var accounts = _site
            .Services.GetRequiredService<IDbContextFactory<AccountContext>>()
            .CreateDbContext();
        Assert.Null((await accounts.ApiKeys.AsNoTracking().SingleAsync(Stop)).UsedAt);
        await _keys.WriteUses(Stop);
        Assert.NotNull((await accounts.ApiKeys.AsNoTracking().SingleAsync(Stop)).UsedAt);
        Assert.NotNull((await _keys.List(Stop)).Single().UsedAt);
    }

    [Theory]
    [InlineData("", "runs:read", 1)]
    [InlineData("has space", "runs:read", 1)]
    [InlineData("ci", "everything", 1)]
    [InlineData("ci", "runs:read", 0)]
    [InlineData("ci", "runs:read", 366)]
    public async Task Create_ImpossibleValue_IsRefused(string client, string scope, int days) =>
        await Assert.ThrowsAsync<AccountException>(() => _keys.Create(client, [scope], days, "test", Stop));

    [Fact]
    public async Task Database_AfterMakingSecrets_HoldsNoneOfThem()
    {
        var key = (await _keys.Create("reader", [Scopes.DatasetsRead], 1, "test", Stop)).Text;
        var link = await _site.Services.GetRequiredService<Invitations>().Create(Roles.Viewer, 1, "test", Stop);
        _site.Services.GetRequiredService<StoreFactory>().Backup(Path.Combine(_folder.Path, "copy.db"));
        SqliteConnection.ClearAllPools();

        var bytes = await File.ReadAllTextAsync(
            Path.Combine(_folder.Path, "copy.db"),
            System.Text.Encoding.Latin1,
            Stop
        );
        Assert.Contains(key[..12], bytes, StringComparison.Ordinal);
        Assert.DoesNotContain(key, bytes, StringComparison.Ordinal);
        Assert.DoesNotContain(link[^40..], bytes, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Id", "A-AUTH-5")]
    public async Task KeysOfCookies_Made_AreReadableForTheOwnerOnly()
    {
        using var client = _site.CreateClient();
        await client.GetStringAsync("/login", Stop);
        var folder = Path.Combine(_folder.Path, "data", "keys");

        var files = Directory.GetFiles(folder);
        Assert.NotEmpty(files);
        Assert.All(
            files,
            file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file))
        );
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(folder)
        );
    }

    public void Dispose()
    {
        _site.Dispose();
        _folder.Dispose();
    }

    private async Task<HttpStatusCode> Ask(params (string Name, string Value)[] headers)
    {
        using var client = _site.CreateClient(new() { AllowAutoRedirect = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/overview");
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await client.SendAsync(request, Stop);
        return answer.StatusCode;
    }
}

using CLGRPO.Web.Tests.Browser;

namespace CLGRPO.Web.Tests.Operation;

/// <summary>What is secret, or a person's own text, is in no log, whatever goes right or wrong with it.</summary>
[Trait("Id", "A-SEC-LEAK")]
public sealed class SecretTests(BrowserFixture browser)
{
    private const string Canary = "canary-8f2d71";

    [Theory]
    [InlineData("Information")]
    [InlineData("Trace")]
    public async Task Log_AfterSecretsWentEveryWay_HoldsNone(string level)
    {
        using var folder = new TemporaryFolder();
        await using var site = await SiteProcess.Start(
            folder.Path,
            new Dictionary<string, string> { ["Logging__LogLevel__Default"] = level }
        );
        await using var visitor = await Visitor.Open(browser.Browser, site.Address);
        var link = await site.FirstAdminLink;
        await visitor.Join(link, "ada", $"{Canary} password");
        var key = await visitor.Page.EvaluateAsync<string>(
            """
            async canary => {
              const json = (method, body) => ({ method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
              const made = await (await fetch('/api/v1/keys', json('POST', { client: 'ci', scopes: ['runs:read'], days: 1 }))).json();
              const bearer = { headers: { authorization: `Bearer ${made.text}` } };
              await fetch('/api/v1/runs', { ...bearer, credentials: 'omit' });
              await fetch('/api/v1/keys', { ...bearer, credentials: 'omit' });
              await fetch('/api/v1/runs?api_key=' + made.text);
              await fetch('/api/v1/runs/' + made.text);
              await fetch('/api/v1/runs', { headers: { 'x-api-key': made.text + canary }, credentials: 'omit' });
              await fetch('/api/v1/runs', json('POST', { recipe: `name: ${canary}` }));
              await fetch('/api/v1/runs', json('POST', { recipe: canary, note: canary }));
              await fetch('/api/v1/runs', { method: 'POST', headers: { 'content-type': 'application/json' }, body: canary });
              await fetch('/join/' + canary);
              return made.text;
            }
            """,
            Canary
        );
        await visitor.Page.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await visitor.SignIn("ada", $"{Canary} wrong");
        await visitor.SignIn(Canary, $"{Canary} password");
        await visitor.SignIn("ada", $"{Canary} password");
        await visitor.Ready();
        await site.Terminate();

        var cookies = await visitor.Context.CookiesAsync();
        var log = string.Join('\n', site.Output.Split('\n').Where(line => line.Trim() != link));
        Assert.StartsWith("clg_", key, StringComparison.Ordinal);
        Assert.Contains("Sign-in refused", log, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, log, StringComparison.Ordinal);
        Assert.DoesNotContain(key[4..], log, StringComparison.Ordinal);
        Assert.DoesNotContain(link.Split('/')[^1], log, StringComparison.Ordinal);
        Assert.All(
            cookies.Where(cookie => cookie.Value.Length > 20),
            cookie => Assert.DoesNotContain(cookie.Value, log, StringComparison.Ordinal)
        );
    }
}

namespace CLGRPO.Web.Tests.Operation;

public sealed class StartTests
{
    [Fact]
    [Trait("Id", "REL-START-1")]
    public async Task Start_BadSettings_EndsAndNamesEveryOne()
    {
        using var folder = new TemporaryFolder();
        var bad = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Site__Datasets"] = " ",
            ["Site__Runs"] = " ",
            ["Site__State"] = " ",
            ["Site__AllowedHosts"] = "*",
            ["Site__SignInsPerMinute"] = "0",
            ["Site__ApiRequestsPerMinute"] = "-1",
            ["Site__PagesPerPerson"] = "0",
            ["Site__HeaderSeconds"] = "0",
            ["Site__IdleSeconds"] = "0",
            ["Site__IdentityCheckSeconds"] = "0",
            ["Site__MinFreeDiskMiB"] = "-5",
            ["Site__ShutdownSeconds"] = "9999",
        };

        var (code, output) = await SiteProcess.StartRefused(folder.Path, bad, "http://localhost:0");

        Assert.Equal(1, code);
        Assert.All(bad.Keys, name => Assert.Contains(name.Replace("__", ":"), output, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Id", "A-OPS-1")]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://*:0")]
    [InlineData("http://[::]:0")]
    public async Task Start_OpenToOtherMachinesWithoutHttps_IsRefused(string urls)
    {
        using var folder = new TemporaryFolder();

        var (code, output) = await SiteProcess.StartRefused(folder.Path, new Dictionary<string, string>(), urls);

        Assert.Equal(1, code);
        Assert.Contains("Site:AllowRemote", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Terminate_Running_EndsCleanlyAndKeepsTheAccountLinkForTheNextStart()
    {
        using var folder = new TemporaryFolder();
        string first;
        await using (var site = await SiteProcess.Start(folder.Path))
        {
            first = await site.FirstAdminLink;
            Assert.Equal(0, await site.Terminate());
        }
        await using var again = await SiteProcess.Start(folder.Path);
        using var client = new HttpClient();
        var old = await client.GetStringAsync(
            new Uri(again.Address, new Uri(first).AbsolutePath),
            TestContext.Current.CancellationToken
        );

        Assert.NotEqual(first, await again.FirstAdminLink);
        Assert.Contains("This link is not valid any more", old, StringComparison.Ordinal);
    }
}

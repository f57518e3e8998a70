using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CLGRPO.Web.Tests.Browser;

public sealed class AccountJourneys(BrowserFixture site)
{
    [Fact]
    [Trait("Id", "A-AUTH-5")]
    public async Task FirstAdmin_SignsOutAndIn_OldSessionIsDead()
    {
        using var folder = new TemporaryFolder();
        await using var fresh = await SiteProcess.Start(folder.Path);
        await using var visitor = await Visitor.Open(site.Browser, fresh.Address);
        var link = await fresh.FirstAdminLink;

        await visitor.Join(link, "grace", BrowserFixture.Password);
        await Expect(visitor.Page.GetByRole(AriaRole.Heading, new() { Level = 1 }))
            .ToHaveTextAsync("Welcome to the lab");
        Assert.DoesNotContain("/join/", visitor.Page.Url, StringComparison.Ordinal);
        await using var stolen = await Visitor.Open(
            site.Browser,
            fresh.Address,
            session: await visitor.Context.StorageStateAsync()
        );
        await stolen.Go("/");
        await Expect(stolen.Page).ToHaveTitleAsync("Home · CLGRPO");

        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Expect(visitor.Page).ToHaveTitleAsync("Sign in · CLGRPO");
        await stolen.Page.GotoAsync("/");
        await Expect(stolen.Page).ToHaveTitleAsync("Sign in · CLGRPO");

        await visitor.SignIn("grace", BrowserFixture.Password);
        await Expect(visitor.Page).ToHaveTitleAsync("Home · CLGRPO");
        await visitor.Page.GotoAsync(link);
        await Expect(visitor.Page.GetByRole(AriaRole.Heading)).ToHaveTextAsync("This link is not valid any more");
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Invitation_MadeByAdmin_MakesAnAccountWithItsRole()
    {
        await using var admin = await site.Admin();
        await admin.Go("/admin");
        await admin.Page.GetByLabel("Role of the invited").SelectOptionAsync("Viewer");
        await admin.Page.GetByRole(AriaRole.Button, new() { Name = "Make a link" }).ClickAsync();
        var link = await admin.Page.Locator("#invitation-link").TextContentAsync();

        await using var guest = await site.Anonymous();
        await guest.Join(link!, "vera", BrowserFixture.Password);

        await Expect(guest.Page.Locator(".who")).ToContainTextAsync("vera");
        await Expect(guest.Page.GetByRole(AriaRole.Link, new() { Name = "Admin" })).ToHaveCountAsync(0);
        await guest.Page.GotoAsync("/admin");
        await Expect(guest.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("No access");
        await admin.Page.ReloadAsync();
        await Expect(admin.Page.GetByLabel("Role of vera")).ToHaveValueAsync("Viewer");
        Assert.Empty(admin.Errors);
    }

    [Fact]
    [Trait("Id", "A-AUTH-6")]
    public async Task Blocked_PageOpen_LosesItWithoutReload()
    {
        await using var admin = await site.Admin();
        await admin.Go("/admin");
        await admin.Page.GetByLabel("Role of the invited").SelectOptionAsync("Admin");
        await admin.Page.GetByRole(AriaRole.Button, new() { Name = "Make a link" }).ClickAsync();
        await using var other = await site.Anonymous();
        await other.Join(
            (await admin.Page.Locator("#invitation-link").TextContentAsync())!,
            "otto",
            BrowserFixture.Password
        );
        await other.Go("/admin");

        await admin.Page.ReloadAsync();
        await admin.Ready();
        await admin.Page.GetByRole(AriaRole.Button, new() { Name = "Block otto" }).ClickAsync();
        await admin
            .Page.GetByRole(AriaRole.Alertdialog)
            .GetByRole(AriaRole.Button, new() { Name = "Block" })
            .ClickAsync();
        await Expect(admin.Page.GetByRole(AriaRole.Button, new() { Name = "Unblock otto" })).ToBeVisibleAsync();

        await Expect(other.Page.GetByRole(AriaRole.Heading, new() { Level = 1 }))
            .ToHaveTextAsync("No access", new() { Timeout = 20_000 });
    }

    [Fact]
    [Trait("Id", "A-AUTH-5")]
    public async Task Password_Changed_EndsTheOtherSessions()
    {
        const string New = "another horse battery";
        using var folder = new TemporaryFolder();
        await using var fresh = await SiteProcess.Start(folder.Path);
        await using var visitor = await Visitor.Open(site.Browser, fresh.Address);
        await visitor.Join(await fresh.FirstAdminLink, "grace", BrowserFixture.Password);
        await using var elsewhere = await Visitor.Open(
            site.Browser,
            fresh.Address,
            session: await visitor.Context.StorageStateAsync()
        );
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Change your password" }).ClickAsync();
        await Change("not the password", New, New);
        await Expect(visitor.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("The password now is wrong");
        await Change(BrowserFixture.Password, New, New + "!");
        await Expect(visitor.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("differ");
        await Change(BrowserFixture.Password, "aaaaaaaaaa", "aaaaaaaaaa");
        await Expect(visitor.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("different characters");
        await Change(BrowserFixture.Password, New, New);
        await Expect(visitor.Page).ToHaveTitleAsync("Home · CLGRPO");

        await elsewhere.Page.GotoAsync("/");
        await Expect(elsewhere.Page).ToHaveTitleAsync("Sign in · CLGRPO");
        await elsewhere.SignIn("grace", BrowserFixture.Password);
        await Expect(elsewhere.Page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
        await elsewhere.SignIn("grace", New);
        await Expect(elsewhere.Page).ToHaveTitleAsync("Home · CLGRPO");
        await visitor.Go("/admin");
        await Expect(visitor.Page.GetByText("user.password")).ToBeVisibleAsync();
        Assert.DoesNotContain(New, fresh.Output, StringComparison.Ordinal);
        Assert.Empty(visitor.Errors);

        async Task Change(string now, string next, string again)
        {
            await visitor.Page.GetByLabel("Password now").FillAsync(now);
            await visitor.Page.GetByLabel("New password", new() { Exact = true }).FillAsync(next);
            await visitor.Page.GetByLabel("New password again").FillAsync(again);
            await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Change it" }).ClickAsync();
        }
    }

    [Fact]
    [Trait("Id", "A-AUTH-3")]
    public async Task WrongPassword_KnownAndUnknownName_OneMessage()
    {
        await using var visitor = await site.Anonymous();
        await visitor.Go("/login");
        await visitor.SignIn(BrowserFixture.AdminName, "not the password");
        var known = await visitor.Page.GetByRole(AriaRole.Alert).First.TextContentAsync();
        await visitor.SignIn("nobody-here", "not the password");
        var unknown = await visitor.Page.GetByRole(AriaRole.Alert).First.TextContentAsync();

        Assert.Contains("Name or password is wrong", known, StringComparison.Ordinal);
        Assert.Equal(known, unknown);
        await Expect(visitor.Page).ToHaveTitleAsync("Sign in · CLGRPO");
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task ApiKey_MadeOnThePage_WorksUntilRevoked()
    {
        await using var admin = await site.Admin();
        await admin.Go("/admin");
        await admin.Page.GetByLabel("Client").FillAsync("ci-nightly");
        await admin.Page.GetByLabel("datasets:read").CheckAsync();
        await admin.Page.GetByRole(AriaRole.Button, new() { Name = "Make a key" }).ClickAsync();
        var key = (await admin.Page.Locator("#new-key").TextContentAsync())!.Trim();
        using var client = new HttpClient { BaseAddress = site.Site.Address };
        client.DefaultRequestHeaders.Add("x-api-key", key);
        using var before = await client.GetAsync("/api/v1/overview", TestContext.Current.CancellationToken);
        Assert.True(before.IsSuccessStatusCode);

        await admin.Page.GetByRole(AriaRole.Button, new() { Name = $"Revoke ci-nightly {key[..12]}" }).ClickAsync();
        await admin
            .Page.GetByRole(AriaRole.Alertdialog)
            .GetByRole(AriaRole.Button, new() { Name = "Revoke" })
            .ClickAsync();
        await Expect(admin.Page.GetByText("ci-nightly: datasets:read")).ToBeVisibleAsync();
        await Expect(admin.Page.GetByText("key.revoke")).ToBeVisibleAsync();

        using var after = await client.GetAsync("/api/v1/overview", TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, after.StatusCode);
        Assert.DoesNotContain(key, site.Site.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Audit_OnTheAdminPage_IsFilteredPagedAndExported()
    {
        await using var admin = await site.Admin();
        await admin.Go("/admin");
        var audit = admin.Page.GetByRole(AriaRole.Region, new() { Name = "Audit" });
        await admin.Page.GetByLabel("Role of the invited").SelectOptionAsync("Viewer");
        for (var i = 0; i < 16; i++)
        {
            await admin.Page.GetByRole(AriaRole.Button, new() { Name = "Make a link" }).ClickAsync();
            await Expect(admin.Page.Locator("#invitation-link")).ToBeVisibleAsync();
            await Expect(admin.Page.GetByRole(AriaRole.Button, new() { Name = "Make a link" })).ToBeEnabledAsync();
        }
        await audit.GetByLabel("What").SelectOptionAsync("invitation.");
        await Expect(audit.GetByRole(AriaRole.Row)).ToHaveCountAsync(1 + 15);
        await Expect(audit.GetByText("invitation.create").First).ToBeVisibleAsync();
        await audit.GetByRole(AriaRole.Button, new() { Name = "next page" }).ClickAsync();
        await Expect(audit.GetByText("page 2 of")).ToBeVisibleAsync();

        await audit.GetByLabel("Object or detail").FillAsync("no such thing");
        await audit.GetByLabel("Object or detail").PressAsync("Enter");
        await Expect(audit.GetByText("Nothing passes these filters.")).ToBeVisibleAsync();
        await audit.GetByLabel("Object or detail").FillAsync("VIEWER, 7");
        await audit.GetByLabel("Object or detail").PressAsync("Enter");
        await Expect(audit.GetByText("invitation.create").First).ToBeVisibleAsync();
        var download = await admin.Page.RunAndWaitForDownloadAsync(() =>
            audit.GetByRole(AriaRole.Link, new() { Name = "CSV" }).ClickAsync()
        );
        var lines = await File.ReadAllLinesAsync(await download.PathAsync(), TestContext.Current.CancellationToken);
        Assert.True(lines.Length >= 17);
        Assert.All(lines[1..], line => Assert.Contains("invitation.create", line, StringComparison.Ordinal));
        Assert.Empty(admin.Errors);
    }
}

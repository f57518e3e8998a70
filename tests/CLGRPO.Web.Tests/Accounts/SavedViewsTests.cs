using CLGRPO.Web.Accounts;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace CLGRPO.Web.Tests.Accounts;

public sealed class SavedViewsTests : IAsyncLifetime
{
    private readonly BareSite _site = new();
    private SavedViews _views = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _views = _site.Services.GetRequiredService<SavedViews>();
        await using var accounts = _site
            .Services.GetRequiredService<IDbContextFactory<AccountContext>>()
            .CreateDbContext();
        foreach (var name in (string[])["cleo", "dan"])
            accounts.Users.Add(new User { Id = name, UserName = name });
        await accounts.SaveChangesAsync(Stop);
    }

    public ValueTask DisposeAsync()
    {
        _site.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task List_OfAPerson_HoldsTheirViewsOfThatListByName()
    {
        await _views.Save("cleo", "runs", new SavedView(" sweep ", "?tag=sweep"), Stop);
        await _views.Save("cleo", "runs", new SavedView("Failed", "?view=failed"), Stop);
        await _views.Save("cleo", "runs", new SavedView("sweep", "?tag=sweep&state=running"), Stop);
        await _views.Save("cleo", "review/batches", new SavedView("mine", "?view=mine"), Stop);
        await _views.Save("dan", "runs", new SavedView("sweep", "?tag=other"), Stop);

        await _views.Delete("dan", "runs", "sweep", Stop);

        Assert.Equal(
            [new SavedView("Failed", "?view=failed"), new SavedView("sweep", "?tag=sweep&state=running")],
            await _views.List("cleo", "runs", Stop)
        );
        Assert.Empty(await _views.List("dan", "runs", Stop));
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("two\nlines")]
    [InlineData("a name of more than forty letters, which no tab has room for")]
    public async Task Save_ImpossibleName_IsRefused(string name) =>
        await Assert.ThrowsAsync<AccountException>(() =>
            _views.Save("cleo", "runs", new SavedView(name, "?a=b"), Stop)
        );

    [Fact]
    public async Task Save_TooManyOrTooLong_IsRefused()
    {
        await Assert.ThrowsAsync<AccountException>(() =>
            _views.Save("cleo", "runs", new SavedView("long", $"?text={new string('a', 1000)}"), Stop)
        );
        for (var i = 0; i < SavedViews.Most; i++)
            await _views.Save("cleo", "runs", new SavedView($"view {i}", $"?tag={i}"), Stop);

        await Assert.ThrowsAsync<AccountException>(() =>
            _views.Save("cleo", "runs", new SavedView("one more", "?tag=more"), Stop)
        );
        await _views.Save("cleo", "runs", new SavedView("view 0", "?tag=changed"), Stop);
    }
}

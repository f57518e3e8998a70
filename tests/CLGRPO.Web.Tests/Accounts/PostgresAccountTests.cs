using CLGRPO.Data.Tests.Store;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace CLGRPO.Web.Tests.Accounts;

/// <summary>The accounts in a real PostgreSQL.</summary>
public sealed class PostgresAccountTests
{
    [Fact]
    public async Task Start_OnAnEmptyDatabase_MakesTheTablesAndAccountsWorkInThem()
    {
        var stop = TestContext.Current.CancellationToken;
        using var folder = new TemporaryFolder();
        var database = PostgresServer.CreateDatabase();
        for (var start = 0; start < 2; start++)
        {
            await using var site = new WebApplicationFactory<Program>().WithWebHostBuilder(host =>
                host.UseSite(folder.Path).UseSetting("Site:Database", database)
            );
            await using var context = site
                .Services.GetRequiredService<IDbContextFactory<AccountContext>>()
                .CreateDbContext();
            Assert.Equal("Npgsql.EntityFrameworkCore.PostgreSQL", context.Database.ProviderName);
            Assert.Empty(await context.Database.GetPendingMigrationsAsync(stop));
            Assert.False(context.Database.HasPendingModelChanges());

            var invitations = site.Services.GetRequiredService<Invitations>();
            var path = await invitations.Create(Roles.Annotator, 1, "test", stop);
            await invitations.Accept(path.Split('/')[^1], $"vera{start}", "correct horse battery", stop);
            await Assert.ThrowsAsync<AccountException>(() =>
                invitations.Accept(path.Split('/')[^1], "twice", "correct horse battery", stop)
            );
            var keys = site.Services.GetRequiredService<ApiKeys>();
            var key = await keys.Create($"ci{start}", [RunScopes.Read], 1, "test", stop);
            Assert.Equal(key.Key.Id, (await keys.Find(key.Text, stop))?.Id);
            var people = await site.Services.GetRequiredService<People>().List(stop);
            Assert.Equal(start + 1, people.Count);
            Assert.All(people, person => Assert.Equal(Roles.Annotator, person.Role));
            var audit = site.Services.GetRequiredService<Audit>();
            var mine = await audit.Find(new AuditFilter { Who = $"vera{start}", What = "account." }, 0, 10, stop);
            Assert.Equal("account.create", Assert.Single(mine.Items).Action);
            Assert.Equal(1, (await audit.Find(new AuditFilter { Text = $"CI{start}" }, 0, 1, stop)).Total);
            Assert.Contains("key.", (await audit.Choices(stop)).What);
        }
    }
}

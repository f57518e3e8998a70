using System.Net.Sockets;
using CLGRPO.Data.Store;
using CLGRPO.Web.Accounts;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Operation;

/// <summary>Starts the site, or says in full why it cannot start.</summary>
public static class SiteRun
{
    /// <summary>Runs the site.</summary>
    /// <returns>The exit code: 1 after a reason that is ours to tell, such as a bad setting.</returns>
    public static async Task<int> OrExplain(Func<Task> site)
    {
        try
        {
            await site();
            return 0;
        }
        catch (Exception exception) when (Explain(exception) is { } reasons)
        {
            foreach (var reason in reasons)
                await Console.Error.WriteLineAsync($"site: {reason}");
            return 1;
        }
    }

    /// <summary>Prepares the tables, listens, and returns when the site was asked to stop.</summary>
    public static async Task RunSite(this WebApplication app)
    {
        await using (app)
        {
            var options = app.Services.GetRequiredService<IOptions<SiteOptions>>().Value;
            Directory.CreateDirectory(options.DatasetsPath);
            Directory.CreateDirectory(options.RunsPath);
            var store = app.Services.GetRequiredService<StoreFactory>();
            await app.Services.PrepareAccounts(app.Lifetime.ApplicationStopping);
            await app.StartAsync();
            await Announce(app, store);
            await app.WaitForShutdownAsync();
        }
    }

    /// <summary>The link is for the terminal of whoever starts the site, not for a log that is kept.</summary>
    private static async Task Announce(WebApplication app, StoreFactory store)
    {
        var address = ListensOn(app).TrimEnd('/');
        await Console.Out.WriteLineAsync($"site: {address} ({(store.IsPostgres ? "PostgreSQL" : "SQLite")})");
        var invitations = app.Services.GetRequiredService<Invitations>();
        if (await invitations.CreateForFirstAdmin(app.Lifetime.ApplicationStopping) is { } path)
            await Console.Out.WriteLineAsync(
                $"site: there is no account yet. This link makes the first admin, once, within two hours:\n  {address}{path}"
            );
        await Console.Out.FlushAsync();
    }

    private static string ListensOn(WebApplication app) =>
        app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault()
        ?? Addresses.Default;

    private static IEnumerable<string>? Explain(Exception exception) =>
        exception switch
        {
            OptionsValidationException options => options.Failures,
            StoreException or IOException or UnauthorizedAccessException or SocketException => [exception.Message],
            InvalidOperationException { Source: "Microsoft.Extensions.Configuration.Binder" } => [exception.Message],
            _ => null,
        };
}

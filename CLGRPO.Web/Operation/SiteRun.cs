using System.Net.Sockets;
using CLGRPO.Data.Store;
using CLGRPO.Web.Accounts;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Operation;

/// <summary>Starts the site, or says in full why it cannot start.</summary>
public static class SiteRun
{
    /// <returns>The exit code.</returns>
    public static async Task<int> RunSite(this WebApplication app)
    {
        try
        {
            var options = app.Services.GetRequiredService<IOptions<SiteOptions>>().Value;
            Directory.CreateDirectory(options.DatasetsPath);
            Directory.CreateDirectory(options.RunsPath);
            var store = app.Services.GetRequiredService<StoreFactory>();
            await app.Services.PrepareAccounts(app.Lifetime.ApplicationStopping);
            await app.StartAsync();
            await Announce(app, store);
        }
        catch (Exception exception) when (Explain(exception) is { } reasons)
        {
            foreach (var reason in reasons)
                await Console.Error.WriteLineAsync($"site: {reason}");
            await app.DisposeAsync();
            return 1;
        }
        await app.WaitForShutdownAsync();
        await app.DisposeAsync();
        return 0;
    }

    /// <summary>The link is for the terminal of whoever starts the site, not for a log that is kept.</summary>
    private static async Task Announce(WebApplication app, StoreFactory store)
    {
        var address = app.Urls.First().TrimEnd('/');
        await Console.Out.WriteLineAsync($"site: {address} ({(store.IsPostgres ? "PostgreSQL" : "SQLite")})");
        var invitations = app.Services.GetRequiredService<Invitations>();
        if (await invitations.CreateForFirstAdmin(app.Lifetime.ApplicationStopping) is { } path)
            await Console.Out.WriteLineAsync($"site: there is no account yet. This link makes the first admin, once, within two hours:\n  {address}{path}");
        await Console.Out.FlushAsync();
    }

    private static IEnumerable<string>? Explain(Exception exception) =>
        exception switch
        {
            OptionsValidationException options => options.Failures,
            StoreException or IOException or UnauthorizedAccessException or SocketException => [exception.Message],
            InvalidOperationException { Source: "Microsoft.Extensions.Configuration.Binder" } => [exception.Message],
            _ => null,
        };
}

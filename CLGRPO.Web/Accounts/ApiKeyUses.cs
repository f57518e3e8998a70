using System.Data.Common;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Web.Accounts;

/// <summary>Writes down every minute which keys were used, and when the site ends. After a power cut the last minute is missing.</summary>
public sealed partial class ApiKeyUses(ApiKeys keys, TimeProvider clock, ILogger<ApiKeyUses> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await Write(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await Write(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            // The site ends.
        }
    }

    private async Task Write(CancellationToken stop)
    {
        try
        {
            await keys.WriteUses(stop);
        }
        catch (Exception exception) when (exception is DbException or DbUpdateException)
        {
            LogLate(exception); // they are kept, and written next time
        }
    }

    [LoggerMessage(LogLevel.Warning, "When API keys were last used could not be written")]
    private partial void LogLate(Exception exception);
}

using System.Security.Claims;
using CLGRPO.Web.Accounts;

namespace CLGRPO.Web.Inference.OpenAI;

/// <summary>Looks, while an answer is on its way, whether whoever asked may still be there.</summary>
internal sealed class CallerWatch : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(3);
    private readonly PeriodicTimer _timer;
    private readonly Task _watching;

    /// <param name="gone">Cancelled when the key is revoked or expires, when the person is blocked or signs out.</param>
    public CallerWatch(ClaimsPrincipal caller, Standing standing, TimeProvider clock, CancellationTokenSource gone)
    {
        _timer = new PeriodicTimer(Every, clock);
        _watching = WatchAsync(caller, standing, gone);
    }

    public async ValueTask DisposeAsync()
    {
        _timer.Dispose();
        await _watching;
    }

    private async Task WatchAsync(ClaimsPrincipal caller, Standing standing, CancellationTokenSource gone)
    {
        while (await _timer.WaitForNextTickAsync())
        {
            if (await standing.Holds(caller, CancellationToken.None))
                continue;
            await gone.CancelAsync();
            return;
        }
    }
}

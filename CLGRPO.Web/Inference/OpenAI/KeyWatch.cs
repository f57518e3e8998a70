using System.Globalization;
using System.Security.Claims;
using CLGRPO.Web.Accounts;

namespace CLGRPO.Web.Inference.OpenAI;

/// <summary>Looks, while an answer is on its way, whether the key it was asked with still lives.</summary>
internal sealed class KeyWatch : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(3);
    private readonly PeriodicTimer _timer;
    private readonly Task _watching;

    private KeyWatch(long key, ApiKeys keys, TimeProvider clock, CancellationTokenSource gone)
    {
        _timer = new PeriodicTimer(Every, clock);
        _watching = WatchAsync(key, keys, gone);
    }

    /// <param name="gone">Cancelled when the key is revoked or expires.</param>
    /// <returns>null: whoever asks came without a key.</returns>
    public static KeyWatch? Begin(
        ClaimsPrincipal user,
        ApiKeys keys,
        TimeProvider clock,
        CancellationTokenSource gone
    ) =>
        user.FindFirstValue(ApiKeyHandler.KeyIdClaim) is { } key
            ? new KeyWatch(long.Parse(key, CultureInfo.InvariantCulture), keys, clock, gone)
            : null;

    public async ValueTask DisposeAsync()
    {
        _timer.Dispose();
        await _watching;
    }

    private async Task WatchAsync(long key, ApiKeys keys, CancellationTokenSource gone)
    {
        while (await _timer.WaitForNextTickAsync())
        {
            if (await keys.IsLive(key, CancellationToken.None))
                continue;
            await gone.CancelAsync();
            return;
        }
    }
}

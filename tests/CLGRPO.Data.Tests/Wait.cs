using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace CLGRPO.Data.Tests;

/// <summary>For what another process or thread does in its own time. What does not come fails the test, and does not hold up the rest.</summary>
internal static class Wait
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    public static Task Until(Func<bool> holds, [CallerArgumentExpression(nameof(holds))] string what = "") =>
        Until(() => Task.FromResult(holds()), what);

    public static async Task Until(Func<Task<bool>> holds, [CallerArgumentExpression(nameof(holds))] string what = "")
    {
        var waited = Stopwatch.StartNew();
        while (!await holds())
        {
            Assert.True(waited.Elapsed < Patience, $"Did not come within {Patience.TotalMinutes} minutes: {what}");
            await Task.Delay(Pause, TestContext.Current.CancellationToken);
        }
    }
}

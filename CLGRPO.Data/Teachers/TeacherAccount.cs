using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Teachers;

/// <summary>What a teacher was asked so far, in all constructions and trials.</summary>
/// <param name="Tokens">Prompt and completion, as the teacher counts.</param>
/// <param name="LastAt">When its newest request began; null for none.</param>
/// <param name="LastOutcome">What became of that, as <see cref="TeacherOutcome"/> says it.</param>
public sealed record TeacherAccount(
    string Teacher,
    int Requests,
    int Answered,
    long Tokens,
    double Cost,
    DateTime? LastAt,
    string? LastOutcome
)
{
    /// <summary>All teachers that were ever asked.</summary>
    public static async Task<IReadOnlyDictionary<string, TeacherAccount>> All(
        IDbContextFactory<StoreContext> store,
        CancellationToken stop
    )
    {
        await using var context = store.CreateDbContext();
        var sums = await context
            .Calls.GroupBy(call => call.Teacher)
            .Select(calls => new
            {
                calls.Key,
                Count = calls.Count(),
                Answered = calls.Count(call => call.Outcome == TeacherOutcome.Answered),
                Tokens = calls.Sum(call => (long)call.PromptTokens + call.CompletionTokens),
                Cost = calls.Sum(call => call.Cost),
            })
            .ToListAsync(stop);
        var accounts = new Dictionary<string, TeacherAccount>(StringComparer.Ordinal);
        foreach (var sum in sums)
        {
            var last = await context
                .Calls.Where(call => call.Teacher == sum.Key)
                .OrderByDescending(call => call.StartedAt)
                .Select(call => new { call.StartedAt, call.Outcome })
                .FirstOrDefaultAsync(stop);
            accounts.Add(
                sum.Key,
                new(sum.Key, sum.Count, sum.Answered, sum.Tokens, sum.Cost, last?.StartedAt, last?.Outcome)
            );
        }
        return accounts;
    }
}

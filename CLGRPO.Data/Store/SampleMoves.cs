using System.Text.Json;
using CLGRPO.Data.Datasets;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Store;

/// <summary>What moving samples to a split did.</summary>
/// <param name="Moved">Samples whose split is another now; with a chosen one go all of its group.</param>
public sealed record MoveReport(int Moved, int WithTheirGroup);

/// <summary>Moves chosen samples from one split to another, groups always whole, and notes it at each sample.</summary>
public sealed class SampleMoves(StoreFactory store, TimeProvider clock)
{
    /// <summary>Most samples of one request.</summary>
    public const int Most = 200_000;
    private const int AtOnce = 1_000;

    /// <param name="ids">Of samples of the data set; others are left alone.</param>
    public async Task<MoveReport> Move(
        long datasetId,
        IReadOnlyCollection<long> ids,
        Split split,
        string actor,
        CancellationToken stop
    )
    {
        await using var context = store.CreateDbContext();
        context.ChangeTracker.AutoDetectChangesEnabled = false;
        await using var transaction = await context.Database.BeginTransactionAsync(stop);
        var (moved, companions) = (0, 0);
        var known = new HashSet<long>();
        foreach (var some in ids.Distinct().Chunk(AtOnce))
        {
            var rows = await WithGroups(context, datasetId, some, stop);
            foreach (var row in rows.Where(row => row.Split != split && known.Add(row.Id)))
            {
                moved++;
                companions += some.Contains(row.Id) ? 0 : 1;
                context.Audit.Add(
                    new AuditEntry
                    {
                        At = clock.GetUtcNow().UtcDateTime,
                        Actor = actor,
                        Action = "sample.split",
                        Subject = $"sample:{row.Id}",
                        Before = JsonSerializer.Serialize(row.Split?.Key()),
                        After = JsonSerializer.Serialize(split.Key()),
                    }
                );
            }
            var changing = rows.Where(row => row.Split != split).Select(row => row.Id).ToList();
            await context
                .Samples.Where(sample => changing.Contains(sample.Id))
                .ExecuteUpdateAsync(sample => sample.SetProperty(s => s.Split, split), stop);
            await context.SaveChangesAsync(stop);
            context.ChangeTracker.Clear();
        }
        await transaction.CommitAsync(stop);
        return new MoveReport(moved, companions);
    }

    private static async Task<IReadOnlyList<(long Id, Split? Split)>> WithGroups(
        StoreContext context,
        long datasetId,
        long[] ids,
        CancellationToken stop
    )
    {
        var own = context.Samples.Where(sample => sample.DatasetId == datasetId);
        var groups = own.Where(sample => ids.Contains(sample.Id) && sample.Group != null)
            .Select(sample => sample.Group)
            .Distinct();
        var rows = await own.Where(sample =>
                ids.Contains(sample.Id) || (sample.Group != null && groups.Contains(sample.Group))
            )
            .Select(sample => new { sample.Id, sample.Split })
            .ToListAsync(stop);
        return [.. rows.Select(row => (row.Id, row.Split))];
    }
}

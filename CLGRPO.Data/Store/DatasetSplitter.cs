using System.Text.Json;
using CLGRPO.Data.Datasets;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Store;

/// <summary>How a data set is split.</summary>
public sealed record SplitSettings
{
    /// <summary>Shares of each class.</summary>
    public SplitShares Shares { get; init; } = SplitShares.Default;

    /// <summary>Another seed gives another split of the same shares.</summary>
    public long Seed { get; init; }

    /// <summary>Whether samples that have a split keep it, such as the one they were published with.</summary>
    public bool KeepGiven { get; init; } = true;
}

/// <summary>What a split did.</summary>
/// <param name="Counts">Samples per split, after it.</param>
/// <param name="Moved">Samples whose split is another now, or that had none.</param>
/// <param name="GroupsAcross">Groups that lie in more than one split because they were given so: they leak from training into test.</param>
public sealed record SplitReport(SplitCounts Counts, int Moved, int GroupsAcross);

/// <summary>Splits a data set of the store; see <see cref="SplitAssignment"/>.</summary>
public static class DatasetSplitter
{
    private const int UpdatedAtOnce = 5_000;

    /// <summary>Gives every sample its split, in one transaction, and notes it in the audit.</summary>
    /// <exception cref="ArgumentException">The shares make no sense.</exception>
    public static async Task<SplitReport> Split(
        StoreFactory store,
        TimeProvider time,
        long datasetId,
        SplitSettings settings,
        string actor,
        CancellationToken stop
    )
    {
        await using var context = store.CreateDbContext();
        await using var transaction = await context.Database.BeginTransactionAsync(stop);
        var samples = await context
            .Samples.Where(sample => sample.DatasetId == datasetId)
            .Select(sample => new
            {
                sample.Id,
                sample.KeyFolded,
                sample.Label,
                sample.Group,
                sample.Split,
            })
            .ToListAsync(stop);
        var candidates = samples
            .Select(s => new SplitCandidate(s.KeyFolded, s.Label, s.Group, settings.KeepGiven ? s.Split : null))
            .ToList();
        var splits = SplitAssignment.Assign(candidates, settings.Shares, settings.Seed);
        var moved = splits
            .Select((split, i) => (samples[i].Id, Split: split, Before: samples[i].Split))
            .Where(sample => sample.Split != sample.Before)
            .ToLookup(sample => sample.Split, sample => sample.Id);
        foreach (var split in moved)
            await Move(context, split.Key, [.. split], stop);

        var report = new SplitReport(
            new(Count(Datasets.Split.Train), Count(Datasets.Split.Validation), Count(Datasets.Split.Test)),
            moved.Sum(split => split.Count()),
            Across(candidates, splits)
        );
        context.Audit.Add(
            new AuditEntry
            {
                At = time.GetUtcNow().UtcDateTime,
                Actor = actor,
                Action = "dataset.split",
                Subject = $"dataset:{datasetId}",
                After = JsonSerializer.Serialize(new { settings, report }, StoreJson.Options),
            }
        );
        await context.SaveChangesAsync(stop);
        await transaction.CommitAsync(stop);
        return report;

        int Count(Split split) => splits.Count(other => other == split);
    }

    private static async Task Move(StoreContext context, Split split, long[] ids, CancellationToken stop)
    {
        foreach (var some in ids.Chunk(UpdatedAtOnce))
            await context
                .Samples.Where(sample => some.Contains(sample.Id))
                .ExecuteUpdateAsync(sample => sample.SetProperty(s => s.Split, split), stop);
    }

    private static int Across(List<SplitCandidate> candidates, Split[] splits) =>
        candidates
            .Select((candidate, i) => (Group: candidate.Group ?? "", Split: splits[i]))
            .Where(sample => sample.Group.Length > 0)
            .Distinct()
            .CountBy(sample => sample.Group, StringComparer.Ordinal)
            .Count(group => group.Value > 1);
}

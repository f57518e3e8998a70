using System.Text;
using System.Text.Json;
using CLGRPO.Data.Datasets;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Store;

/// <summary>
/// Makes immutable versions of a data set of the store. The same content and the same selection give the same bytes, whatever the database,
/// the order of the imports and the ids. No image is copied: versions and store share <c>blobs/</c>.
/// </summary>
/// <param name="root">The data sets root, with <c>blobs/</c>.</param>
public sealed class VersionFreezer(StoreFactory store, TimeProvider time, string root)
{
    /// <summary>What a teacher's name ends with where a reviewer edited the text.</summary>
    public const string EditedMark = " (edited)";

    private const int RowsAtOnce = 5_000;
    private const string Method =
        "Frozen from the store. One chain of thought per sample: edited by a reviewer before accepted before not reviewed, "
        + "then higher agreement, earlier attempt, teacher's name, text. Test has none.";

    /// <summary>Chooses, writes the version's folder, and keeps what it was made of; notes it in the audit.</summary>
    /// <returns>The version. Where it exists already, nothing but the audit entry is new.</returns>
    /// <exception cref="StoreException">Samples have no split.</exception>
    /// <exception cref="KeyNotFoundException">There is no such data set.</exception>
    /// <exception cref="FileNotFoundException">An image is not in the root.</exception>
    /// <exception cref="ArgumentException">The data set breaks a rule that versions keep.</exception>
    public async Task<DatasetVersion> Freeze(
        long datasetId,
        RecordSelection selection,
        string actor,
        CancellationToken stop
    )
    {
        await using var context = store.CreateDbContext();
        List<FrozenRow> rows;
        DatasetVersion version;
        await using (await context.BeginSnapshot(stop))
        {
            rows = await Rows(context, datasetId, selection, stop);
            version = await new FrozenRows(await ChosenSamples.Of(context, datasetId, stop), root).Write(
                await Describe(context, datasetId, selection, stop),
                rows,
                stop
            );
        }
        await Keep(context, datasetId, selection, actor, version, rows, stop);
        return version;
    }

    /// <summary>Counts what <see cref="Freeze"/> would take now. Nothing is written.</summary>
    /// <exception cref="StoreException">Samples have no split.</exception>
    /// <exception cref="KeyNotFoundException">There is no such data set.</exception>
    public async Task<FreezePreview> Preview(long datasetId, RecordSelection selection, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        await using var snapshot = await context.BeginSnapshot(stop);
        var info = await Describe(context, datasetId, selection, stop);
        var rows = await Rows(context, datasetId, selection, stop);
        var newest = await context
            .Versions.AsNoTracking()
            .Where(version => version.DatasetId == datasetId)
            .OrderByDescending(version => version.Id)
            .FirstOrDefaultAsync(stop);
        var before = newest is null
            ? []
            : await context
                .FrozenSamples.AsNoTracking()
                .Where(row => row.VersionId == newest.Id)
                .ToDictionaryAsync(row => row.SampleId, stop);
        var training = await context.Samples.CountAsync(
            sample => sample.DatasetId == datasetId && sample.Split == Split.Train,
            stop
        );
        var pending = await context
            .Records.Where(record => record.Sample!.DatasetId == datasetId && record.Review == ReviewState.Pending)
            .Select(record => record.Id)
            .ToHashSetAsync(stop);
        var here = rows.Select(row => row.SampleId).ToHashSet();
        var added = rows.Where(row => !before.ContainsKey(row.SampleId)).ToList();
        var removed = before.Values.Where(row => !here.Contains(row.SampleId)).ToList();
        var changed = rows.Count(row => before.TryGetValue(row.SampleId, out var old) && Differs(row, old));
        return new FreezePreview(
            rows.Count,
            rows.Count(row => row.RecordId is not null),
            selection.Splits.Contains(Split.Train) ? training - rows.Count(row => row.Split == Split.Train) : 0,
            rows.Count(row => row.RecordId is { } record && pending.Contains(record)),
            newest?.Hash,
            before.Count,
            added.Count,
            removed.Count,
            changed,
            rows.Count - added.Count - changed,
            [
                .. info.Labels.Select(label => new ClassPreview(
                    label,
                    rows.Count(row => row.Label == label),
                    added.Count(row => row.Label == label),
                    removed.Count(row => row.Label == label)
                )),
            ]
        );
    }

    private static bool Differs(FrozenRow row, FrozenSample old) =>
        row.Split != old.Split
        || row.Label != old.Label
        || row.RecordId != old.RecordId
        || row.ReviewId != old.ReviewId;

    /// <summary>Makes a frozen version's folder again, such as on another machine, from what the store kept of it.</summary>
    /// <exception cref="KeyNotFoundException">There is no such version.</exception>
    /// <exception cref="StoreException">What came out is another version: the store was changed by other means than this program.</exception>
    public async Task<DatasetVersion> Restore(long versionId, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        await using var snapshot = await context.BeginSnapshot(stop);
        var frozen =
            await context.Versions.AsNoTracking().SingleOrDefaultAsync(version => version.Id == versionId, stop)
            ?? throw new KeyNotFoundException($"There is no frozen version {versionId}.");
        var problems = new List<string>();
        var info =
            DatasetJson.ReadInfo(Encoding.UTF8.GetBytes(frozen.Description), problems)
            ?? throw new StoreException(
                $"The description of version {frozen.Hash} cannot be read: {string.Join("; ", problems)}"
            );
        var rows = await context
            .FrozenSamples.Where(row => row.VersionId == versionId)
            .Join(
                context.Samples,
                row => row.SampleId,
                sample => sample.Id,
                (row, sample) =>
                    new FrozenRow(
                        row.SampleId,
                        sample.Key,
                        sample.Image,
                        row.Split,
                        row.Label,
                        row.RecordId,
                        row.ReviewId
                    )
            )
            .ToListAsync(stop);
        var samples = await ChosenSamples.Of(context, frozen.DatasetId, stop);
        var version = await new FrozenRows(samples, root).Write(info, rows, stop);
        return version.Hash == frozen.Hash
            ? version
            : throw new StoreException(
                $"Version {frozen.Hash} came out as {version.Hash}: a record, review or sample it was made of is not what it was."
            );
    }

    private static async Task<List<FrozenRow>> Rows(
        StoreContext context,
        long datasetId,
        RecordSelection selection,
        CancellationToken stop
    )
    {
        var samples = await context
            .Samples.Where(sample => sample.DatasetId == datasetId)
            .Select(sample => new
            {
                sample.Id,
                sample.Key,
                sample.Image,
                sample.Split,
                sample.Label,
            })
            .ToListAsync(stop);
        var without = samples.Count(sample => sample.Split is null);
        if (without > 0)
            throw new StoreException(
                $"{without} of {samples.Count} samples have no split. Run 'clgrpo data split' first."
            );
        var taken = await new RecordChoice(context, datasetId, selection).Take(stop);
        return
        [
            .. samples
                .Where(sample => selection.Splits.Contains(sample.Split!.Value))
                .Select(sample => Row(sample.Id, sample.Key, sample.Image, sample.Split!.Value, sample.Label))
                .Where(row => row.Split != Split.Train || row.RecordId is not null || selection.KeepWithoutRecord),
        ];

        FrozenRow Row(long id, string key, string image, Split split, string label)
        {
            var has = taken.TryGetValue(id, out var record) && split != Split.Test; // what is tested on shows no solution
            return new(id, key, image, split, label, has ? record.RecordId : null, has ? record.ReviewId : null);
        }
    }

    private static Task<DatasetInfo> Describe(
        StoreContext context,
        long datasetId,
        RecordSelection selection,
        CancellationToken stop
    ) => DatasetDescription.Of(context, datasetId, Method, selection.Settings(), stop);

    private async Task Keep(
        StoreContext context,
        long datasetId,
        RecordSelection selection,
        string actor,
        DatasetVersion version,
        List<FrozenRow> rows,
        CancellationToken stop
    )
    {
        context.ChangeTracker.AutoDetectChangesEnabled = false;
        await using var transaction = await context.Database.BeginTransactionAsync(stop);
        var now = time.GetUtcNow().UtcDateTime;
        var completions = rows.Count(row => row.RecordId is not null);
        context.Audit.Add(
            new AuditEntry
            {
                At = now,
                Actor = actor,
                Action = "dataset.freeze",
                Subject = $"dataset:{datasetId}",
                After = JsonSerializer.Serialize(
                    new
                    {
                        version.Hash,
                        Samples = rows.Count,
                        Completions = completions,
                        selection,
                    },
                    StoreJson.Options
                ),
            }
        );
        if (!await context.Versions.AnyAsync(v => v.DatasetId == datasetId && v.Hash == version.Hash, stop))
        {
            var frozen = new FrozenVersion
            {
                DatasetId = datasetId,
                Hash = version.Hash,
                Selection = selection.ToJson(),
                Description = await File.ReadAllTextAsync(Path.Combine(version.Path, DatasetVersion.InfoFile), stop),
                SampleCount = rows.Count,
                CompletionCount = completions,
                CreatedBy = actor,
                CreatedAt = now,
            };
            context.Versions.Add(frozen);
            await context.SaveChangesAsync(stop);
            await KeepRows(context, frozen.Id, rows, stop);
        }
        await context.SaveChangesAsync(stop);
        await transaction.CommitAsync(stop);
    }

    private static async Task KeepRows(
        StoreContext context,
        long versionId,
        List<FrozenRow> rows,
        CancellationToken stop
    )
    {
        foreach (var some in rows.Chunk(RowsAtOnce))
        {
            context.FrozenSamples.AddRange(
                some.Select(row => new FrozenSample
                {
                    VersionId = versionId,
                    SampleId = row.SampleId,
                    Split = row.Split,
                    Label = row.Label,
                    RecordId = row.RecordId,
                    ReviewId = row.ReviewId,
                })
            );
            await context.SaveChangesAsync(stop);
            context.ChangeTracker.Clear();
        }
    }
}

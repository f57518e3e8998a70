using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;
using CLGRPO.Web.Operation;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Datasets;

/// <summary>A data set of the store, in figures.</summary>
/// <param name="Records">Chains of thought, whatever became of them.</param>
/// <param name="Versions">Frozen versions of it, newest first.</param>
public sealed record DatasetSummary(
    long Id,
    string Name,
    string Question,
    IReadOnlyList<string> Labels,
    string Licence,
    string Source,
    DateTime CreatedAt,
    int Samples,
    int Records,
    IReadOnlyList<VersionSummary> Versions
);

/// <summary>A frozen version: a folder that training takes.</summary>
/// <param name="Reference"><c>name@hash</c>, as recipes write it.</param>
/// <param name="DatasetId">The data set of the store that it was frozen from or that it was brought into; null where there is none.</param>
/// <param name="OnDisk">The folder is there; without it the store can make it again.</param>
/// <param name="WithText">Samples that have a chain of thought; null where only the folder knows.</param>
public sealed record VersionSummary(
    string Name,
    string Hash,
    string Reference,
    int Samples,
    SplitCounts? Counts,
    int? WithText,
    DateTime FrozenAt,
    string? By,
    long? DatasetId,
    bool OnDisk
);

/// <summary>What data there is: data sets of the store, and frozen versions in the folder.</summary>
public sealed class DatasetCatalog(StoreFactory store, IOptions<SiteOptions> site)
{
    /// <summary>The root with versions and pictures.</summary>
    public string Root => site.Value.DatasetsPath;

    /// <summary>All data sets of the store, by name.</summary>
    public Task<IReadOnlyList<DatasetSummary>> Datasets(CancellationToken stop) => Summaries(id: null, stop);

    /// <summary>A data set of the store; null where there is none of that id.</summary>
    public async Task<DatasetSummary?> Find(long id, CancellationToken stop) =>
        await Summaries(id, stop) is [var dataset] ? dataset : null;

    /// <param name="id">Null for all.</param>
    private async Task<IReadOnlyList<DatasetSummary>> Summaries(long? id, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        var datasets = await context
            .Datasets.AsNoTracking()
            .Where(dataset => id == null || dataset.Id == id)
            .OrderBy(dataset => dataset.Name)
            .ToListAsync(stop);
        if (datasets.Count == 0)
            return [];
        var versions = await Versions(stop);
        var summaries = new List<DatasetSummary>(datasets.Count);
        foreach (var dataset in datasets)
            summaries.Add(
                new DatasetSummary(
                    dataset.Id,
                    dataset.Name,
                    dataset.Question,
                    dataset.Labels,
                    dataset.Licence,
                    dataset.Source,
                    dataset.CreatedAt,
                    await context.Samples.CountAsync(sample => sample.DatasetId == dataset.Id, stop),
                    await context.Records.CountAsync(record => record.Sample!.DatasetId == dataset.Id, stop),
                    [.. versions.Where(version => version.DatasetId == dataset.Id)]
                )
            );
        return summaries;
    }

    /// <summary>Whether the store has such a data set.</summary>
    public async Task<bool> Exists(long id, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        return await context.Datasets.AnyAsync(dataset => dataset.Id == id, stop);
    }

    /// <summary>All frozen versions, by name, then newest first: those in the folder, and those that only the store remembers.</summary>
    public async Task<IReadOnlyList<VersionSummary>> Versions(CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        var known = await context.Versions.AsNoTracking().ToListAsync(stop);
        var names = await context
            .Datasets.AsNoTracking()
            .ToDictionaryAsync(dataset => dataset.Name, dataset => dataset.Id, StringComparer.Ordinal, stop);
        var folders = VersionFolders.List(Root);
        var here = folders.Select(folder => folder.Hash).ToHashSet(StringComparer.Ordinal);
        return
        [
            .. folders
                .Select(folder => Summary(folder, known.FirstOrDefault(version => version.Hash == folder.Hash), names))
                .Concat(
                    known
                        .Where(version => !here.Contains(version.Hash))
                        .Select(version => Summary(version, names.First(pair => pair.Value == version.DatasetId).Key))
                )
                .OrderBy(version => version.Name, StringComparer.Ordinal)
                .ThenByDescending(version => version.FrozenAt),
        ];
    }

    private static VersionSummary Summary(VersionFolder folder, FrozenVersion? known, Dictionary<string, long> names) =>
        new(
            folder.Name,
            folder.Hash,
            folder.Reference,
            folder.Info.Counts.Total,
            folder.Info.Counts,
            known?.CompletionCount,
            known?.CreatedAt ?? folder.WrittenAt,
            known?.CreatedBy,
            known?.DatasetId ?? (names.TryGetValue(folder.Name, out var id) ? id : null),
            OnDisk: true
        );

    private static VersionSummary Summary(FrozenVersion version, string name) =>
        new(
            name,
            version.Hash,
            $"{name}@{version.Hash}",
            version.SampleCount,
            Counts: null,
            version.CompletionCount,
            version.CreatedAt,
            version.CreatedBy,
            version.DatasetId,
            OnDisk: false
        );
}

using System.ComponentModel.DataAnnotations;
using CLGRPO.Data.Browsing;
using CLGRPO.Data.Exporting;
using CLGRPO.Data.Store;
using CLGRPO.Web.Datasets.Uploads;

namespace CLGRPO.Web.Datasets.Jobs;

/// <summary>Two frozen versions to be compared.</summary>
public sealed record CompareVersions
{
    /// <summary>name@hash of the one that counts as the older.</summary>
    [Required, StringLength(200)]
    public required string Left { get; init; }

    /// <summary>name@hash of the other.</summary>
    [Required, StringLength(200)]
    public required string Right { get; init; }
}

/// <summary>A frozen version to be written as an archive.</summary>
public sealed record ExportVersion
{
    /// <summary>name@hash; enough digits to be the only one.</summary>
    [Required, StringLength(200)]
    public required string Version { get; init; }

    /// <summary>jsonl loses nothing and can be imported; csv is for spreadsheets.</summary>
    [Required]
    public required ExportFormat Format { get; init; }

    /// <summary>With the pictures.</summary>
    public bool Images { get; init; }
}

/// <summary>Samples that a filter lets pass, to be written as an archive.</summary>
public sealed record ExportView
{
    /// <summary>jsonl loses nothing and can be imported; csv is for spreadsheets.</summary>
    [Required]
    public required ExportFormat Format { get; init; }

    /// <summary>With the pictures.</summary>
    public bool Images { get; init; }
}

/// <summary>Queues work on versions, views and splits.</summary>
public sealed class VersionWork(DataJobs jobs, DatasetCatalog catalog, SampleSearch search)
{
    /// <exception cref="UploadException">A setting is out of range.</exception>
    public async Task<JobView> Split(
        DatasetSummary dataset,
        SplitSettings settings,
        string actor,
        CancellationToken stop
    )
    {
        var shares = settings.Shares;
        double[] all = [shares.Train, shares.Validation, shares.Test];
        if (all.Any(share => !double.IsFinite(share) || share < 0) || all.Sum() <= 0)
            throw new UploadException(400, "Shares are numbers from 0 on, not all of them 0.");
        return await jobs.Add(DataJobKind.Split, $"split of {dataset.Name}", dataset.Id, settings, actor, stop);
    }

    public Task<JobView> Freeze(
        DatasetSummary dataset,
        RecordSelection selection,
        string actor,
        CancellationToken stop
    ) => jobs.Add(DataJobKind.Freeze, $"a version of {dataset.Name}", dataset.Id, selection, actor, stop);

    /// <exception cref="UploadException">A version is not there.</exception>
    public async Task<JobView> Compare(CompareVersions asked, string actor, CancellationToken stop)
    {
        var left = await Find(asked.Left, stop);
        var right = await Find(asked.Right, stop);
        return await jobs.Add(
            DataJobKind.Compare,
            $"{Short(left)} with {Short(right)}",
            right.DatasetId,
            new CompareWork(left.Name, left.Hash, right.Name, right.Hash),
            actor,
            stop
        );
    }

    /// <exception cref="UploadException">The version is not there.</exception>
    public async Task<JobView> Export(ExportVersion asked, string actor, CancellationToken stop)
    {
        var version = await Find(asked.Version, stop);
        return await jobs.Add(
            DataJobKind.Export,
            $"{Short(version)} as {SampleQuery.Word(asked.Format)}{(asked.Images ? " with pictures" : "")}",
            version.DatasetId,
            new ExportWork(version.Name, version.Hash, asked.Format, asked.Images),
            actor,
            stop
        );
    }

    /// <summary>Exports what the filter lets pass when the work begins.</summary>
    /// <exception cref="UploadException">Nothing fits.</exception>
    public async Task<JobView> Export(
        DatasetSummary dataset,
        SampleFilter filter,
        SampleOrder order,
        ExportView asked,
        string actor,
        CancellationToken stop
    )
    {
        var samples = await search.Count(dataset.Id, filter, stop);
        if (samples == 0)
            throw new UploadException(409, "No picture fits the filter: there is nothing to export.");
        return await jobs.Add(
            DataJobKind.Export,
            $"{samples:N0} of {dataset.Name} as {SampleQuery.Word(asked.Format)}{(asked.Images ? " with pictures" : "")}",
            dataset.Id,
            new ExportWork(dataset.Name, Hash: null, asked.Format, asked.Images, SampleQuery.ToAddress(filter, order)),
            actor,
            stop
        );
    }

    private static string Short(VersionSummary version) => $"{version.Name}@{DatasetWords.Digits(version.Hash)}";

    private async Task<VersionSummary> Find(string reference, CancellationToken stop)
    {
        var fitting = (await catalog.Versions(stop))
            .Where(version => version.OnDisk)
            .Where(version =>
                version.Reference.StartsWith(reference, StringComparison.Ordinal)
                && (reference.Contains('@', StringComparison.Ordinal) || version.Name == reference)
            )
            .ToList();
        return fitting.Count == 1
            ? fitting[0]
            : throw new UploadException(404, $"{fitting.Count} versions are called so; name one as name@hash.");
    }
}

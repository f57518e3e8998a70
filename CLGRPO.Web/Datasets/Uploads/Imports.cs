using System.ComponentModel.DataAnnotations;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Importing;
using CLGRPO.Data.Store;
using CLGRPO.Web.Datasets.Jobs;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Web.Datasets.Uploads;

/// <summary>An import to be begun: of an upload or of a source on the server, exactly one of them.</summary>
public sealed record CreateImport
{
    /// <summary>Id of an upload that is whole.</summary>
    public string? Upload { get; init; }

    /// <summary>Id of a source on the server.</summary>
    public string? Source { get; init; }

    /// <summary>The data set's name; made where there is none. Null for the source's own.</summary>
    /// <example>holiday</example>
    [StringLength(64)]
    public string? Dataset { get; init; }

    /// <summary>emoset, jsonl, llava, swift, csv or folder; null to find out.</summary>
    [StringLength(20)]
    public string? Format { get; init; }

    /// <summary>Asked about every picture of a new data set.</summary>
    [StringLength(4000)]
    public string? Question { get; init; }

    /// <summary>Of a new data set.</summary>
    [StringLength(400)]
    public string? Licence { get; init; }

    /// <summary>Leave the source's chains of thought out.</summary>
    public bool WithoutTexts { get; init; }
}

/// <summary>An import, as far as it came.</summary>
/// <param name="Cursor">Rows dealt with.</param>
public sealed record ImportView(
    long Id,
    long DatasetId,
    string Format,
    JobState State,
    long Cursor,
    long? TotalRows,
    long Imported,
    long Duplicates,
    long Problems,
    string By,
    DateTime CreatedAt,
    DateTime? FinishedAt
);

/// <summary>A row that was left out.</summary>
/// <param name="Line">From 1; for formats without lines, the row's place.</param>
public sealed record ProblemView(long Id, string File, long Line, string Reason);

/// <summary>Begins imports, and tells what became of them row by row.</summary>
public sealed class Imports(StoreFactory store, ImportSources sources, UploadStore uploads, DataJobs jobs)
{
    /// <summary>Names of the formats that are read.</summary>
    public static IReadOnlyList<string> Formats { get; } =
    [.. Data.Importing.Source.Formats.Select(format => format.Name)];

    /// <summary>Queues an import.</summary>
    /// <exception cref="UploadException">Something about the request cannot be.</exception>
    /// <exception cref="KeyNotFoundException">There is no such upload or source.</exception>
    public async Task<JobView> Begin(CreateImport asked, string actor, CancellationToken stop)
    {
        if (asked.Upload is null == asked.Source is null)
            throw new UploadException(400, "Give either an upload or a source.");
        if (asked.Format is not null && !Formats.Contains(asked.Format, StringComparer.Ordinal))
            throw new UploadException(400, $"There is no such format; there are {string.Join(", ", Formats)}.");
        var (path, name) =
            asked.Upload is { } upload ? uploads.Whole(actor, upload)
            : sources.Find(asked.Source!) is { } found ? (found.Path, found.Source.Name)
            : throw new KeyNotFoundException("There is no such source.");
        var dataset = string.IsNullOrWhiteSpace(asked.Dataset) ? NameFrom(name) : asked.Dataset.Trim();
        if (!DatasetNames.IsName(dataset))
            throw new UploadException(
                400,
                "A data set's name has 1 to 64 lower-case letters, digits, '.', '_' or '-', and begins with a letter or digit."
            );
        await RequireIdle(path, stop);
        return await jobs.Add(
            DataJobKind.Import,
            $"{name} into {dataset}",
            await IdOf(dataset, stop),
            new ImportWork(
                path,
                name,
                dataset,
                asked.Upload,
                asked.Format,
                Given(asked.Question),
                Given(asked.Licence),
                asked.WithoutTexts
            ),
            actor,
            stop
        );
    }

    /// <summary>The imports of a data set, newest first.</summary>
    public async Task<IReadOnlyList<ImportView>> Of(long datasetId, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        return await context
            .Imports.AsNoTracking()
            .Where(import => import.DatasetId == datasetId)
            .OrderByDescending(import => import.Id)
            .Select(import => new ImportView(
                import.Id,
                import.DatasetId,
                import.Format,
                import.State,
                import.Cursor,
                import.TotalRows,
                import.Imported,
                import.Duplicates,
                import.Problems,
                import.CreatedBy,
                import.CreatedAt,
                import.FinishedAt
            ))
            .ToListAsync(stop);
    }

    /// <summary>The rows that an import left out, in their order; null where there is no such import.</summary>
    public async Task<(IReadOnlyList<ProblemView> Rows, int Total)?> Problems(
        long importId,
        int offset,
        int limit,
        CancellationToken stop
    )
    {
        await using var context = store.CreateDbContext();
        if (!await context.Imports.AnyAsync(import => import.Id == importId, stop))
            return null;
        var rows = context.ImportProblems.AsNoTracking().Where(row => row.ImportId == importId);
        var page = await rows.OrderBy(row => row.Id)
            .Skip(offset)
            .Take(limit)
            .Select(row => new ProblemView(row.Id, row.File, row.Line, row.Reason))
            .ToListAsync(stop);
        return (page, await rows.CountAsync(stop));
    }

    /// <summary>What a data set would be called after its source.</summary>
    public static string NameFrom(string source)
    {
        var stem = source.Split('@')[0];
        stem = stem.EndsWith(".zip", StringComparison.OrdinalIgnoreCase) ? stem[..^4] : stem;
        return string.Concat(
                stem.ToLowerInvariant()
                    .Take(64)
                    .Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '-')
            )
            .TrimStart('.', '_', '-');
    }

    private static string? Given(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    private async Task<long?> IdOf(string dataset, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        return await context
            .Datasets.Where(known => known.Name == dataset)
            .Select(known => (long?)known.Id)
            .SingleOrDefaultAsync(stop);
    }

    /// <summary>Asked twice, done once.</summary>
    private async Task RequireIdle(string path, CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        var open = await context
            .DataJobs.Where(job =>
                job.Kind == DataJobKind.Import && (job.State == JobState.Queued || job.State == JobState.Running)
            )
            .Select(job => job.Settings)
            .ToListAsync(stop);
        if (open.Any(settings => DataJobs.Read<ImportWork>(settings).Source == path))
            throw new UploadException(409, "It is being imported already.");
    }
}

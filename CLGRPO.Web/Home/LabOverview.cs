using System.Text.Json;
using CLGRPO.Data.Runs;
using CLGRPO.Data.Store;
using CLGRPO.Web.Operation;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Home;

/// <summary>One data set, in figures.</summary>
public sealed record DatasetFigures(string Name, int Samples, int Labels);

/// <summary>One run folder, in figures.</summary>
/// <param name="ChangedAt">When the run last wrote an event, UTC.</param>
public sealed record RunFigures(string Id, int Checkpoints, DateTime ChangedAt);

/// <summary>What the lab has.</summary>
/// <param name="Records">Chains of thought.</param>
public sealed record LabFigures(
    IReadOnlyList<DatasetFigures> Datasets,
    int Samples,
    int Records,
    IReadOnlyList<RunFigures> Runs
)
{
    public int Checkpoints => Runs.Sum(run => run.Checkpoints);
}

/// <summary>Counts what the lab has: data in the store, runs and checkpoints in the runs folder.</summary>
public sealed class LabOverview(StoreFactory store, IOptions<SiteOptions> options)
{
    public async Task<LabFigures> Read(CancellationToken stop)
    {
        await using var context = store.CreateDbContext();
        var counts = await context
            .Samples.GroupBy(sample => sample.DatasetId)
            .Select(group => new { group.Key, Count = group.Count() })
            .ToDictionaryAsync(group => group.Key, group => group.Count, stop);
        var stored = await context.Datasets.AsNoTracking().ToListAsync(stop);
        var datasets = stored
            .Select(set => new DatasetFigures(set.Name, counts.GetValueOrDefault(set.Id), set.Labels.Count))
            .Concat(
                FindVersions(options.Value.DatasetsPath)
                    .ExceptBy(stored.Select(set => set.Name), set => set.Name, StringComparer.Ordinal)
            )
            .OrderBy(set => set.Name, StringComparer.Ordinal)
            .ToList();
        return new LabFigures(
            datasets,
            datasets.Sum(set => set.Samples),
            await context.Records.CountAsync(stop),
            FindRuns(options.Value.RunsPath)
        );
    }

    /// <summary>Frozen versions lie beside the store as folders <c>name/hash</c>; built-in sets are there only. The newest of each name.</summary>
    private static IEnumerable<DatasetFigures> FindVersions(string folder) =>
        Directory.Exists(folder)
            ? Directory
                .EnumerateDirectories(folder)
                .SelectMany(name =>
                    Directory.EnumerateFiles(
                        name,
                        "dataset.json",
                        new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 }
                    )
                )
                .OrderByDescending(File.GetLastWriteTimeUtc)
                .Select(FiguresOfVersion)
                .DistinctBy(set => set.Name, StringComparer.Ordinal)
            : [];

    private static DatasetFigures FiguresOfVersion(string file)
    {
        using var info = JsonDocument.Parse(File.ReadAllBytes(file));
        var root = info.RootElement;
        return new DatasetFigures(
            root.GetProperty("name").GetString()!,
            root.GetProperty("counts").EnumerateObject().Sum(split => split.Value.GetInt32()),
            root.GetProperty("labels").GetArrayLength()
        );
    }

    private static IReadOnlyList<RunFigures> FindRuns(string folder) =>
        Directory.Exists(folder)
            ?
            [
                .. Directory
                    .EnumerateDirectories(folder)
                    .Where(RunDirectory.Exists)
                    .Select(Figures)
                    .OrderByDescending(run => run.ChangedAt),
            ]
            : [];

    private static RunFigures Figures(string folder)
    {
        var run = RunDirectory.Open(folder);
        var changed = File.Exists(run.EventsPath)
            ? File.GetLastWriteTimeUtc(run.EventsPath)
            : Directory.GetLastWriteTimeUtc(folder);
        return new RunFigures(run.Id, CountCheckpoints(run.CheckpointsPath), changed);
    }

    private static int CountCheckpoints(string folder) =>
        Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, "manifest.json", SearchOption.AllDirectories).Count()
            : 0;
}

/// <summary>The home page's services and its figures for programs.</summary>
public static class HomeServices
{
    public static void AddHome(this IServiceCollection services) => services.AddSingleton<LabOverview>();

    public static void MapHome(this IEndpointRouteBuilder routes) =>
        routes
            .MapGet("/api/v1/overview", (LabOverview lab, CancellationToken stop) => lab.Read(stop))
            .WithName("GetOverview")
            .WithTags("Lab")
            .WithSummary("Counts data sets, samples, chains of thought, runs and checkpoints")
            .RequireAuthorization(Accounts.Scopes.DatasetsRead);
}

using CLGRPO.Data.Store;
using CLGRPO.Web.Api;
using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Web.Live;

/// <summary>A sample of the store that a run's rollouts were made of.</summary>
/// <param name="Key">Its name in the run's data set.</param>
/// <param name="Image">SHA-256 of its picture.</param>
/// <param name="Dataset">The data set's number in the store.</param>
/// <param name="Sample">The sample's number in the store.</param>
public sealed record RunSample(string Key, string Image, long Dataset, long Sample);

/// <summary>Finds the samples of a run in the store, so that a rollout can be followed to where it came from.</summary>
public static class SampleLinks
{
    private const int MostKeys = 200;

    public static void MapSampleLinks(this IEndpointRouteBuilder routes) =>
        routes
            .MapGet("/api/v1/runs/{id}/samples", Find)
            .WithTags("Runs")
            .WithName("FindRunSamples")
            .WithSummary("Finds samples of the run's data set in the store; those that it does not hold are left out")
            .RequireAuthorization(RunScopes.Read);

    private static async Task<Results<Ok<List<RunSample>>, NotFound, ValidationProblem>> Find(
        string id,
        string[] keys,
        TrainingService training,
        StoreFactory store,
        CancellationToken stop
    )
    {
        if (keys.Length is 0 or > MostKeys)
            return Invalid.Field("keys", $"There are {keys.Length} keys; give 1 to {MostKeys}.");
        if (training.Find(id) is not { } run)
            return TypedResults.NotFound();
        var wanted = keys.ToList();
        var dataset = run.Dataset.Split('@')[0];
        await using var context = store.CreateDbContext();
        return TypedResults.Ok(
            await context
                .Samples.Where(sample => sample.Dataset!.Name == dataset && wanted.Contains(sample.Key))
                .Select(sample => new RunSample(sample.Key, sample.Image, sample.DatasetId, sample.Id))
                .ToListAsync(stop)
        );
    }
}

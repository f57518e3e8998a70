using System.Security.Claims;
using CLGRPO.Data.Store;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Api;
using CLGRPO.Web.Datasets.Uploads;
using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CLGRPO.Web.Datasets.Jobs;

/// <summary>REST of the work on data sets, and of what begins it.</summary>
public static class JobEndpoints
{
    public static void MapDataJobs(this IEndpointRouteBuilder routes)
    {
        var jobs = routes
            .MapGroup(DatasetEndpoints.Path)
            .WithTags("Data set work")
            .RequireAuthorization(Scopes.DatasetsRead)
            .AddEndpointFilter(UploadEndpoints.AnswerFaults);
        jobs.MapGet("/jobs", List).WithName("ListDataJobs").WithSummary("Lists the newest 200 pieces of work");
        jobs.MapGet("/jobs/{id:long}", Get).WithName("GetDataJob").WithSummary("Tells how far a piece of work is");
        jobs.MapGet("/jobs/{id:long}/file", Download)
            .WithName("DownloadExport")
            .WithSummary("Downloads a finished export; for whoever asked for it, and for admins");
        var changes = jobs.MapGroup("").RequireAuthorization(Scopes.DatasetsWrite);
        changes
            .MapPost("/jobs/{id:long}/cancel", Cancel)
            .WithName("CancelDataJob")
            .WithSummary("Stops a piece of work; what it has committed stays")
            .ProducesProblem(StatusCodes.Status409Conflict);
        changes.MapPost("/{id:long}/split", Split).WithName("SplitDataset").WithSummary("Splits a data set by class");
        changes
            .MapPost("/{id:long}/versions/preview", Preview)
            .WithName("PreviewVersion")
            .WithSummary("Counts what freezing would take, against the newest version")
            .ProducesProblem(StatusCodes.Status409Conflict);
        changes
            .MapPost("/{id:long}/versions", Freeze)
            .WithName("FreezeVersion")
            .WithSummary("Makes an immutable version, which training takes");
        changes
            .MapPost("/versions/compare", Compare)
            .WithName("CompareVersions")
            .WithSummary("Finds what differs between two versions");
        changes
            .MapPost("/versions/export", Export)
            .WithName("ExportVersion")
            .WithSummary("Writes a version as an archive to download");
        changes
            .MapPost("/{id:long}/samples/export", ExportSamples)
            .WithName("ExportSamples")
            .WithSummary("Writes the samples that fit, as they stand now, as an archive to download")
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Ok<Page<JobView>>, ValidationProblem>> List(
        DataJobs jobs,
        CancellationToken stop,
        long? dataset = null,
        int offset = 0,
        int limit = 50
    )
    {
        if (Invalid.OutOfRange(("offset", offset, 0, int.MaxValue), ("limit", limit, 1, 200)) is { } problem)
            return problem;
        var all = await jobs.List(dataset, stop);
        return TypedResults.Ok(new Page<JobView>([.. all.Skip(offset).Take(limit)], all.Count, offset));
    }

    private static async Task<Results<Ok<JobView>, NotFound>> Get(long id, DataJobs jobs, CancellationToken stop) =>
        await jobs.Find(id, stop) is { } job ? TypedResults.Ok(job) : TypedResults.NotFound();

    /// <summary>Everybody else's export is not there (A-CSV-2).</summary>
    private static async Task<Results<PhysicalFileHttpResult, NotFound>> Download(
        long id,
        DataJobs jobs,
        DataWork work,
        ClaimsPrincipal user,
        CancellationToken stop
    )
    {
        var job = await jobs.Find(id, stop);
        if (job is not { HasFile: true, Result: { } result } || !Mine(job, user))
            return TypedResults.NotFound();
        return TypedResults.PhysicalFile(
            work.ExportPath(id),
            "application/zip",
            result.GetProperty("file").GetString(),
            enableRangeProcessing: true
        );
    }

    /// <summary>Whether somebody may have what a job made.</summary>
    internal static bool Mine(JobView job, ClaimsPrincipal user) =>
        job.By == UploadEndpoints.Owner(user) || user.IsInRole(Roles.Admin);

    private static async Task<Results<NoContent, NotFound, ProblemHttpResult>> Cancel(
        long id,
        DataJobs jobs,
        CancellationToken stop
    )
    {
        if (await jobs.Find(id, stop) is null)
            return TypedResults.NotFound();
        return await jobs.Cancel(id, stop)
            ? TypedResults.NoContent()
            : TypedResults.Problem("It is over already.", statusCode: StatusCodes.Status409Conflict);
    }

    private static async Task<Results<AcceptedAtRoute<JobView>, NotFound>> Split(
        long id,
        SplitSettings settings,
        DatasetCatalog catalog,
        VersionWork work,
        ClaimsPrincipal user,
        CancellationToken stop
    ) =>
        await catalog.Find(id, stop) is { } dataset
            ? Accepted(await work.Split(dataset, settings, UploadEndpoints.Owner(user), stop))
            : TypedResults.NotFound();

    private static async Task<Results<Ok<FreezePreview>, NotFound, ProblemHttpResult>> Preview(
        long id,
        RecordSelection selection,
        StoreFactory store,
        DatasetCatalog catalog,
        TimeProvider clock,
        CancellationToken stop
    )
    {
        if (!await catalog.Exists(id, stop))
            return TypedResults.NotFound();
        try
        {
            return TypedResults.Ok(await new VersionFreezer(store, clock, catalog.Root).Preview(id, selection, stop));
        }
        catch (StoreException e)
        {
            return TypedResults.Problem(e.Message, statusCode: StatusCodes.Status409Conflict);
        }
    }

    private static async Task<Results<AcceptedAtRoute<JobView>, NotFound>> Freeze(
        long id,
        RecordSelection selection,
        DatasetCatalog catalog,
        VersionWork work,
        ClaimsPrincipal user,
        CancellationToken stop
    ) =>
        await catalog.Find(id, stop) is { } dataset
            ? Accepted(await work.Freeze(dataset, selection, UploadEndpoints.Owner(user), stop))
            : TypedResults.NotFound();

    private static async Task<AcceptedAtRoute<JobView>> Compare(
        CompareVersions asked,
        VersionWork work,
        ClaimsPrincipal user,
        CancellationToken stop
    ) => Accepted(await work.Compare(asked, UploadEndpoints.Owner(user), stop));

    private static async Task<AcceptedAtRoute<JobView>> Export(
        ExportVersion asked,
        VersionWork work,
        ClaimsPrincipal user,
        CancellationToken stop
    ) => Accepted(await work.Export(asked, UploadEndpoints.Owner(user), stop));

    private static async Task<Results<AcceptedAtRoute<JobView>, NotFound, ValidationProblem>> ExportSamples(
        long id,
        [AsParameters] SampleQuery query,
        ExportView asked,
        DatasetCatalog catalog,
        VersionWork work,
        HttpContext http,
        CancellationToken stop
    )
    {
        var errors = new Dictionary<string, string[]>(StringComparer.Ordinal);
        var (filter, order) = query.ReadAll(http.Request.Query.Keys, [], errors);
        if (errors.Count > 0)
            return Invalid.Fields(errors);
        return await catalog.Find(id, stop) is { } dataset
            ? Accepted(await work.Export(dataset, filter, order, asked, UploadEndpoints.Owner(http.User), stop))
            : TypedResults.NotFound();
    }

    private static AcceptedAtRoute<JobView> Accepted(JobView job) =>
        TypedResults.AcceptedAtRoute(job, "GetDataJob", new { id = job.Id });
}

using System.Security.Claims;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Api;
using CLGRPO.Web.Datasets.Jobs;
using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CLGRPO.Web.Datasets.Uploads;

/// <summary>REST of imports.</summary>
public static class ImportEndpoints
{
    private const int MostAtOnce = 1000;

    public static void MapImports(this IEndpointRouteBuilder routes)
    {
        var imports = routes
            .MapGroup(DatasetEndpoints.Path)
            .WithTags("Data set imports")
            .RequireAuthorization(Scopes.DatasetsRead)
            .AddEndpointFilter(UploadEndpoints.AnswerFaults);
        imports
            .MapGet("/{id:long}/imports", List)
            .WithName("ListImports")
            .WithSummary("Lists the imports of a data set, newest first");
        imports
            .MapGet("/imports/{import:long}/problems", Problems)
            .WithName("ListImportProblems")
            .WithSummary("Lists the rows that an import left out: file, line, reason");
        var changes = imports.MapGroup("").RequireAuthorization(Scopes.DatasetsWrite);
        changes
            .MapGet("/sources", Sources)
            .WithName("ListImportSources")
            .WithSummary("Lists what lies on the server and may be imported: allowed folders and frozen versions");
        changes
            .MapPost("/imports", Begin)
            .WithName("BeginImport")
            .WithSummary("Queues the import of an upload or of a source on the server")
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Ok<Page<ImportView>>, NotFound, ValidationProblem>> List(
        long id,
        Imports imports,
        DatasetCatalog catalog,
        CancellationToken stop,
        int offset = 0,
        int limit = 50
    )
    {
        if (Invalid.OutOfRange(("offset", offset, 0, int.MaxValue), ("limit", limit, 1, MostAtOnce)) is { } problem)
            return problem;
        if (!await catalog.Exists(id, stop))
            return TypedResults.NotFound();
        var all = await imports.Of(id, stop);
        return TypedResults.Ok(new Page<ImportView>([.. all.Skip(offset).Take(limit)], all.Count, offset));
    }

    private static async Task<Results<Ok<Page<ProblemView>>, NotFound, ValidationProblem>> Problems(
        long import,
        Imports imports,
        CancellationToken stop,
        int offset = 0,
        int limit = 100
    )
    {
        if (Invalid.OutOfRange(("offset", offset, 0, int.MaxValue), ("limit", limit, 1, MostAtOnce)) is { } problem)
            return problem;
        return await imports.Problems(import, offset, limit, stop) is var (rows, total)
            ? TypedResults.Ok(new Page<ProblemView>(rows, total, offset))
            : TypedResults.NotFound();
    }

    private static Ok<IReadOnlyList<ImportSource>> Sources(ImportSources sources) => TypedResults.Ok(sources.List());

    private static async Task<AcceptedAtRoute<JobView>> Begin(
        CreateImport asked,
        Imports imports,
        ClaimsPrincipal user,
        CancellationToken stop
    )
    {
        var job = await imports.Begin(asked, UploadEndpoints.Owner(user), stop);
        return TypedResults.AcceptedAtRoute(job, "GetDataJob", new { id = job.Id });
    }
}

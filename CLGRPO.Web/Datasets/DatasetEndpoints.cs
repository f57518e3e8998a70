using System.Security.Claims;
using CLGRPO.Data.Browsing;
using CLGRPO.Data.Images;
using CLGRPO.Data.Store;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Api;
using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CLGRPO.Web.Datasets;

/// <summary>REST of the data sets: what is there, and their pictures.</summary>
public static class DatasetEndpoints
{
    public const string Path = "/api/v1/datasets";

    /// <summary>Address of the pictures.</summary>
    public const string Pictures = $"{Path}/images";

    /// <summary>How long a browser keeps a picture.</summary>
    internal const string Immutable = "private, max-age=31536000, immutable";
    private const int MostAtOnce = 500;

    public static RouteGroupBuilder MapDatasets(this IEndpointRouteBuilder routes)
    {
        var datasets = routes.MapGroup(Path).WithTags("Datasets").RequireAuthorization(Scopes.DatasetsRead);
        datasets.MapGet("/", List).WithName("ListDatasets").WithSummary("Lists the data sets of the store, by name");
        datasets
            .MapGet("/versions", Versions)
            .WithName("ListVersions")
            .WithSummary("Lists the frozen versions, which training takes");
        datasets.MapGet("/{id:long}", Get).WithName("GetDataset").WithSummary("Gets a data set");
        datasets
            .MapGet("/{id:long}/facets", Facets)
            .WithName("GetFacets")
            .WithSummary("Gets what samples can be filtered by, with counts");
        datasets
            .MapGet("/{id:long}/statistics", Statistics)
            .WithName("GetStatistics")
            .WithSummary("Counts classes, attributes and chains of thought");
        datasets
            .MapGet("/{id:long}/samples", Samples)
            .WithName("ListSamples")
            .WithSummary("Lists samples that fit, page by page");
        datasets
            .MapGet("/{id:long}/samples/{sample:long}", Sample)
            .WithName("GetSample")
            .WithSummary("Gets a sample with its chains of thought and its history");
        datasets
            .MapGet("/{id:long}/samples/{sample:long}/records/{record:long}/reply", Reply)
            .WithName("GetReply")
            .WithSummary("Gets a teacher's reply as it came");
        datasets
            .MapGet("/images/{hash}", Image)
            .WithName("GetPicture")
            .WithSummary("Gets a picture by its hash, upright and without anything but pixels");
        datasets
            .MapGet("/images/{hash}/thumbnail", Small)
            .WithName("GetThumbnail")
            .WithSummary("Gets a picture made small, 200 or 400 pixels long");
        datasets
            .MapPost("/{id:long}/samples/move", Move)
            .WithName("MoveSamples")
            .WithSummary("Moves samples to another split, with their groups")
            .RequireAuthorization(Scopes.DatasetsWrite);
        return datasets;
    }

    private static async Task<Results<Ok<Page<DatasetSummary>>, ValidationProblem>> List(
        DatasetCatalog catalog,
        CancellationToken stop,
        int offset = 0,
        int limit = 50
    )
    {
        if (Invalid.OutOfRange(("offset", offset, 0, int.MaxValue), ("limit", limit, 1, MostAtOnce)) is { } problem)
            return problem;
        var all = await catalog.Datasets(stop);
        return TypedResults.Ok(new Page<DatasetSummary>([.. all.Skip(offset).Take(limit)], all.Count, offset));
    }

    private static async Task<Results<Ok<Page<VersionSummary>>, ValidationProblem>> Versions(
        DatasetCatalog catalog,
        CancellationToken stop,
        long? dataset = null,
        int offset = 0,
        int limit = 50
    )
    {
        if (Invalid.OutOfRange(("offset", offset, 0, int.MaxValue), ("limit", limit, 1, MostAtOnce)) is { } problem)
            return problem;
        var all = await catalog.Versions(stop);
        var fitting = all.Where(version => dataset is null || version.DatasetId == dataset).ToList();
        return TypedResults.Ok(new Page<VersionSummary>([.. fitting.Skip(offset).Take(limit)], fitting.Count, offset));
    }

    private static async Task<Results<Ok<DatasetSummary>, NotFound>> Get(
        long id,
        DatasetCatalog catalog,
        CancellationToken stop
    ) => await catalog.Find(id, stop) is { } dataset ? TypedResults.Ok(dataset) : TypedResults.NotFound();

    private static async Task<Results<Ok<SampleFacets>, NotFound>> Facets(
        long id,
        StoreFactory store,
        DatasetCatalog catalog,
        CancellationToken stop
    ) =>
        await catalog.Exists(id, stop)
            ? TypedResults.Ok(await SampleFacets.Of(store, id, stop))
            : TypedResults.NotFound();

    private static async Task<Results<Ok<StoreStatistics>, NotFound>> Statistics(
        long id,
        StoreFactory store,
        DatasetCatalog catalog,
        CancellationToken stop
    ) =>
        await catalog.Exists(id, stop)
            ? TypedResults.Ok(await StoreStatistics.Of(store, id, stop))
            : TypedResults.NotFound();

    private static async Task<Results<Ok<SampleList>, NotFound, ValidationProblem>> Samples(
        long id,
        [AsParameters] SampleQuery query,
        SampleSearch search,
        DatasetCatalog catalog,
        HttpRequest request,
        CancellationToken stop,
        long after = 0,
        int limit = 60
    )
    {
        var errors = new Dictionary<string, string[]>(StringComparer.Ordinal);
        var (filter, order) = query.ReadAll(request.Query.Keys, ["after", "limit"], errors);
        if (order == SampleOrder.Changed)
            errors["order"] = ["Samples are listed as imported or newest."];
        if (errors.Count > 0)
            return Invalid.Fields(errors);
        if (Invalid.OutOfRange(("after", after, 0, long.MaxValue), ("limit", limit, 1, MostAtOnce)) is { } problem)
            return problem;
        if (!await catalog.Exists(id, stop))
            return TypedResults.NotFound();
        var (items, total) = await search.PageAndTotal(id, filter, after, order == SampleOrder.Newest, limit, stop);
        return TypedResults.Ok(new SampleList(items, total, items.Count == limit ? items[^1].Id : null));
    }

    private static async Task<Results<Ok<SampleDetail>, NotFound>> Sample(
        long id,
        long sample,
        SampleReader reader,
        CancellationToken stop
    ) => await reader.Read(id, sample, stop) is { } found ? TypedResults.Ok(found) : TypedResults.NotFound();

    /// <summary>A stranger's text: plain, never shown as a page.</summary>
    private static async Task<Results<ContentHttpResult, NotFound>> Reply(
        long id,
        long sample,
        long record,
        SampleReader reader,
        CancellationToken stop
    ) =>
        await reader.Reply(id, sample, record, stop) is { } reply
            ? TypedResults.Text(reply, "text/plain; charset=utf-8")
            : TypedResults.NotFound();

    private static Task<Results<FileContentHttpResult, StatusCodeHttpResult, NotFound, ProblemHttpResult>> Image(
        string hash,
        Thumbnails pictures,
        HttpContext http,
        CancellationToken stop
    ) => Answer(http, $"\"{hash}\"", hash, () => pictures.Full(hash, stop));

    private static async Task<
        Results<FileContentHttpResult, StatusCodeHttpResult, NotFound, ProblemHttpResult, ValidationProblem>
    > Small(string hash, Thumbnails pictures, HttpContext http, CancellationToken stop, int size = 200)
    {
        if (!Thumbnails.Sizes.Contains(size))
            return Invalid.Field("size", $"size is {size}; it must be one of {string.Join(", ", Thumbnails.Sizes)}.");
        var answer = await Answer(http, $"\"{hash}-{size}\"", hash, () => pictures.Small(hash, size, stop));
        return answer.Result switch
        {
            FileContentHttpResult file => file,
            StatusCodeHttpResult same => same,
            ProblemHttpResult problem => problem,
            _ => TypedResults.NotFound(),
        };
    }

    /// <summary>A picture never changes under its hash, so a browser keeps it; it can be neither a page nor a script (A-XSS-4).</summary>
    private static async Task<Results<FileContentHttpResult, StatusCodeHttpResult, NotFound, ProblemHttpResult>> Answer(
        HttpContext http,
        string tag,
        string hash,
        Func<Task<TeacherImage?>> read
    )
    {
        if (http.Request.Headers.IfNoneMatch.Contains(tag, StringComparer.Ordinal))
            return TypedResults.StatusCode(StatusCodes.Status304NotModified);
        TeacherImage? picture;
        try
        {
            picture = await read();
        }
        catch (ImageException e)
        {
            return TypedResults.Problem(e.Message, statusCode: StatusCodes.Status422UnprocessableEntity);
        }
        if (picture is null)
            return TypedResults.NotFound();
        var headers = http.Response.Headers;
        headers.ETag = tag;
        headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
        headers.ContentDisposition = $"inline; filename=\"{hash[..16]}.{picture.MediaType["image/".Length..]}\"";
        return TypedResults.File(picture.Bytes, picture.MediaType);
    }

    private static async Task<Results<Ok<MoveReport>, NotFound>> Move(
        long id,
        MoveSamples asked,
        SampleMoves moves,
        DatasetCatalog catalog,
        ClaimsPrincipal user,
        CancellationToken stop
    ) =>
        await catalog.Exists(id, stop)
            ? TypedResults.Ok(await moves.Move(id, asked.Ids, asked.Split, user.Identity?.Name ?? "unknown", stop))
            : TypedResults.NotFound();
}

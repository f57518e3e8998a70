using System.Security.Claims;
using CLGRPO.Data.Images;
using CLGRPO.Web.Api;
using CLGRPO.Web.Inference;
using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CLGRPO.Web.Playground;

/// <summary>REST of the playground: pictures that people bring, and what they asked. Models are asked at /v1/chat/completions.</summary>
public static class PlaygroundEndpoints
{
    public const string Path = "/api/v1/playground";
    private const int MostAtOnce = 50;

    public static void MapPlayground(this IEndpointRouteBuilder routes)
    {
        var playground = routes.MapGroup(Path).WithTags("Playground").RequireAuthorization(InferenceScopes.Use);
        playground
            .MapPost("/images", Upload)
            .WithName("UploadPicture")
            .WithSummary("Takes in a picture: PNG, JPEG or WebP as the request's body")
            .Accepts<byte[]>("image/png", "image/jpeg", "image/webp", "application/octet-stream");
        playground
            .MapGet("/images/{hash}", Picture)
            .WithName("GetUploadedPicture")
            .WithSummary("Gets a picture that the caller brought");
        playground
            .MapGet("/history", List)
            .WithName("ListPlaygroundHistory")
            .WithSummary("Lists what the caller asked in the playground, newest first");
        playground
            .MapGet("/history/{id}", Get)
            .WithName("GetPlaygroundEntry")
            .WithSummary("Gets a question of the playground with all its answers");
        playground
            .MapPut("/history/{id}/answers/{answer:int}/thumb", Rate)
            .WithName("RatePlaygroundAnswer")
            .WithSummary(
                "Rates an answer: thumb up, down, or neither; reasoning about a data set's sample goes to the reviewers"
            );
        playground
            .MapDelete("/history/{id}", Delete)
            .WithName("DeletePlaygroundEntry")
            .WithSummary("Deletes a question with its answers");
        playground
            .MapDelete("/history", Clear)
            .WithName("ClearPlaygroundHistory")
            .WithSummary("Deletes all that the caller asked, and the pictures");
    }

    /// <summary>Length, then kind and size, then pixels: a limit is held before the work that it bounds (A-UP-1, A-IMG-1).</summary>
    private static async Task<Results<Ok<PlaygroundPicture>, ProblemHttpResult>> Upload(
        HttpContext http,
        PlaygroundShelf shelf,
        CancellationToken stop
    )
    {
        var most = ImageLimits.Default.MaxBytes;
        if (http.Request.ContentLength > most)
            return TooLarge();
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = most;
        using var body = new MemoryStream();
        try
        {
            await http.Request.Body.CopyToAsync(body, stop);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return TooLarge();
        }
        try
        {
            return TypedResults.Ok(await shelf.Add(http.User, body.ToArray(), stop));
        }
        catch (ImageException e)
        {
            return TypedResults.Problem(e.Message, statusCode: StatusCodes.Status422UnprocessableEntity);
        }
    }

    private static ProblemHttpResult TooLarge() =>
        TypedResults.Problem(
            $"The picture is larger than {ImageLimits.Default.MaxBytes >> 20} MiB.",
            statusCode: StatusCodes.Status413PayloadTooLarge
        );

    private static Results<PhysicalFileHttpResult, NotFound> Picture(
        string hash,
        PlaygroundShelf shelf,
        HttpContext http
    )
    {
        if (shelf.PathOf(http.User, hash) is not { } path)
            return TypedResults.NotFound();
        var headers = http.Response.Headers;
        headers.CacheControl = "private, max-age=31536000, immutable";
        headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
        return TypedResults.PhysicalFile(
            path,
            path.EndsWith(".png", StringComparison.Ordinal) ? "image/png" : "image/jpeg"
        );
    }

    private static Results<Ok<Page<PlaygroundSummary>>, ValidationProblem> List(
        PlaygroundShelf shelf,
        ClaimsPrincipal user,
        int offset = 0,
        int limit = 20
    )
    {
        if (Invalid.OutOfRange(("offset", offset, 0, int.MaxValue), ("limit", limit, 1, MostAtOnce)) is { } problem)
            return problem;
        var all = shelf.List(user);
        return TypedResults.Ok(new Page<PlaygroundSummary>([.. all.Skip(offset).Take(limit)], all.Count, offset));
    }

    private static Results<Ok<PlaygroundEntry>, NotFound> Get(string id, PlaygroundShelf shelf, ClaimsPrincipal user) =>
        shelf.Find(user, id) is { } entry ? TypedResults.Ok(entry) : TypedResults.NotFound();

    private static async Task<Results<Ok<ThumbKept>, NotFound>> Rate(
        string id,
        int answer,
        RateAnswer rate,
        ThumbReviews thumbs,
        ClaimsPrincipal user,
        CancellationToken stop
    ) =>
        await thumbs.Rate(user, id, answer, rate.Good, stop) is { } kept
            ? TypedResults.Ok(kept)
            : TypedResults.NotFound();

    private static Results<NoContent, NotFound> Delete(string id, PlaygroundShelf shelf, ClaimsPrincipal user) =>
        shelf.Delete(user, id) ? TypedResults.NoContent() : TypedResults.NotFound();

    private static NoContent Clear(PlaygroundShelf shelf, ClaimsPrincipal user)
    {
        shelf.Clear(user);
        return TypedResults.NoContent();
    }
}

using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using CLGRPO.Web.Accounts;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace CLGRPO.Web.Datasets.Uploads;

/// <summary>An upload to be begun.</summary>
public sealed record CreateUpload
{
    /// <summary>What the file is called; shown, and nothing else.</summary>
    /// <example>holiday-pictures.zip</example>
    [Required, StringLength(255, MinimumLength = 1)]
    public required string Name { get; init; }

    /// <summary>Bytes of the whole file.</summary>
    /// <example>52428800</example>
    [Range(1, long.MaxValue)]
    public required long Length { get; init; }
}

/// <summary>
/// Uploads of archives: announced, then sent part by part, each with the place where it begins. A part that was cut off is gone on with from
/// the offset that a GET tells.
/// </summary>
public static class UploadEndpoints
{
    /// <summary>Header of a part: the byte it begins with.</summary>
    public const string OffsetHeader = "Upload-Offset";

    /// <summary>Header of a part, if wanted: its SHA-256 as base64.</summary>
    public const string HashHeader = "Upload-Sha256";

    public static void MapUploads(this IEndpointRouteBuilder routes)
    {
        var uploads = routes
            .MapGroup($"{DatasetEndpoints.Path}/uploads")
            .WithTags("Data set uploads")
            .RequireAuthorization(Scopes.DatasetsWrite)
            .AddEndpointFilter(AnswerFaults);
        uploads.MapGet("/", List).WithName("ListUploads").WithSummary("Lists the caller's uploads");
        uploads
            .MapPost("/", Create)
            .WithName("CreateUpload")
            .WithSummary("Announces an archive; limits and the disk are looked at now")
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status507InsufficientStorage);
        uploads.MapGet("/{id}", Get).WithName("GetUpload").WithSummary("Tells how much of an upload is here");
        uploads
            .MapPatch("/{id}", Append)
            .WithName("AppendUpload")
            .WithSummary("Sends a part of at most 64 MiB: the bytes from Upload-Offset on, as the body")
            .Accepts<IFormFile>("application/offset+octet-stream")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status415UnsupportedMediaType);
        uploads.MapDelete("/{id}", Delete).WithName("DeleteUpload").WithSummary("Deletes an upload");
    }

    private static Ok<IReadOnlyList<UploadView>> List(UploadStore uploads, ClaimsPrincipal user) =>
        TypedResults.Ok(uploads.Of(Owner(user)));

    private static CreatedAtRoute<UploadView> Create(CreateUpload asked, UploadStore uploads, ClaimsPrincipal user)
    {
        var upload = uploads.Create(Owner(user), asked.Name, asked.Length);
        return TypedResults.CreatedAtRoute(upload, "GetUpload", new { id = upload.Id });
    }

    private static Results<Ok<UploadView>, NotFound> Get(string id, UploadStore uploads, ClaimsPrincipal user) =>
        uploads.Find(Owner(user), id) is { } upload ? TypedResults.Ok(upload) : TypedResults.NotFound();

    private static async Task<Results<Ok<UploadView>, NotFound>> Append(
        string id,
        [FromHeader(Name = OffsetHeader)] long offset,
        [FromHeader(Name = HashHeader)] string? sha256,
        UploadStore uploads,
        HttpContext http,
        CancellationToken stop
    )
    {
        byte[]? hash = null;
        if (sha256 is not null)
        {
            hash = new byte[32];
            if (!Convert.TryFromBase64String(sha256, hash, out var written) || written != hash.Length)
                throw new UploadException(400, $"{HashHeader} is no SHA-256 in base64.");
        }
        // Before the body is read; one byte more, so that what is too long is seen.
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = UploadStore.MaxPart + 1;
        return TypedResults.Ok(await uploads.Append(Owner(http.User), id, offset, http.Request.Body, hash, stop));
    }

    private static Results<NoContent, NotFound> Delete(string id, UploadStore uploads, ClaimsPrincipal user) =>
        uploads.Delete(Owner(user), id) ? TypedResults.NoContent() : TypedResults.NotFound();

    internal static string Owner(ClaimsPrincipal user) => user.Identity?.Name ?? "unknown";

    internal static async ValueTask<object?> AnswerFaults(
        EndpointFilterInvocationContext context,
        EndpointFilterDelegate next
    )
    {
        try
        {
            return await next(context);
        }
        catch (UploadException e)
        {
            return TypedResults.Problem(
                e.Message,
                statusCode: e.Status,
                extensions: e.Offset is { } offset
                    ? new Dictionary<string, object?>(StringComparer.Ordinal) { ["offset"] = offset }
                    : null
            );
        }
        catch (KeyNotFoundException)
        {
            return TypedResults.NotFound();
        }
    }
}

using CLGRPO.Data.Images;
using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Live;

/// <summary>Serves the pictures of the data sets by their hash, to those who may see runs.</summary>
public static class PictureEndpoint
{
    public static void MapPictures(this IEndpointRouteBuilder routes) =>
        routes
            .MapGet("/api/v1/images/{hash:length(64)}", Get)
            .WithTags("Images")
            .WithName("GetImage")
            .WithSummary("Gets a picture by its SHA-256")
            .RequireAuthorization(RunScopes.Read);

    private static Results<PhysicalFileHttpResult, NotFound> Get(
        string hash,
        IOptions<TrainingOptions> options,
        HttpContext http
    )
    {
        // What comes from outside is a hash or nothing: it is made into a path.
        if (!hash.All(char.IsAsciiHexDigitLower))
            return TypedResults.NotFound();
        var path = Path.GetFullPath(Path.Combine(options.Value.DatasetsPath, "blobs", hash));
        if (!File.Exists(path) || TypeOf(path) is not { } type)
            return TypedResults.NotFound();
        http.Response.Headers.CacheControl = "private, max-age=31536000, immutable";
        return TypedResults.PhysicalFile(path, type);
    }

    private static string? TypeOf(string path) =>
        ImageKind.ExtensionOf(path) switch
        {
            ".png" => "image/png",
            ".jpg" => "image/jpeg",
            ".webp" => "image/webp",
            _ => null,
        };
}

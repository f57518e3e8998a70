using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CLGRPO.Web.Accounts;

/// <summary>A key to be made.</summary>
public sealed record CreateKey
{
    /// <summary>What will use it.</summary>
    /// <example>ci-nightly</example>
    [Required, StringLength(60, MinimumLength = 1)]
    public required string Client { get; init; }

    /// <summary>What it may do; a program gives at most what its own key has.</summary>
    [Required, MinLength(1)]
    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>How long it lives.</summary>
    /// <example>90</example>
    [Range(1, ApiKeys.MaxDays)]
    public int Days { get; init; } = 90;
}

/// <summary>A key without what makes it one.</summary>
/// <param name="Prefix">Its first characters, by which people tell keys apart.</param>
/// <param name="CreatedBy">A person's name, or <c>key:</c> and a client.</param>
public sealed record KeyInfo(
    long Id,
    string Client,
    string Prefix,
    IReadOnlyList<string> Scopes,
    string CreatedBy,
    DateTime CreatedAt,
    DateTime ExpiresAt,
    DateTime? UsedAt
)
{
    internal static KeyInfo Of(ApiKey key) =>
        new(
            key.Id,
            key.Client,
            key.Prefix,
            key.Scopes.Split(' '),
            key.CreatedBy,
            key.CreatedAt,
            key.ExpiresAt,
            key.UsedAt
        );
}

/// <summary>A key that was just made.</summary>
/// <param name="Text">The key itself: shown here, once, and kept nowhere.</param>
public sealed record CreatedKey(KeyInfo Key, string Text);

/// <summary>REST of the API keys.</summary>
public static class ApiKeyEndpoints
{
    private const int MostAtOnce = 200;

    public static void MapApiKeys(this IEndpointRouteBuilder routes)
    {
        var keys = routes
            .MapGroup("/api/v1/keys")
            .WithTags("Keys")
            .RequireAuthorization(Scopes.KeysManage)
            .AddEndpointFilter(AnswerFaults);
        keys.MapGet("/", List).WithName("ListKeys").WithSummary("Lists keys that were not revoked, by client");
        keys.MapPost("/", Create)
            .WithName("CreateKey")
            .WithSummary("Makes a key and shows it, once")
            .ProducesProblem(StatusCodes.Status409Conflict);
        keys.MapDelete("/{id:long}", Revoke).WithName("RevokeKey").WithSummary("Ends a key at once");
    }

    private static async Task<Results<Ok<Page<KeyInfo>>, ValidationProblem>> List(
        ApiKeys keys,
        CancellationToken stop,
        [Range(0, int.MaxValue)] int offset = 0,
        [Range(1, MostAtOnce)] int limit = 50
    )
    {
        var all = await keys.List(stop);
        return TypedResults.Ok(
            new Page<KeyInfo>([.. all.Skip(offset).Take(limit).Select(KeyInfo.Of)], all.Count, offset)
        );
    }

    private static async Task<Results<Created<CreatedKey>, ForbidHttpResult, ValidationProblem>> Create(
        CreateKey wanted,
        ApiKeys keys,
        HttpContext http,
        CancellationToken stop
    )
    {
        var caller = http.User;
        // A key must not make a mightier one.
        if (caller.HasClaim(claim => claim.Type == ApiKeyHandler.KeyIdClaim) && !wanted.Scopes.All(Holds))
            return TypedResults.Forbid();
        var made = await keys.Create(wanted.Client, [.. wanted.Scopes], wanted.Days, NameOf(caller), stop);
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created($"/api/v1/keys/{made.Key.Id}", new CreatedKey(KeyInfo.Of(made.Key), made.Text));

        bool Holds(string scope) => caller.HasClaim(Scopes.ClaimType, scope);
    }

    private static async Task<Results<NoContent, NotFound>> Revoke(
        long id,
        ApiKeys keys,
        ClaimsPrincipal caller,
        CancellationToken stop
    )
    {
        if ((await keys.List(stop)).All(key => key.Id != id))
            return TypedResults.NotFound();
        await keys.Revoke(id, NameOf(caller), stop);
        return TypedResults.NoContent();
    }

    private static string NameOf(ClaimsPrincipal caller) => caller.Identity!.Name!;

    private static async ValueTask<object?> AnswerFaults(
        EndpointFilterInvocationContext context,
        EndpointFilterDelegate next
    )
    {
        try
        {
            return await next(context);
        }
        catch (AccountException e)
        {
            return TypedResults.Problem(e.Message, statusCode: StatusCodes.Status409Conflict);
        }
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Accounts;

/// <summary>Accepts an API key from <c>Authorization: Bearer</c> or <c>x-api-key</c>: exactly one of them, once.</summary>
public sealed class ApiKeyHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logs,
    UrlEncoder encoder,
    ApiKeys keys
) : AuthenticationHandler<AuthenticationSchemeOptions>(options, logs, encoder)
{
    /// <summary>The id of the key, as a claim.</summary>
    public const string KeyIdClaim = "api-key";

    private const string Header = "x-api-key";
    private const string Bearer = "Bearer ";

    public static bool BringsKey(HttpRequest request) =>
        request.Headers.ContainsKey(Header) || request.Headers.ContainsKey("Authorization");

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!TryRead(Request, out var text))
            return AuthenticateResult.Fail(
                "Give one API key, either as 'Authorization: Bearer <key>' or as 'x-api-key: <key>'."
            );
        if (await keys.Find(text, Context.RequestAborted) is not { } key)
            return AuthenticateResult.Fail("The API key is not valid.");
        var identity = new ClaimsIdentity(Scheme.Name);
        identity.AddClaim(new Claim(ClaimTypes.Name, $"key:{key.Client}"));
        identity.AddClaim(new Claim(KeyIdClaim, $"{key.Id}"));
        foreach (var scope in key.Scopes.Split(' '))
            identity.AddClaim(new Claim(Scopes.ClaimType, scope));
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme.Name));
    }

    private static bool TryRead(HttpRequest request, [NotNullWhen(true)] out string? key)
    {
        key = null;
        var own = request.Headers[Header];
        var authorization = request.Headers.Authorization;
        if (own.Count + authorization.Count != 1)
            return false;
        if (own.Count == 1)
        {
            key = own[0];
        }
        else if (authorization[0]!.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            key = authorization[0]![Bearer.Length..].Trim();
        }
        return key is { Length: > 0 and <= ApiKeys.MaxLength };
    }
}

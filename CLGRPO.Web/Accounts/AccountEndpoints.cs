using Microsoft.AspNetCore.Antiforgery;

namespace CLGRPO.Web.Accounts;

/// <summary>What needs no page: opening an invitation and signing out.</summary>
public static class AccountEndpoints
{
    /// <summary>Carries the token of an invitation from its link to its form, so that it is in no address that stays.</summary>
    public const string InvitationCookie = "clgrpo-invitation";

    public static void MapAccounts(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/join/{token}", OpenInvitation).AllowAnonymous().ExcludeFromDescription();
        routes.MapPost("/logout", LogOut).RequireAuthorization(Policies.Person).ExcludeFromDescription();
        routes.MapApiKeys();
        routes.MapAudit();
    }

    private static IResult OpenInvitation(string token, HttpContext context)
    {
        context.Response.Cookies.Append(
            InvitationCookie,
            token,
            new CookieOptions
            {
                HttpOnly = true,
                Secure = context.Request.IsHttps,
                SameSite = SameSiteMode.Lax,
                Path = "/join",
                MaxAge = TimeSpan.FromMinutes(30),
            }
        );
        context.Response.Headers.CacheControl = "no-store";
        return Results.LocalRedirect("/join");
    }

    private static async Task<IResult> LogOut(HttpContext context, SignIn signIn, IAntiforgery antiforgery)
    {
        await antiforgery.ValidateRequestAsync(context);
        await signIn.Out(context.User);
        return Results.LocalRedirect("/login");
    }
}

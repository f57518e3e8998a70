using System.Security.Claims;
using CLGRPO.Web.Construction;
using CLGRPO.Web.Evaluations;
using CLGRPO.Web.Inference;
using CLGRPO.Web.Inference.OpenAI;
using CLGRPO.Web.Operation;
using CLGRPO.Web.Recipes;
using CLGRPO.Web.Reviews;
using CLGRPO.Web.Runs;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Identity;

namespace CLGRPO.Web.Accounts;

/// <summary>What a program may do with its key. Each is also the name of a policy, which people pass by their role.</summary>
public static class Scopes
{
    public const string ClaimType = "scope";

    /// <summary>Data sets and their counts.</summary>
    public const string DatasetsRead = "datasets:read";

    /// <summary>Import, split, freeze and export data sets.</summary>
    public const string DatasetsWrite = "datasets:write";

    /// <summary>Making and revoking keys.</summary>
    public const string KeysManage = "keys:manage";

    /// <summary>Who did what.</summary>
    public const string AuditRead = "audit:read";

    /// <summary>Scope → the roles that may do the same.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> RolesOf { get; } =
        new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
        {
            [DatasetsRead] = Roles.All,
            [RecipeScopes.Read] = Roles.All,
            [RecipeScopes.Write] = [Roles.Admin, Roles.Researcher],
            [DatasetsWrite] = [Roles.Admin, Roles.Researcher],
            [ConstructionScopes.Read] = Roles.All,
            [ConstructionScopes.Write] = [Roles.Admin, Roles.Researcher],
            [ConstructionScopes.TeachersRead] = [Roles.Admin, Roles.Researcher],
            [ConstructionScopes.TeachersManage] = [Roles.Admin],
            [ReviewScopes.Read] = Roles.All,
            [ReviewScopes.Write] = [Roles.Admin, Roles.Researcher, Roles.Annotator],
            [ReviewScopes.Manage] = [Roles.Admin, Roles.Researcher],
            [RunScopes.Read] = Roles.All,
            [RunScopes.Write] = [Roles.Admin, Roles.Researcher],
            [EvaluationScopes.Read] = Roles.All,
            [EvaluationScopes.Write] = [Roles.Admin, Roles.Researcher],
            [KeysManage] = [Roles.Admin],
            [AuditRead] = [Roles.Admin],
            [InferenceScopes.Use] = [Roles.Admin, Roles.Researcher, Roles.Annotator],
            [OpenMetricsEndpoint.Scope] = [Roles.Admin],
        };
}

/// <summary>Who may: the policies of pages, endpoints and hub methods. Each of them names one.</summary>
public static class Policies
{
    /// <summary>A person, whatever the role.</summary>
    public const string Person = "person";

    /// <summary>A person with the role Admin.</summary>
    public const string Admin = "admin";

    public static void AddTo(AuthorizationOptions options)
    {
        options.FallbackPolicy = new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build();
        options.AddPolicy(Person, policy => policy.RequireRole(Roles.All));
        options.AddPolicy(Admin, policy => policy.RequireRole(Roles.Admin));
        foreach (var (scope, roles) in Scopes.RolesOf)
            options.AddPolicy(scope, policy => policy.RequireAssertion(context => Allows(context.User, scope, roles)));
    }

    private static bool Allows(ClaimsPrincipal user, string scope, IReadOnlyList<string> roles) =>
        user.HasClaim(Scopes.ClaimType, scope) || roles.Any(user.IsInRole);
}

/// <summary>How a request says who it is from: a browser by cookie, a program by key.</summary>
public static class Schemes
{
    /// <summary>Chooses: a key where the request brings one, else the cookie.</summary>
    public const string Either = "cookie-or-key";
    public const string Key = "api-key";
    public static readonly string Cookie = IdentityConstants.ApplicationScheme;

    public static string Choose(HttpContext context) => ApiKeyHandler.BringsKey(context.Request) ? Key : Cookie;

    /// <summary>A browser is led to the sign-in; a program gets the plain status code.</summary>
    public static Task Redirect(RedirectContext<CookieAuthenticationOptions> context, int status)
    {
        if (
            context.Request.Path.StartsWithSegments("/api")
            || context.Request.Path.StartsWithSegments("/hubs")
            || OpenAIErrors.Concerns(context.HttpContext)
            || context.Request.Path.StartsWithSegments("/metrics")
        )
        {
            context.Response.StatusCode = status;
        }
        else
        {
            context.Response.Redirect(context.RedirectUri);
        }
        return Task.CompletedTask;
    }
}

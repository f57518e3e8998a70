using CLGRPO.Web.Accounts;
using Microsoft.AspNetCore.Authorization;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace CLGRPO.Web.Api;

/// <summary>Writes into each operation who may call it, and what everybody else is answered.</summary>
internal sealed class WhoMay : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var policies = context
            .ApiDescription.ActionDescriptor.EndpointMetadata.OfType<IAuthorizeData>()
            .Select(data => data.Policy)
            .OfType<string>()
            .Distinct(StringComparer.Ordinal)
            .ToList();
        var scopes = policies.Where(Scopes.RolesOf.ContainsKey).ToList();
        operation.Description = string.Join(
            ' ',
            ((string?[])[operation.Description, .. policies.Select(Sentence)]).Where(text => text is { Length: > 0 })
        );
        operation.Security =
        [
            new OpenApiSecurityRequirement
            {
                [new OpenApiSecuritySchemeReference(OpenApi.Key, context.Document)] = scopes,
            },
        ];
        operation.Responses ??= [];
        operation.Responses.TryAdd("401", new OpenApiResponse { Description = "No valid key, nobody signed in" });
        operation.Responses.TryAdd("403", new OpenApiResponse { Description = "The key or the role is not for this" });
        operation.Responses.TryAdd("429", new OpenApiResponse { Description = "Too many requests; see Retry-After" });
    }

    private static string Sentence(string policy) =>
        Scopes.RolesOf.TryGetValue(policy, out var roles)
            ? $"For keys with the scope {policy} and for people: {string.Join(", ", roles)}."
        : policy == Policies.Admin ? "For people with the role Admin; not for keys."
        : "For people who are signed in; not for keys.";
}

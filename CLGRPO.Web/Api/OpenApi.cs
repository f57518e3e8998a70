using CLGRPO.Web.Accounts;
using CLGRPO.Web.Runs;
using Microsoft.OpenApi;

namespace CLGRPO.Web.Api;

/// <summary>The API's description, and the page to try it on at <c>/swagger</c>; the page for people, the description also for programs with a key.</summary>
public static class OpenApi
{
    /// <summary>Name of the key's scheme in the description.</summary>
    internal const string Key = "key";
    private const string Document = "v1";
    private const string Address = "/swagger/{documentName}/swagger.json";

    public static void AddOpenApiDocument(this IServiceCollection services)
    {
        services.AddEndpointsApiExplorer();
        // Where the generator looks for how things are written as JSON.
        services.Configure<Microsoft.AspNetCore.Mvc.JsonOptions>(json =>
            RunServices.Configure(json.JsonSerializerOptions)
        );
        services.AddSwaggerGen(generator =>
        {
            generator.SwaggerDoc(
                Document,
                new OpenApiInfo
                {
                    Title = "CLGRPO",
                    Version = Document,
                    Description =
                        "Everything the pages do. Send an API key in the header Authorization: Bearer … or x-api-key.",
                }
            );
            generator.AddSecurityDefinition(
                Key,
                new OpenApiSecurityScheme
                {
                    Type = SecuritySchemeType.Http,
                    Scheme = "bearer",
                    Description =
                        "An API key. What it needs to be for is said at each operation; in the browser you are signed in without one.",
                }
            );
            generator.SupportNonNullableReferenceTypes();
            generator.IncludeXmlComments(Path.Combine(AppContext.BaseDirectory, "CLGRPO.Web.xml"));
            generator.IncludeXmlComments(Path.Combine(AppContext.BaseDirectory, "CLGRPO.Data.xml"));
            generator.SchemaFilter<Examples>();
            generator.OperationFilter<WhoMay>();
        });
    }

    public static void MapOpenApiDocument(this IEndpointRouteBuilder routes)
    {
        routes
            .MapSwagger(Address, swagger => swagger.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1)
            .RequireAuthorization();
        routes
            .MapSwaggerUI(
                "swagger",
                page =>
                {
                    page.DocumentTitle = "CLGRPO API";
                    page.SwaggerEndpoint(Address.Replace("{documentName}", Document), "CLGRPO");
                }
            )
            .RequireAuthorization(Policies.Person);
    }
}

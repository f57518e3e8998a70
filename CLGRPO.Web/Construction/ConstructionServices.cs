using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Cot.Prompts;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;

namespace CLGRPO.Web.Construction;

/// <summary>What construction on the site is made of.</summary>
public static class ConstructionServices
{
    public const string Path = "/api/v1/construction";

    public static void AddConstruction(this IServiceCollection services)
    {
        services.AddSingleton<TeacherRoom>();
        services.AddSingleton<ConstructionService>();
        services.AddHostedService(provider => provider.GetRequiredService<ConstructionService>());
        services.AddSingleton<ConstructionBoard>();
        services.AddSingleton(provider => new PromptVersions(
            provider.GetRequiredService<StoreFactory>(),
            provider.GetRequiredService<TimeProvider>()
        ));
        services.AddSingleton<PromptDesk>();
        services.AddScoped<ConstructionActs>();
    }

    public static void MapConstruction(this IEndpointRouteBuilder routes)
    {
        var construction = routes.MapGroup(Path).WithTags("Construction").AddEndpointFilter(AnswerFaults);
        construction.MapJobs();
        construction.MapTeachers();
        construction.MapPrompts();
    }

    /// <summary>Turns what construction refuses into problem details.</summary>
    private static async ValueTask<object?> AnswerFaults(
        EndpointFilterInvocationContext context,
        EndpointFilterDelegate next
    )
    {
        try
        {
            return await next(context);
        }
        catch (ConstructionException fault)
        {
            return TypedResults.Problem(fault.Message, statusCode: StatusCodes.Status400BadRequest);
        }
        catch (TeacherException fault)
        {
            return TypedResults.Problem(fault.Message, statusCode: StatusCodes.Status400BadRequest);
        }
        catch (ConstructionStateException fault)
        {
            return TypedResults.Problem(fault.Message, statusCode: StatusCodes.Status409Conflict);
        }
    }
}

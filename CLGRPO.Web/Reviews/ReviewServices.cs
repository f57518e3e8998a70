using CLGRPO.Data.Reviews;

namespace CLGRPO.Web.Reviews;

/// <summary>What reviewing is made of.</summary>
public static class ReviewServices
{
    public static void AddReviews(this IServiceCollection services)
    {
        services.AddSingleton<ReviewWrites>();
        services.AddSingleton<ReviewBatches>();
        services.AddSingleton<ReviewQueue>();
        services.AddSingleton<Verdicts>();
        services.AddSingleton<BulkVerdicts>();
        services.AddSingleton<ReviewDrafts>();
        services.AddSingleton<ReviewTasks>();
        services.AddSingleton<ReviewConflicts>();
        services.AddSingleton<RatedAnswers>();
        services.AddSingleton<Guidelines>();
        services.AddSingleton<ReviewBoard>();
    }

    public static void MapReviews(this IEndpointRouteBuilder routes)
    {
        var reviews = routes.MapGroup("/api/v1/reviews").WithTags("Reviews").AddEndpointFilter(AnswerFaults);
        reviews.MapReviewBatches();
        reviews.MapReviewItems();
        reviews.MapGuidelines();
    }

    /// <summary>Turns what reviewing refuses into problem details.</summary>
    private static async ValueTask<object?> AnswerFaults(
        EndpointFilterInvocationContext context,
        EndpointFilterDelegate next
    )
    {
        try
        {
            return await next(context);
        }
        catch (ReviewException fault)
        {
            return TypedResults.Problem(fault.Message, statusCode: StatusCodes.Status400BadRequest);
        }
        catch (ReviewConflictException fault)
        {
            return TypedResults.Problem(fault.Message, statusCode: StatusCodes.Status409Conflict);
        }
        catch (KeyNotFoundException fault)
        {
            return TypedResults.Problem(fault.Message, statusCode: StatusCodes.Status404NotFound);
        }
    }
}

using CLGRPO.Web.Inference.OpenAI;

namespace CLGRPO.Web.Inference;

/// <summary>What asking trained models is made of.</summary>
public static class InferenceServices
{
    public static void AddInference(this IServiceCollection services)
    {
        services
            .AddOptions<InferenceOptions>()
            .BindConfiguration(InferenceOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateDataAnnotations()
            .ValidateOnStart();
        services.AddSingleton<InferenceModels>();
        services.AddSingleton<InferenceTurns>();
        services.AddSingleton<InferenceProcess>();
        services.AddSingleton<InferenceService>();
        services.AddSingleton<ChatRequests>();
    }

    public static void MapInference(this IEndpointRouteBuilder routes) => routes.MapOpenAI();
}

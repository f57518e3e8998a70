namespace CLGRPO.Web.Evaluations;

/// <summary>What evaluations are made of.</summary>
public static class EvaluationServices
{
    public static void AddEvaluations(this IServiceCollection services)
    {
        services.AddSingleton<EvaluationService>();
        services.AddHostedService(provider => provider.GetRequiredService<EvaluationService>());
        services.AddSingleton<EvaluationResults>();
        services.AddSingleton<EvaluationDesk>();
    }
}

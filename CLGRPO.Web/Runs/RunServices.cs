using System.Text.Json;
using System.Text.Json.Serialization;
using CLGRPO.Web.Live;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Runs;

/// <summary>What the runs are made of.</summary>
public static class RunServices
{
    /// <summary>The background training service, its launcher, and the hub that shows what happens.</summary>
    public static IServiceCollection AddRuns(this IServiceCollection services)
    {
        services
            .AddOptions<TrainingOptions>()
            .BindConfiguration(TrainingOptions.Section)
            .ValidateDataAnnotations()
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<TrainingOptions>, DemoRecipeCheck>();
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<ILauncher, LocalLauncher>();
        services.AddSingleton<TrainingService>();
        services.AddSingleton<RunResults>();
        services.AddSingleton<RunStorage>();
        services.AddHostedService(provider => provider.GetRequiredService<TrainingService>());
        services.AddHostedService<DemoRun>();
        services.AddSingleton<RunHistories>();
        services.AddSingleton<RunComparer>();
        services.AddScoped<RunWrites>();
        services.AddSingleton<LiveRuns>();
        services.AddSingleton<LiveAudience>();
        services.AddHostedService<RunPublisher>();
        services.AddSignalR().AddJsonProtocol(json => Configure(json.PayloadSerializerOptions));
        services.ConfigureHttpJsonOptions(json => Configure(json.SerializerOptions));
        services.AddValidation();
        services.AddProblemDetails();
        return services;
    }

    /// <summary>The REST and the hub.</summary>
    public static void MapRunsAndHub(this IEndpointRouteBuilder routes)
    {
        routes.MapRuns();
        routes.MapHub<RolloutHub>("/hubs/rollouts");
    }

    /// <summary>How the API writes JSON.</summary>
    internal static void Configure(JsonSerializerOptions json)
    {
        json.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));
        json.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        json.NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals; // a diverged loss is "NaN"
    }
}

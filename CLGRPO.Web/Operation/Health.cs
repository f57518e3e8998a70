using CLGRPO.Data.Store;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Operation;

/// <summary><c>/alive</c>: the process answers. <c>/health</c>: it can work. Both say one word and nothing about the machine.</summary>
public static class Health
{
    public static void AddHealth(this IServiceCollection services) =>
        services.AddHealthChecks().AddCheck<StoreHealth>("store").AddCheck<DiskHealth>("disk");

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/alive", () => "alive").AllowAnonymous().ExcludeFromDescription();
        routes.MapHealthChecks("/health", new HealthCheckOptions()).AllowAnonymous();
    }

    private sealed class StoreHealth(StoreFactory store) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(
            HealthCheckContext context,
            CancellationToken cancellationToken = default
        )
        {
            await using var database = store.CreateDbContext();
            await database.Datasets.AnyAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
    }

    private sealed class DiskHealth(IOptions<SiteOptions> options) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(
            HealthCheckContext context,
            CancellationToken cancellationToken = default
        )
        {
            var free = Machine.FreeDiskBytes(options.Value.RunsPath) >> 20;
            return Task.FromResult(
                free >= options.Value.MinFreeDiskMiB
                    ? HealthCheckResult.Healthy()
                    : HealthCheckResult.Unhealthy($"{free} MiB are free, {options.Value.MinFreeDiskMiB} are wanted")
            );
        }
    }
}

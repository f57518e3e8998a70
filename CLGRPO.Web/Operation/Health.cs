using CLGRPO.Data.Store;
using CLGRPO.Web.Accounts;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Operation;

/// <summary><c>/alive</c>: the process answers. <c>/health</c>: it can work. Both say one word and nothing about the machine; an admin is told what is the matter.</summary>
public static class Health
{
    public static void AddHealth(this IServiceCollection services) =>
        services.AddHealthChecks().AddCheck<StoreHealth>("store").AddCheck<DiskHealth>("disk");

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/alive", () => "alive").AllowAnonymous().ExcludeFromDescription();
        routes.MapHealthChecks("/health", new HealthCheckOptions { ResponseWriter = Answer }).AllowAnonymous();
    }

    private static Task Answer(HttpContext context, HealthReport report) =>
        context.User.IsInRole(Roles.Admin)
            ? context.Response.WriteAsJsonAsync(
                new
                {
                    Status = report.Status.ToString(),
                    Checks = report.Entries.ToDictionary(
                        entry => entry.Key,
                        entry => new
                        {
                            Status = entry.Value.Status.ToString(),
                            Says = entry.Value.Description ?? entry.Value.Exception?.Message,
                            Milliseconds = Math.Round(entry.Value.Duration.TotalMilliseconds, 1),
                        },
                        StringComparer.Ordinal
                    ),
                }
            )
            : context.Response.WriteAsync(report.Status.ToString());

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

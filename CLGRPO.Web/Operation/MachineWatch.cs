using CLGRPO.Training.Compute;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Operation;

/// <summary>Looks every few seconds how busy the machine is, once for all who want to know.</summary>
public sealed class MachineWatch(IOptions<SiteOptions> options, TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);
    private static readonly IReadOnlyDictionary<string, double> Nothing = new Dictionary<string, double>(
        StringComparer.Ordinal
    );
    private volatile IReadOnlyDictionary<string, double> _latest = Nothing;

    /// <summary>Metric → value, under MLflow's names; empty before the first look.</summary>
    public IReadOnlyDictionary<string, double> Latest => _latest;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Directory.CreateDirectory(options.Value.RunsPath);
        using var sampler = new SystemSampler(options.Value.RunsPath, clock);
        _latest = sampler.Sample();
        using var timer = new PeriodicTimer(Every, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                _latest = sampler.Sample();
        }
        catch (OperationCanceledException)
        {
            // The site ends.
        }
    }
}

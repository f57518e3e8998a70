using CLGRPO.Training.Compute;
using CLGRPO.Training.Tests.Checkpoints.Safetensors;

namespace CLGRPO.Training.Tests.Compute;

public sealed class SystemSamplerTests : IDisposable
{
    private readonly TemporaryFolder _root = new();

    public SystemSamplerTests() => Directory.CreateDirectory(Path.Combine(_root.Path, "proc"));

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_root.Path, "proc", name), text);

    private SystemSampler Sampler() => new(_root.Path, TimeProvider.System, _root.Path);

    [Fact]
    public void Sample_OfCores_IsTheirShareSinceTheOneBefore()
    {
        using var sampler = Sampler();
        Write("stat", "cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 2 3 4\n");
        Assert.DoesNotContain(SystemSampler.Cpu, sampler.Sample());
        Write("stat", "cpu  150 0 120 800 120 0 10 0 999 0\ncpu0 1 2 3 4\n");
        Assert.Equal(40, sampler.Sample()[SystemSampler.Cpu], 1e-9); // 80 busy of 200
    }

    [Fact]
    public void Sample_OfMemory_IsWhatIsNotAvailable()
    {
        Write("meminfo", "MemTotal:       1000000 kB\nMemFree:  1 kB\nMemAvailable:    250000 kB\n");
        using var sampler = Sampler();
        var metrics = sampler.Sample();
        Assert.Equal(768, metrics[SystemSampler.Memory], 1e-9);
        Assert.Equal(75, metrics[SystemSampler.MemoryShare], 1e-9);
    }

    [Fact]
    public void Sample_WhereTheSystemTellsNothing_HasTheProcessAndTheDiskAlone()
    {
        using var sampler = Sampler();
        var metrics = sampler.Sample();
        Assert.DoesNotContain(SystemSampler.Memory, metrics);
        Assert.InRange(metrics[SystemSampler.ProcessMemory], 1, 1e6);
        Assert.InRange(metrics[SystemSampler.DiskShare], 0, 100);
    }

    [Fact]
    public void Sample_OfThisMachine_IsWithinItsBounds()
    {
        using var sampler = new SystemSampler(_root.Path, TimeProvider.System);
        _ = sampler.Sample();
        Assert.All(
            sampler.Sample(),
            metric =>
            {
                Assert.StartsWith("system/", metric.Key, StringComparison.Ordinal);
                Assert.True(double.IsFinite(metric.Value) && metric.Value >= 0, $"{metric.Key} is {metric.Value}");
                if (metric.Key.EndsWith("_percentage", StringComparison.Ordinal))
                    Assert.True(metric.Value <= 100, $"{metric.Key} is {metric.Value}");
            }
        );
    }

    public void Dispose() => _root.Dispose();
}

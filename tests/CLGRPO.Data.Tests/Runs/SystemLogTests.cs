using CLGRPO.Data.Runs;

namespace CLGRPO.Data.Tests.Runs;

public sealed class SystemLogTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private readonly TemporaryFolder _folder = new();
    private readonly RunDirectory _run;

    public SystemLogTests() => _run = RunDirectory.Create(Path.Combine(_folder.Path, "run"), "name: x", null);

    private static SystemSample Sample(int second) =>
        new(
            Start.AddSeconds(second),
            new Dictionary<string, double>(StringComparer.Ordinal) { ["system/cpu_utilization_percentage"] = second }
        );

    private IEnumerable<int> Seconds() =>
        SystemLog.Read(_run).Select(sample => (int)sample.Metrics["system/cpu_utilization_percentage"]);

    [Fact]
    public void Append_BeyondTheBound_KeepsTheWholeTimeMoreCoarsely()
    {
        using var held = _run.Lock();
        using (var log = SystemLog.Open(held, most: 8))
        {
            foreach (var second in Enumerable.Range(0, 13))
                log.Append(Sample(second));
        }
        Assert.Equal([0, 4, 8, 10, 12], Seconds());
    }

    [Fact]
    public void Open_AfterATornLine_GoesOnBehindTheLastWholeOne()
    {
        using var held = _run.Lock();
        using (var log = SystemLog.Open(held))
            log.Append(Sample(1));
        File.AppendAllText(_run.SystemPath, "{\"time\":\"2026-11-2");
        using (var log = SystemLog.Open(held))
            log.Append(Sample(2));
        Assert.Equal([1, 2], Seconds());
    }

    [Fact]
    public void Read_OfADamagedLine_LeavesItOut()
    {
        using var held = _run.Lock();
        using (var log = SystemLog.Open(held))
            log.Append(Sample(1));
        File.AppendAllText(_run.SystemPath, "not a sample\n{\"time\":\"2026-11-21T12:00:00Z\"}\n");
        using (var log = SystemLog.Open(held))
            log.Append(Sample(2));
        Assert.Equal([1, 2], Seconds());
    }

    [Fact]
    public void Read_OfARunWithoutSamples_IsEmpty() => Assert.Empty(SystemLog.Read(_run));

    public void Dispose() => _folder.Dispose();
}

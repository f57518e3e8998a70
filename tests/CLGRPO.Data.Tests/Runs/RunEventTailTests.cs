using CLGRPO.Data.Runs;

namespace CLGRPO.Data.Tests.Runs;

public sealed class RunEventTailTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RunDirectory _run;

    public RunEventTailTests() => _run = RunDirectory.Create(_folder.In("demo"), "", null);

    public void Dispose() => _folder.Dispose();

    private void Append(int steps)
    {
        using var held = _run.Lock();
        using var events = RunEvents.Open(held);
        for (var step = 1; step <= steps; step++)
            events.Append(RunEvent.StepDone(step, new Dictionary<string, double> { ["loss"] = step }));
    }

    [Fact]
    public void ReadNew_OfMoreThanIsAskedFor_ComesInPortionsUntilNothingIsLeft()
    {
        Append(10);
        var tail = new RunEventTail(_run);
        Assert.Equal([1, 2, 3, 4], tail.ReadNew(most: 4).Select(item => item.Number));
        Assert.Equal([5, 6, 7, 8], tail.ReadNew(most: 4).Select(item => item.Number));
        Assert.Equal([9, 10], tail.ReadNew(most: 4).Select(item => item.Number));
        Assert.Empty(tail.ReadNew(most: 4));
        Append(2);
        Assert.Equal([11, 12], tail.ReadNew().Select(item => item.Number));
    }

    [Fact]
    public void ReadNew_OfALineThatIsBeingWritten_LeavesItForLater()
    {
        Append(2);
        var whole = File.ReadAllBytes(_run.EventsPath);
        File.WriteAllBytes(_run.EventsPath, whole[..^5]);
        var tail = new RunEventTail(_run);
        Assert.Single(tail.ReadNew());
        File.WriteAllBytes(_run.EventsPath, whole);
        Assert.Equal(2, Assert.Single(tail.ReadNew()).Number);
    }

    [Fact]
    public void ReadNew_OfADamagedLine_NamesIt()
    {
        Append(3);
        var lines = File.ReadAllLines(_run.EventsPath);
        File.WriteAllLines(_run.EventsPath, [lines[0], "{", lines[2]]);
        var fault = Assert.Throws<InvalidDataException>(() => new RunEventTail(_run).ReadNew());
        Assert.Contains("events.ndjson:2", fault.Message, StringComparison.Ordinal);
    }
}

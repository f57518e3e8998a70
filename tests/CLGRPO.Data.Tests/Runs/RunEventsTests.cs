using CLGRPO.Data.Runs;

namespace CLGRPO.Data.Tests.Runs;

public sealed class RunEventsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RunDirectory _run;

    public RunEventsTests() => _run = RunDirectory.Create(_folder.In("demo"), "", "{}");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Append_AllTypes_ComeBackNumbered()
    {
        RunEvent[] written =
        [
            RunEvent.RunStarted("hello"),
            RunEvent.StageStarted("sft", 10),
            Step(1, 0.5),
            RunEvent.CheckpointSealed(1, "checkpoints/step-1", "sft"),
            RunEvent.Resumed(1, "sft"),
            RunEvent.Evaluated(1, Metrics(0.9), "evaluations/1.json"),
            RunEvent.Warned(new(RunWarningKind.TornRecord, "line\nbreak <b>")),
            RunEvent.Error("bad"),
            RunEvent.End("failed"),
        ];
        Append(written);

        var read = RunEvents.Read(_run);

        Assert.Equal(
            Enumerable.Range(1, written.Length).Select(number => (long)number),
            read.Select(item => item.Number)
        );
        Assert.All(
            written.Zip(read),
            pair =>
                Assert.Equal(
                    pair.First with
                    {
                        Metrics = null,
                    },
                    pair.Second with
                    {
                        Number = 0,
                        Time = default,
                        Metrics = null,
                    }
                )
        );
        Assert.Equal(written[2].Metrics, read[2].Metrics);
        Assert.Equal(written.Length, File.ReadAllLines(_run.EventsPath).Length);
        Assert.Contains("\"type\":\"run_started\"", File.ReadAllLines(_run.EventsPath)[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Append_NotANumber_ComesBackAsSuch()
    {
        Append(Step(1, double.NaN), Step(2, double.PositiveInfinity));

        Assert.Equal([double.NaN, double.PositiveInfinity], RunEvents.Read(_run).Select(item => item.Metrics!["loss"]));
    }

    [Fact]
    [Trait("Id", "REL-SIG-3")]
    public void Open_CutAtAnyByte_KeepsTheWholeLinesAndGoesOn()
    {
        Append(Step(1, 0.5), Step(2, 0.4), Step(3, 0.3));
        var content = File.ReadAllBytes(_run.EventsPath);
        var secondLine = Array.IndexOf(content, (byte)'\n') + 1;
        for (var length = secondLine; length <= content.Length; length += 7)
        {
            File.WriteAllBytes(_run.EventsPath, content[..length]);
            var whole = content[..length].Count(value => value == '\n');
            var torn = length > 0 && content[length - 1] != '\n';
            Assert.Equal(whole, RunEvents.Read(_run).Count);

            Append(Step(9, 0.1));

            var read = RunEvents.Read(_run);
            Assert.Equal(whole + (torn ? 2 : 1), read.Count);
            Assert.Equal(torn, read.Any(item => item.Type == RunEventType.Warning));
            Assert.Equal(9, read[^1].Step);
            Assert.Equal(read.Count, read[^1].Number);
        }
    }

    [Fact]
    public void Open_LastLineIsZeros_IsCutOff()
    {
        Append(Step(1, 0.5));
        File.AppendAllText(_run.EventsPath, new string('\0', 40) + "\n");

        Append(Step(2, 0.4));

        Assert.Equal(
            [RunEventType.Step, RunEventType.Warning, RunEventType.Step],
            RunEvents.Read(_run).Select(item => item.Type)
        );
    }

    [Fact]
    public void Open_DamagedInTheMiddle_IsRefusedAndLeftAsItIs()
    {
        Append(Step(1, 0.5), Step(2, 0.4), Step(3, 0.3));
        var lines = File.ReadAllLines(_run.EventsPath);
        File.WriteAllLines(_run.EventsPath, [lines[0], lines[2]]); // a number is missing
        Assert.Single(RunEvents.Read(_run)); // as a last line it counts as torn
        File.WriteAllLines(_run.EventsPath, [lines[0], "{}", lines[2]]);
        var content = File.ReadAllBytes(_run.EventsPath);

        Assert.Contains(
            "events.ndjson:2 is damaged",
            Assert.Throws<InvalidDataException>(() => Append(Step(4, 0))).Message,
            StringComparison.Ordinal
        );
        Assert.Equal(content, File.ReadAllBytes(_run.EventsPath));
    }

    [Fact]
    public void Append_FromSeveralThreads_LosesAndMixesNothing()
    {
        using (var runLock = _run.Lock())
        using (var events = RunEvents.Open(runLock))
            Parallel.For(0, 500, i => events.Append(Step(i, i)));

        Assert.Equal(Enumerable.Range(0, 500), RunEvents.Read(_run).Select(item => item.Step!.Value).Order());
    }

    [Fact]
    [Trait("Id", "REL-RESUME-7")]
    public void EffectiveSteps_AfterAResume_LeaveTheAbandonedBranchOut()
    {
        Append(Step(1, 1), Step(2, 2), Step(3, 3), RunEvent.Resumed(1), Step(2, 22), RunEvent.Resumed(2), Step(3, 33));

        Assert.Equal([1.0, 22, 33], RunEvents.EffectiveSteps(_run).Select(item => item.Metrics!["loss"]));
        Assert.Equal(7, RunEvents.Read(_run).Count);
    }

    [Fact]
    public void EffectiveSteps_ResumedInAnEarlierStage_LeaveLaterStagesOut()
    {
        Append(
            Step(1, 1, "sft"),
            Step(2, 2, "sft"),
            Step(1, 3, "grpo"),
            RunEvent.Resumed(1, "sft"),
            Step(2, 4, "sft"),
            Step(1, 5, "grpo"),
            RunEvent.Resumed(0, "grpo"),
            Step(1, 6, "grpo")
        );

        Assert.Equal([1.0, 4, 6], RunEvents.EffectiveSteps(_run).Select(item => item.Metrics!["loss"]));
    }

    [Fact]
    public void Read_WhileWritten_LeavesAHalfWrittenLineOut()
    {
        using var runLock = _run.Lock();
        using var events = RunEvents.Open(runLock);
        events.Append(Step(1, 0.5));

        Assert.Single(RunEvents.Read(_run));
        Assert.Empty(RunEvents.Read(RunDirectory.Create(_folder.In("other"), "", "{}")));
    }

    private void Append(params ReadOnlySpan<RunEvent> items)
    {
        using var runLock = _run.Lock();
        using var events = RunEvents.Open(runLock);
        foreach (var item in items)
            events.Append(item);
    }

    private static RunEvent Step(int step, double loss, string? stage = null) =>
        RunEvent.StepDone(step, Metrics(loss), stage);

    private static Dictionary<string, double> Metrics(double loss) => new(StringComparer.Ordinal) { ["loss"] = loss };
}

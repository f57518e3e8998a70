using CLGRPO.Data.Runs;
using CLGRPO.Web.Runs;

namespace CLGRPO.Web.Tests.Runs;

public sealed class RunWarningReportTests
{
    private const string Silent = "frac_reward_zero_std";
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    private static RunSummary Run(RunState state, double silent, string stage = "grpo", long events = 100) =>
        new(
            "run",
            "run",
            "data",
            state,
            Reason: null,
            IsStuck: false,
            stage,
            Step: 30,
            Steps: 40,
            ["sft", "grpo"],
            new Dictionary<string, double>(StringComparer.Ordinal) { [Silent] = silent },
            StepSeconds: 1,
            Warnings: 1,
            events,
            Now,
            Now,
            By: null,
            Note: null,
            Tags: [],
            Priority: 0,
            Accuracy: null,
            FirstCheckpointSeconds: null,
            Archived: false
        );

    private static RunEvent Raised(RunWarningKind kind, int step = 20, long number = 50) =>
        RunEvent.Warned(
            new(kind, "Something.", new Dictionary<string, double>(StringComparer.Ordinal) { [Silent] = 0.5 }),
            "grpo",
            step
        ) with
        {
            Number = number,
            Time = Now,
        };

    private static (string, RunWarningSpell) Spell(int first, int last, bool isOver = false) =>
        ("grpo", new(RunWarningRule.All[1], first, last, isOver));

    private static RunWarningReport Only(
        RunSummary run,
        RunEvent[] raised,
        params (string Stage, RunWarningSpell Spell)[] spells
    ) => Assert.Single(RunWarningReport.Of(run, raised, spells, []));

    [Fact]
    public void Of_OneThatStillHolds_IsActiveWithTheNewestFigureAndItsSpans()
    {
        var report = Only(
            Run(RunState.Running, silent: 0.6),
            [Raised(RunWarningKind.ZeroVariance, 3), Raised(RunWarningKind.ZeroVariance, 28)],
            Spell(1, 4, isOver: true),
            Spell(26, 30)
        );
        Assert.True(report.IsActive);
        Assert.Equal(0.6, report.Evidence[Silent]);
        Assert.Equal([new(1, 4), new(26, 30)], report.Spans);
    }

    [Fact]
    public void Of_AFigureThatIsGoodForAMoment_StaysActive() =>
        Assert.True(
            Only(Run(RunState.Running, silent: 0.1), [Raised(RunWarningKind.ZeroVariance)], Spell(20, 29)).IsActive
        );

    [Fact]
    public void Of_TwoRulesOfAKindThatHoldAtOnce_IsOneSpan() =>
        Assert.Equal(
            [new(5, 30)],
            Only(
                Run(RunState.Running, silent: 1),
                [Raised(RunWarningKind.ZeroVariance)],
                Spell(8, 12, isOver: true),
                Spell(5, 30)
            ).Spans
        );

    [Fact]
    public void Of_OneWhoseCauseHasGone_IsOver()
    {
        var report = Only(
            Run(RunState.Running, silent: 0.1),
            [Raised(RunWarningKind.ZeroVariance)],
            Spell(3, 9, isOver: true)
        );
        Assert.False(report.IsActive);
        Assert.Equal(0.5, report.Evidence[Silent]);
    }

    [Theory]
    [InlineData(RunState.Completed, "grpo")]
    [InlineData(RunState.Crashed, "grpo")]
    [InlineData(RunState.Running, "sft")]
    public void Of_ARunThatHasEndedOrAnotherStage_IsOver(RunState state, string stage) =>
        Assert.False(Only(Run(state, silent: 1, stage), [Raised(RunWarningKind.ZeroVariance)], Spell(20, 30)).IsActive);

    [Fact]
    public void Of_AStepThatAResumeTookBack_IsOver() =>
        Assert.False(Only(Run(RunState.Running, silent: 1), [Raised(RunWarningKind.ZeroVariance, step: 35)]).IsActive);

    [Fact]
    public void Of_ACheckpointThatWaits_IsActiveUntilMoreIsHeard()
    {
        Assert.True(Only(Run(RunState.Running, 0, events: 50), [Raised(RunWarningKind.DiskFloor)]).IsActive);
        Assert.False(Only(Run(RunState.Running, 0, events: 51), [Raised(RunWarningKind.DiskFloor)]).IsActive);
    }

    [Fact]
    public void Of_ARunThatStandsStill_SaysSo()
    {
        var run = Run(RunState.Running, 0) with { IsStuck = true, Reason = "It has not reported for 200 s." };
        var report = Only(run, []);
        Assert.Equal((RunWarningKind.Stuck, true), (report.Kind, report.IsActive));
        Assert.Equal(run.Reason, report.Message);
    }

    [Fact]
    public void Of_AMutedKind_SaysThatItIs() =>
        Assert.True(
            Assert
                .Single(
                    RunWarningReport.Of(
                        Run(RunState.Running, 1),
                        [Raised(RunWarningKind.ZeroVariance)],
                        [],
                        [RunWarningKind.ZeroVariance]
                    )
                )
                .IsMuted
        );

    [Fact]
    public void Of_EveryKind_HasItsExplanation() =>
        Assert.All(
            Enum.GetValues<RunWarningKind>(),
            kind =>
            {
                var report = Only(Run(RunState.Running, 0), [Raised(kind)]);
                Assert.All(
                    (string[])[report.Title, report.Meaning, report.Remedy],
                    text => Assert.False(string.IsNullOrWhiteSpace(text))
                );
            }
        );
}

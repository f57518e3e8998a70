using CLGRPO.Data.Runs;

namespace CLGRPO.Data.Tests.Runs;

public sealed class RunWarningTests
{
    private readonly RunWarningWatch _watch = new();
    private int _step;

    private List<RunWarning> After(int steps, string metric, double value) =>
        [
            .. Enumerable
                .Range(0, steps)
                .SelectMany(_ =>
                    _watch.After(
                        ++_step,
                        new Dictionary<string, double>(StringComparer.Ordinal)
                        {
                            [metric] = value,
                            ["num_updates"] = metric.StartsWith("clip", StringComparison.Ordinal) ? 4 : 1,
                        }
                    )
                ),
        ];

    [Theory]
    [InlineData("frac_reward_zero_std", 1, 5, RunWarningKind.ZeroVariance)]
    [InlineData("frac_reward_zero_std", 0.45, 20, RunWarningKind.ZeroVariance)]
    [InlineData("clip_ratio/region_mean", 0, 20, RunWarningKind.ClipInert)]
    [InlineData("completions/clipped_ratio", 0.95, 1, RunWarningKind.Truncation)]
    [InlineData("completions/clipped_ratio", 0.3, 20, RunWarningKind.Truncation)]
    [InlineData("entropy", 0.01, 20, RunWarningKind.EntropyCollapse)]
    [InlineData("kl", 12, 3, RunWarningKind.Divergence)]
    [InlineData("loss", double.NaN, 1, RunWarningKind.Divergence)]
    [InlineData("grad_norm", double.PositiveInfinity, 1, RunWarningKind.Divergence)]
    public void After_AsManyStepsAsARuleAsksFor_WarnsOnceWithItsFigure(
        string metric,
        double value,
        int steps,
        RunWarningKind kind
    )
    {
        Assert.Empty(After(steps - 1, metric, value));
        var warning = Assert.Single(After(1, metric, value));
        Assert.Equal(kind, warning.Kind);
        Assert.Equal(value, warning.Evidence![metric]);
        Assert.EndsWith(".", warning.Message, StringComparison.Ordinal);
        Assert.Empty(After(3, metric, value));
    }

    [Fact]
    public void After_AFigureThatSwingsAroundItsLimit_WarnsOnceForTheWholeSpell()
    {
        Assert.Single(After(1, "completions/clipped_ratio", 0.95));
        for (var i = 0; i < 40; i++)
        {
            Assert.Empty(After(i % 3, "completions/clipped_ratio", 0.1)); // one good step, or two
            Assert.Empty(After(1, "completions/clipped_ratio", 0.95));
        }
        var spell = Assert.Single(_watch.Spells);
        Assert.Equal((1, _step, false), (spell.FirstStep, spell.LastStep, spell.IsOver));
    }

    [Fact]
    public void After_TheCauseHasBeenGoneForLong_WarnsAgain()
    {
        Assert.Single(After(1, "completions/clipped_ratio", 0.95));
        Assert.Empty(After(RunWarningWatch.ClearSteps - 1, "completions/clipped_ratio", 0.1));
        Assert.False(_watch.Spells[0].IsOver);
        Assert.Empty(After(1, "completions/clipped_ratio", 0.1));
        Assert.True(_watch.Spells[0].IsOver);
        Assert.Single(After(1, "completions/clipped_ratio", 0.95));
        Assert.Equal(
            [(1, 1), (RunWarningWatch.ClearSteps + 2, RunWarningWatch.ClearSteps + 2)],
            _watch.Spells.Select(spell => (spell.FirstStep, spell.LastStep))
        );
    }

    [Fact]
    public void After_AsManyStepsAsARuleAsksFor_MakesASpellFromTheFirstOfThem()
    {
        After(3, "completions/clipped_ratio", 0.1);
        After(20, "completions/clipped_ratio", 0.3);
        var spell = Assert.Single(_watch.Spells);
        Assert.Equal((4, 23), (spell.FirstStep, spell.LastStep));
    }

    [Fact]
    public void After_OneUpdateToARollout_DoesNotBlameTheClip()
    {
        var metrics = new Dictionary<string, double>(StringComparer.Ordinal)
        {
            ["clip_ratio/region_mean"] = 0,
            ["num_updates"] = 1,
        };
        Assert.Empty(Enumerable.Range(0, 40).SelectMany(step => _watch.After(step, metrics)));
    }

    [Fact]
    public void After_OfAStageWithoutThem_FindsNothing() => Assert.Empty(After(40, "learning_rate", 0));
}

using CLGRPO.Training.Grpo;

namespace CLGRPO.Training.Tests.Grpo;

public sealed class ClipRangeTests
{
    [Theory]
    [InlineData(0.2, 0.1, true)]
    [InlineData(0.2, 0.2, false)]
    [InlineData(0.2, 0.28, false)]
    public void IsClipLow_HighBelowLow(double low, double high, bool expected) =>
        Assert.Equal(expected, new ClipRange(low, high).IsClipLow);

    [Theory]
    [InlineData(-0.1, 0.2, null, "epsilon_low is -0.1")]
    [InlineData(0.2, double.NaN, null, "epsilon_high is NaN")]
    [InlineData(0.2, 0.2, 1.2, "delta is 1.2; it must be above 1 + epsilon_high = 1.2")]
    [InlineData(0.2, 0.2, 1.0, "delta is 1")]
    public void Create_OutOfRange_SaysWhichBoundAndWhy(double low, double high, double? delta, string message)
    {
        var error = Assert.Throws<ArgumentException>(() => new ClipRange(low, high, delta));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    // grpo.md's example: two iterations of four steps with eight accumulation steps are one update per rollout batch.
    [Theory]
    [InlineData(4, 2, 8, 1)]
    [InlineData(8, 1, 8, 1)]
    [InlineData(8, 2, 8, 2)]
    [InlineData(8, 2, 2, 8)]
    public void UpdatesPerRollout_CountsOptimizerSteps(
        int generation,
        int iterations,
        int accumulation,
        double expected
    ) => Assert.Equal(expected, ClipActivity.UpdatesPerRollout(generation, iterations, accumulation));

    [Fact]
    public void Refusal_ClipLowWithOneUpdatePerRollout_NamesTheSettingsAndAValueThatWorks()
    {
        var config = new GrpoConfig
        {
            Clip = new ClipRange(0.2, 0.1),
            MiniBatches = 1,
            NumIterations = 1,
        };

        var refusal = ClipActivity.Refusal(config);

        Assert.NotNull(refusal);
        Assert.Contains(
            "steps_per_generation 4 × num_iterations 1 / gradient_accumulation_steps 4 = 1",
            refusal,
            StringComparison.Ordinal
        );
        Assert.Contains("num_iterations: 2", refusal, StringComparison.Ordinal);
        Assert.Null(ClipActivity.Refusal(config with { NumIterations = 2 }));
        Assert.Null(ClipActivity.Refusal(config with { MiniBatches = 2 }));
    }

    [Fact]
    public void Warning_SymmetricClipWithOneUpdatePerRollout_SaysOnPolicy()
    {
        var config = new GrpoConfig { MiniBatches = 1, NumIterations = 1 };

        Assert.Null(ClipActivity.Refusal(config));
        Assert.StartsWith("on-policy: the clip cannot act", ClipActivity.Warning(config), StringComparison.Ordinal);
        Assert.Null(ClipActivity.Warning(config with { MiniBatches = 2 }));
    }
}

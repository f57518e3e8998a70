using CLGRPO.Training.Rollouts;

namespace CLGRPO.Training.Tests.Rollouts;

public sealed class SamplingConfigTests
{
    [Fact]
    public void Validated_EverySettingOutOfRange_NamesEach()
    {
        var config = new SamplingConfig
        {
            Temperature = double.NaN,
            TopK = -1,
            TopP = 0,
            MinP = 1.1,
            RepetitionPenalty = 0,
        };

        var error = Assert.Throws<ArgumentException>(config.Validated);

        Assert.All(
            ["temperature", "top_k", "top_p", "min_p", "repetition_penalty"],
            setting => Assert.Contains($"{setting} is", error.Message, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Validated_Defaults_SampleFromTheModelItself()
    {
        var config = new SamplingConfig().Validated();
        Assert.False(config.IsGreedy || config.IsTruncated);
    }
}

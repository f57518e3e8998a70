using CLGRPO.Training.Grpo;
using FsCheck;
using FsCheck.Fluent;

namespace CLGRPO.Training.Tests.Grpo;

public sealed class GroupAdvantageTests
{
    private const float None = float.NaN;

    // Worked out in float64: (r − mean) / (stdev + 1e-4). Tolerance: float32 rounding.
    [Theory]
    [InlineData(new[] { 1f, 1f, 0f, 0f }, new[] { 0.865875f, 0.865875f, -0.865875f, -0.865875f })]
    [InlineData(new[] { 0.2f, 0.9f, 0.4f, 0.5f }, new[] { -1.0187033f, 1.3582711f, -0.3395678f, 0f })]
    [InlineData(new[] { 0.1f, 0.1f, 0.1f }, new[] { 0f, 0f, 0f })] // equal, though 0.1 has no exact binary form
    [InlineData(new[] { 1f, None, 0f, 0f, 1f }, new[] { 0.865875f, 0f, -0.865875f, -0.865875f, 0.865875f })]
    [InlineData(new[] { 1f, None }, new[] { 0f, 0f })]
    [InlineData(new[] { None, None }, new[] { 0f, 0f })]
    public void Normalize_Group_CentresAndScales(float[] rewards, float[] expected)
    {
        var advantages = GroupAdvantage.Normalize(rewards, groupSize: rewards.Length);
        Assert.All(expected.Zip(advantages), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
    }

    [Fact]
    public void Normalize_EqualRewards_AreExactlyZero() =>
        Assert.Equal([0f, 0f, 0f], GroupAdvantage.Normalize([0.1f, 0.1f, 0.1f], groupSize: 3));

    [Fact]
    public void Normalize_Batch_CentresPerGroupAndScalesOverAll()
    {
        // stdev of 1 0 1 1 is 0.5.
        var advantages = GroupAdvantage.Normalize([1, 0, 1, 1], groupSize: 2, RewardScale.Batch);
        Assert.All(
            advantages.Zip([0.5f / 0.5001f, -0.5f / 0.5001f, 0f, 0f]),
            pair => Assert.Equal(pair.Second, pair.First, 1e-6f)
        );
    }

    [Fact]
    public void Normalize_None_OnlyCentres() =>
        Assert.Equal([0.5f, -0.5f, 0f, 0f], GroupAdvantage.Normalize([1, 0, 1, 1], groupSize: 2, RewardScale.None));

    [Theory]
    [InlineData(5, 2)]
    [InlineData(0, 2)]
    [InlineData(4, 1)]
    public void Normalize_NotWholeGroups_IsRefused(int rewards, int groupSize) =>
        Assert.Throws<ArgumentException>(() => GroupAdvantage.Normalize(new float[rewards], groupSize));

    [Fact]
    public void Combine_MissingValues_AreSkipped() =>
        Assert.Equal([2.5f, 1f, 4f, None], GroupAdvantage.Combine([0.5f, 1, 1, None, None, 2, None, None], [1, 2]));

    [Fact]
    public void Compute_OneSilentGroupOfTwo_IsCountedHalf()
    {
        var result = GroupAdvantage.Compute([1, 1, 1, 0], weights: [1], groupSize: 2);

        Assert.Equal(0.5, result.FracRewardZeroStd);
        Assert.Equal([0], result.SilentGroups);
        Assert.Equal(0.75, result.RewardMean);
    }

    [Fact]
    public void Compute_UnscorableRow_LeavesTheOthersAsIfItWereAbsent()
    {
        var with = GroupAdvantage.Compute([1, 1, None, None, 0, 1, 0, 0], weights: [1, 1], groupSize: 4);
        var without = GroupAdvantage.Compute([1, 1, 0, 1, 0, 0], weights: [1, 1], groupSize: 3);

        Assert.Equal(0, with.Advantages[1]);
        float[] others = [with.Advantages[0], with.Advantages[2], with.Advantages[3]];
        Assert.Equal(without.Advantages, others);
        Assert.Equal(without.RewardStd, with.RewardStd);
    }

    [Fact]
    public void Normalize_AnyGroup_HasMeanZeroAndIgnoresAShift()
    {
        var group = Gen.Choose(0, 1000).ArrayOf(8).ToArbitrary();
        Prop.ForAll(
                group,
                points =>
                {
                    var advantages = GroupAdvantage.Normalize([.. points.Select(p => p / 1000f)], 8);
                    var shifted = GroupAdvantage.Normalize([.. points.Select(p => (p / 1000f) + 3)], 8);
                    return Math.Abs(advantages.Sum(a => (double)a)) < 1e-4
                        && advantages.Zip(shifted).All(pair => Math.Abs(pair.First - pair.Second) < 5e-3);
                }
            )
            .Check(Config.QuickThrowOnFailure);
    }
}

using CLGRPO.Data.Cot;
using CLGRPO.Training.Rewards;

namespace CLGRPO.Training.Tests.Rewards;

public sealed class RewardTests
{
    private static RewardInput Input(string completion, string label = "awe", int tokens = 0, int limit = 100) =>
        new(completion, label, Enumerable.Range(0, tokens).ToArray(), Terminated: true, limit);

    [Theory]
    [InlineData("<think>a</think><answer>awe</answer>", 1f)]
    [InlineData("<think>a</think><answer>\n Awe </answer>", 1f)]
    [InlineData("<answer>AWE</answer> and more", 1f)]
    [InlineData("<think>a</think><answer>fear</answer>", 0f)]
    [InlineData("<think>a</think><answer>awe, fear</answer>", 0f)]
    [InlineData("<answer>awe</answer><answer>fear</answer>", 0f)]
    [InlineData("awe", 0f)]
    public void Accuracy_ReadsTheOnlyAnswer(string completion, float expected) =>
        Assert.Equal(expected, new AccuracyReward().Score(Input(completion)));

    [Fact]
    public void Accuracy_WithoutALabel_HasNoValue() =>
        Assert.Null(new AccuracyReward().Score(Input("<answer>awe</answer>", label: "")));

    [Theory]
    [InlineData("<think>a</think><answer>b</answer>", CompletionStyle.Cot, 1f)]
    [InlineData("<answer>b</answer>", CompletionStyle.Cot, 0f)]
    [InlineData("<answer>b</answer>", CompletionStyle.Answer, 1f)]
    public void Format_FollowsTheStyle(string completion, CompletionStyle style, float expected) =>
        Assert.Equal(expected, new FormatReward(style).Score(Input(completion)));

    // Worked out by hand: 1 1 1 1 1 has three trigrams, all the same; 1 2 3 1 2 3 has four, three of them different.
    [Theory]
    [InlineData(new[] { 1, 1, 1, 1, 1 }, -2f / 3)]
    [InlineData(new[] { 1, 2, 3, 1, 2, 3 }, -0.25f)]
    [InlineData(new[] { 1, 2, 3, 4 }, 0f)]
    [InlineData(new[] { 1, 1 }, 0f)]
    public void RepetitionPenalty_CountsTrigrams(int[] ids, float expected) =>
        Assert.Equal(expected, new RepetitionPenalty().Score(Input("") with { CompletionIds = ids })!.Value, 1e-6f);

    [Theory]
    [InlineData(80, 0f)]
    [InlineData(90, -0.5f)]
    [InlineData(100, -1f)]
    [InlineData(101, -1f)]
    public void SoftOverlong_FallsOverTheMargin(int tokens, float expected) =>
        Assert.Equal(expected, new SoftOverlong(marginTokens: 20).Score(Input("", tokens: tokens)));

    [Theory]
    [InlineData("awe", 0, 1f)]
    [InlineData("awe", 50, 0.75f)]
    [InlineData("awe", 100, 0.5f)]
    [InlineData("awe", 200, 0.5f)]
    [InlineData("fear", 0, -1f)]
    [InlineData("fear", 50, -0.75f)]
    [InlineData("fear", 100, -0.5f)]
    public void CosineAccuracy_PrefersShortAndRight(string answer, int tokens, float expected) =>
        Assert.Equal(
            expected,
            new CosineScaledAccuracy().Score(Input($"<answer>{answer}</answer>", tokens: tokens))!.Value,
            1e-6f
        );

    [Fact]
    public void Create_EveryKnownName_MakesTheRewardOfThatName() =>
        Assert.All(
            RewardRegistry.Names,
            name =>
                Assert.Equal(name, RewardRegistry.Create(new RewardConfig { Name = name }, CompletionStyle.Cot).Name)
        );

    [Fact]
    public void Create_UnknownName_ListsTheKnownOnes()
    {
        var error = Assert.Throws<ArgumentException>(() =>
            RewardRegistry.Create(new RewardConfig { Name = "acuracy" }, CompletionStyle.Cot)
        );
        Assert.Contains("'acuracy'", error.Message, StringComparison.Ordinal);
        Assert.Contains("accuracy, cosine_accuracy, format", error.Message, StringComparison.Ordinal);
    }
}

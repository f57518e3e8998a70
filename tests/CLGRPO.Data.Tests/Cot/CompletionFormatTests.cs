using System.Text.RegularExpressions;
using CLGRPO.Data.Cot;
using FsCheck;
using FsCheck.Fluent;

namespace CLGRPO.Data.Tests.Cot;

public sealed class CompletionFormatTests
{
    [Theory]
    [InlineData("<think>a</think><answer>b</answer>", true)]
    [InlineData("<think>a\nb</think> \n\t<answer>b</answer>", true)]
    [InlineData("<think> a </think><answer> b </answer>", true)]
    [InlineData("<think>a < b > c</think><answer><b></answer>", true)]
    [InlineData("", false)]
    [InlineData("b", false)]
    [InlineData("<think></think><answer>b</answer>", false)]
    [InlineData("<think>a</think><answer></answer>", false)]
    [InlineData(" <think>a</think><answer>b</answer>", false)]
    [InlineData("<think>a</think><answer>b</answer>\n", false)]
    [InlineData("<think>a</think><answer>b</answer>.", false)]
    [InlineData("<think>a</think>so <answer>b</answer>", false)]
    [InlineData("<answer>b</answer><think>a</think>", false)]
    [InlineData("<think>a<answer>b</answer></think>", false)]
    [InlineData("<think>a</think><answer>b", false)]
    [InlineData("<think>a<answer>b</answer>", false)]
    [InlineData("</think>a<think><answer>b</answer>", false)]
    [InlineData("<think><think>a</think><answer>b</answer>", false)]
    [InlineData("<think>a</think></think><answer>b</answer>", false)]
    [InlineData("<think>a</think><answer>b</answer><answer>c</answer>", false)]
    [InlineData("<think>a</think><answer>b<answer>c</answer>", false)]
    [InlineData("<THINK>a</THINK><answer>b</answer>", false)]
    public void Parse_Cot_JudgesTheWholeCompletion(string completion, bool wellFormed) =>
        Assert.Equal(wellFormed, CompletionFormat.Parse(completion, CompletionStyle.Cot).WellFormed);

    [Theory]
    [InlineData("<answer>b</answer>", true)]
    [InlineData("<think>a</think><answer>b</answer>", false)]
    [InlineData("<answer>b</answer></think>", false)]
    [InlineData("<answer><think></answer>", false)]
    [InlineData("<answer></answer>", false)]
    [InlineData("b", false)]
    public void Parse_Answer_WantsTheAnswerAlone(string completion, bool wellFormed) =>
        Assert.Equal(wellFormed, CompletionFormat.Parse(completion, CompletionStyle.Answer).WellFormed);

    [Fact]
    public void Parse_OneAnswerInABrokenFrame_StillGivesTheAnswer() =>
        Assert.Equal("awe", CompletionFormat.Parse("well <answer>awe</answer> then", CompletionStyle.Cot).Answer);

    [Fact]
    public void Parse_EveryLabelAsAnAnswer_GivesNone() =>
        Assert.Null(CompletionFormat.Parse("<answer>awe</answer><answer>fear</answer>", CompletionStyle.Cot).Answer);

    [Fact]
    public void Parse_AnyMixOfTags_AgreesWithTheRuleAsARegularExpression()
    {
        var rule = new Regex(
            @"\A<think>(?:(?!</?think>|</?answer>).)+</think>\s*<answer>(?:(?!</?think>|</?answer>).)+</answer>\z",
            RegexOptions.Singleline,
            TimeSpan.FromSeconds(5)
        );
        var piece = Gen.Elements("<think>", "</think>", "<answer>", "</answer>", " ", "\n", "x");
        var completion = piece.ListOf().Select(string.Concat).ToArbitrary();

        Prop.ForAll(
                completion,
                text => CompletionFormat.Parse(text, CompletionStyle.Cot).WellFormed == rule.IsMatch(text)
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
    }

    [Theory]
    [InlineData(CompletionStyle.Cot)]
    [InlineData(CompletionStyle.Answer)]
    public void Write_ThenParse_GivesThePartsBack(CompletionStyle style)
    {
        var parsed = CompletionFormat.Parse(CompletionFormat.Write("so", "awe", style), style);

        Assert.True(parsed.WellFormed);
        Assert.Equal("awe", parsed.Answer);
        Assert.Equal(style == CompletionStyle.Cot ? "so" : null, parsed.Think);
    }

    // A backtracking expression takes minutes here; a linear scan must stay linear.
    [Fact]
    public void Parse_AMillionOpeningTags_IsQuick()
    {
        var hostile = string.Concat(Enumerable.Repeat("<think>", 1_000_000));
        var started = TimeProvider.System.GetTimestamp();

        Assert.False(CompletionFormat.Parse(hostile, CompletionStyle.Cot).WellFormed);
        Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(5));
    }
}

using CLGRPO.Data.Teachers.OpenAI;
using FsCheck;
using FsCheck.Fluent;

namespace CLGRPO.Data.Tests.Teachers;

public sealed class ThinkTagsTests
{
    [Theory]
    [InlineData("<think>why</think>what", "why", "what")]
    [InlineData(" \n<think>why</think>\n\nwhat", "why", "\n\nwhat")]
    [InlineData("what", null, "what")]
    [InlineData("", null, "")]
    [InlineData("<think></think>what", "", "what")]
    // Unclosed: cut by the token limit.
    [InlineData("<think>why and wh", "why and wh", "")]
    // The template of the prompt held the opening tag.
    [InlineData("why</think>what", "why", "what")]
    // Nested, and nested without an end.
    [InlineData("<think>a<think>b</think>c</think>d", "a<think>b</think>c", "d")]
    [InlineData("<think>a<think>b</think>c", "a<think>b", "c")]
    // A tag in the answer is part of the answer.
    [InlineData("<think>a</think>b <think>c</think>", "a", "b <think>c</think>")]
    [InlineData("The tag <think> opens.", null, "The tag <think> opens.")]
    [InlineData("The tags <think> and </think> enclose.", null, "The tags <think> and </think> enclose.")]
    [InlineData("<thin>a</think>b", "<thin>a", "b")]
    public void Split_CutsAtTheTags(string text, string? reasoning, string content)
    {
        var tags = ThinkTags.Split(text);

        Assert.Equal((reasoning, content), (tags.Reasoning, tags.Content));
    }

    // T3.4: nothing is lost or made up, whatever the tags.
    [Fact]
    public void Split_AnyText_PartsMakeTheText() =>
        Prop.ForAll(
                Gen.Elements("<think>", "</think>", "<think", ">", "</", "a", " ", "\n", "<answer>x</answer>")
                    .ListOf()
                    .Select(string.Concat)
                    .ToArbitrary(),
                text =>
                {
                    var tags = ThinkTags.Split(text);
                    return tags.Before + tags.Open + tags.Reasoning + tags.Close + tags.Content == text
                        && (tags.Reasoning is not null || tags.Content == text);
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
}

using CLGRPO.Web.Inference;
using FsCheck;
using FsCheck.Fluent;

namespace CLGRPO.Web.Tests.Inference;

[Trait("Id", "T3.4")]
public sealed class ReasoningSplitterTests
{
    [Theory]
    [InlineData("<think>a</think>b", "a", "b")]
    [InlineData("<think></think>b", "", "b")]
    [InlineData(" \n<think>a</think>b", "a", " \nb")]
    [InlineData("<think>a", "a", "")]
    [InlineData("<think>a</thin", "a</thin", "")]
    [InlineData("<thin", "", "<thin")]
    [InlineData("plain", "", "plain")]
    [InlineData("a<think>b</think>c", "", "a<think>b</think>c")]
    [InlineData("<think>a<think>b</think>c</think>d", "a<think>b", "c</think>d")]
    [InlineData("<think>a</</think>b", "a</", "b")]
    [InlineData("<think>a</think><answer></think></answer>", "a", "<answer></think></answer>")]
    [InlineData("", "", "")]
    public void Append_HoweverItIsCut_PartsTheText(string text, string reasoning, string content)
    {
        for (var piece = 1; piece <= Math.Max(1, text.Length); piece++)
            Assert.Equal((reasoning, content), Split(text, [.. Enumerable.Repeat(piece, text.Length)]));
    }

    [Fact]
    public void Append_AnyTextInAnyPieces_LosesAndAddsNothing()
    {
        var words = Gen.Elements("<think>", "</think>", "<answer>", "<", "/think>", "</th", " ", "\n", "joy", "é😀");
        var cases =
            from text in Gen.ArrayOf(words)
            from sizes in Gen.ArrayOf(Gen.Choose(1, 5))
            select (string.Concat(text), sizes);
        Prop.ForAll(
                cases.ToArbitrary(),
                one =>
                {
                    var (text, sizes) = one;
                    var (reasoning, content) = Split(text, sizes);
                    var tags = text.Length - reasoning.Length - content.Length;
                    var white = text.Length - text.TrimStart().Length;
                    var hasThought = text.AsSpan(white).StartsWith("<think>");
                    return hasThought
                        ? text[..white]
                            + "<think>"
                            + reasoning
                            + (tags > 7 ? "</think>" : "")
                            + content[Math.Min(white, content.Length)..]
                            == text
                        : reasoning.Length == 0 && content == text;
                }
            )
            .QuickCheckThrowOnFailure();
    }

    private static (string Reasoning, string Content) Split(string text, int[] sizes)
    {
        var splitter = new ReasoningSplitter();
        var (reasoning, content, at) = ("", "", 0);
        void Take(string piece, bool last)
        {
            var part = splitter.Append(piece, last);
            (reasoning, content) = (reasoning + part.Reasoning, content + part.Content);
        }
        foreach (var size in sizes)
        {
            var end = Math.Min(text.Length, at + size);
            Take(text[at..end], last: false);
            at = end;
        }
        Take(text[at..], last: true);
        return (reasoning, content);
    }
}

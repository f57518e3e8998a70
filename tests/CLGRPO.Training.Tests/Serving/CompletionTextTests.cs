using CLGRPO.Training.Rollouts;
using CLGRPO.Training.Serving;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Tests.Serving;

public sealed class CompletionTextTests
{
    private static readonly Tokenizer Letters = TokenizerTrainer.Train(
        ["a b c"],
        300,
        [new AddedToken("<answer>", Special: false), new AddedToken("</answer>", Special: false)]
    );

    private static (string Shown, string Left, string? Stop) Write(string text, params string[] stops)
    {
        var completion = new CompletionText(Letters, stops);
        var shown = "";
        foreach (var id in Letters.Encode(text))
        {
            shown += completion.Append(id);
            if (completion.StopText is not null)
                break;
        }
        return (shown, completion.Finish(), completion.StopText);
    }

    [Theory]
    [InlineData("one STOP two", "one ", "STOP", "STOP")]
    [InlineData("one STO two", "one STO two", null, "STOP")]
    [InlineData("STSTOP", "ST", "STOP", "STOP")]
    [InlineData("a é 😀 b", "a é ", "😀", "😀")]
    [InlineData("x END y STOP", "x ", "END", "STOP", "END")]
    [InlineData("aab", "", "aa", "aa", "aab")]
    public void Append_TextWithAStop_EndsBeforeIt(string text, string shown, string? stop, params string[] stops)
    {
        var written = Write(text, stops);

        Assert.Equal((shown, stop), (written.Shown + written.Left, written.Stop));
    }

    [Fact]
    public void Append_TheBeginningOfAStop_IsHeldBackAndGivenAtTheEnd()
    {
        var written = Write("one STO", "STOP");

        Assert.Equal(("one ", "STO", null), written);
    }

    [Fact]
    public void Of_CompletionWithAnAnswer_FindsItsTokens()
    {
        int[] ids = [.. Letters.Encode("a b<answer> c</answer>")];
        var place = AnswerPlace.Of(Letters, ids)!;

        Assert.Equal("a b", Letters.Decode(ids.AsSpan(0, place.BeforeTag)));
        Assert.Equal("<answer>", place.Opening);
        Assert.Equal(" c", Letters.Decode(ids.AsSpan(place.First, place.End - place.First)));
        Assert.Null(AnswerPlace.Of(Letters, [.. Letters.Encode("a b c")]));
    }
}

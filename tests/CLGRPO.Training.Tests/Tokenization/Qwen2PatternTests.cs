using System.Text.RegularExpressions;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Tests.Tokenization;

public sealed class Qwen2PatternTests
{
    [Theory]
    [InlineData("it's", "it|'s")]
    [InlineData("I'LL", "I|'LL")]
    [InlineData("'ſe", "'ſ|e")] // long s is s where case is ignored
    [InlineData("'x", "'x")]
    [InlineData("'", "'")]
    [InlineData("a  b", "a| | b")]
    [InlineData("a \n\n b", "a| \n\n| b")]
    [InlineData("a   ", "a|   ")]
    [InlineData("a \t1", "a| |\t|1")]
    [InlineData("123", "1|2|3")]
    [InlineData("x !!\r\n\ny", "x| !!\r\n\n|y")]
    [InlineData("\tfoo", "\tfoo")]
    [InlineData("\nfoo", "\n|foo")]
    [InlineData("😀a 😀b", "😀a| 😀|b")]
    [InlineData("\U0001D7CE\U00010400", "\U0001D7CE|\U00010400")]
    public void EndOfPiece_Example_CutsAsThePattern(string text, string expected) =>
        Assert.Equal(expected.Split('|'), Cut(text));

    // .NET's own engine on the same pattern; it sees UTF-16, so the texts keep to the basic plane.
    [Fact]
    public void EndOfPiece_GeneratedTexts_CutsAsTheRegexEngine()
    {
        var pattern = new Regex(Qwen2Pattern.Text, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(10));
        var walked = 0;
        foreach (var text in GeneratedTexts.Make(seed: 11, count: 5000))
        {
            if (text.Any(char.IsSurrogate) || text.Contains("'ſ", StringComparison.Ordinal))
            {
                continue;
            }
            Assert.Equal(pattern.Matches(text).Select(match => match.Value), Cut(text));
            walked++;
        }
        Assert.True(walked > 1000, $"only {walked} texts were compared");
    }

    private static IEnumerable<string> Cut(string text)
    {
        for (var at = 0; at < text.Length; )
        {
            var end = Qwen2Pattern.EndOfPiece(text, at);
            yield return text[at..end];
            at = end;
        }
    }
}

using System.Text;
using CLGRPO.Training.Tokenization.Normalization;

namespace CLGRPO.Training.Tests.Tokenization;

public sealed class CanonicalCompositionTests
{
    [Theory]
    [InlineData("e\u0301", "é")]
    [InlineData("q\u0307\u0323", "q\u0323\u0307")] // marks in the order of their classes
    [InlineData("\u212B", "Å")]
    [InlineData("\u0958", "\u0915\u093C")] // excluded from composition
    [InlineData("\u1100\u1161\u11A8", "각")]
    [InlineData("가\u11A8", "각")]
    [InlineData("가\u11A7", "가\u11A7")] // U+11A7 is no final consonant
    [InlineData("\U0001D15E", "\U0001D157\U0001D165")]
    [InlineData("\uFA10\u0301", "\u585A\u0301")]
    [InlineData("e\u0323\u0301\u0301", "ẹ\u0301\u0301")]
    [InlineData("\u0301e", "\u0301e")] // nothing before the mark
    [InlineData("e\u0334\u0301", "e\u0334\u0301", "é\u0334")] // a class between does not hinder
    [InlineData("a\uD800\u0301", "a\uD800\u0301")] // half a surrogate pair hinders
    public void Normalize_Example_IsComposed(string text, string expected, string? other = null) =>
        Assert.Equal(other ?? expected, CanonicalComposition.Normalize(text));

    // Unicode 10 and later gave these classes; Hugging Face's library knows none of them.
    [Theory]
    [InlineData("q\u0345\u08D3")] // 11.0
    [InlineData("q\u0345\u1DF9")] // 10.0
    [InlineData("q\u0345\u0899")] // 14.0
    public void Normalize_MarksYoungerThanUnicode9_StayWhereTheyStand(string text) =>
        Assert.Equal(text, CanonicalComposition.Normalize(text));

    [Fact]
    public void Normalize_TextsWithoutYoungMarks_AgreesWithTheSystem()
    {
        var walked = 0;
        foreach (var text in GeneratedTexts.Make(seed: 9, count: 5000).Where(IsOld))
        {
            Assert.Equal(text.Normalize(NormalizationForm.FormC), CanonicalComposition.Normalize(text));
            walked++;
        }
        Assert.True(walked > 1000, $"only {walked} texts were compared");
    }

    [Fact]
    public void Normalize_NothingToChange_ReturnsTheSameString()
    {
        const string text = "Ein Bild, 画像, صورة";
        Assert.Same(text, CanonicalComposition.Normalize(text));
    }

    // Arabic Extended, Combining Diacritical Marks Extended, Chakma and Sutton's neighbours got marks after 9.0.
    private static bool IsOld(string text) =>
        !text.EnumerateRunes()
            .Any(rune =>
                rune.Value
                    is (>= 0x890 and <= 0x8FF)
                        or (>= 0x1AB0 and <= 0x1AFF)
                        or (>= 0x9FE and <= 0x9FE)
                        or (>= 0xD3B and <= 0xD3C)
                        or (>= 0x11147 and <= 0x1114F)
            );
}

using System.Text;
using CLGRPO.Training.Tokenization;
using CLGRPO.Training.Tokenization.Normalization;
using FsCheck;
using FsCheck.Fluent;

namespace CLGRPO.Training.Tests.Tokenization;

public sealed class TokenizerPropertyTests
{
    private static readonly Tokenizer Small = SmallTokenizer.Instance;

    /// <summary>Any text without half surrogate pairs, from the whole of Unicode.</summary>
    private static readonly Arbitrary<string> Texts = Gen.Choose(0, 0x10FFFF)
        .Where(Rune.IsValid)
        .Or(Gen.Choose(0, 0x17F))
        .Or(Gen.Choose(0x300, 0x345))
        .Or(Gen.Elements((int)' ', '\n', '\r', '\t', '\'', '<', 0xAC00, 0x11A8, 0x1100, 0x1161))
        .ListOf()
        .Select(characters => string.Concat(characters.Select(c => new Rune(c).ToString())))
        .ToArbitrary();

    private static Gen<int[]> Ids(int highest) => Gen.Choose(0, highest).ArrayOf();

    [Fact]
    public void Decode_OfEncodedText_IsTheTextInFormC() =>
        Check(
            Prop.ForAll(Texts, text => Small.Decode([.. Small.Encode(text)]) == CanonicalComposition.Normalize(text))
        );

    [Fact]
    public void Encode_Pieces_CoverTheTextWithoutOverlap() =>
        Check(
            Prop.ForAll(
                Texts,
                text =>
                {
                    var at = 0;
                    while (at < text.Length)
                    {
                        var end = Qwen2Pattern.EndOfPiece(text, at);
                        if (end <= at)
                        {
                            return false;
                        }
                        at = end;
                    }
                    return at == text.Length;
                }
            )
        );

    [Fact]
    public void Decode_AnyBytes_EqualsTheStandardDecoder() =>
        Check(
            Prop.ForAll(
                Ids(255).ToArbitrary(),
                bytes =>
                {
                    var ids = bytes.Select(b => Small.IdOf(ByteAlphabet.CharacterOf((byte)b).ToString())).ToArray();
                    return Small.Decode(ids) == Encoding.UTF8.GetString([.. bytes.Select(b => (byte)b)]);
                }
            )
        );

    [Fact]
    public void StreamingDecoder_AnyIds_JoinsToWhatDecodeGives() =>
        Check(
            Prop.ForAll(
                Ids(Small.VocabularySize + 5).ToArbitrary(),
                ids =>
                {
                    var decoder = new StreamingDecoder(Small);
                    return string.Concat(ids.Select(decoder.Append)) + decoder.Flush() == Small.Decode(ids);
                }
            )
        );

    private static void Check(Property property) =>
        FsCheck.Check.One(Config.QuickThrowOnFailure.WithMaxTest(1000).WithQuietOnSuccess(true), property);
}

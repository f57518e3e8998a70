using System.Text;

namespace CLGRPO.Training.Tests.Tokenization;

/// <summary>Texts from a seed, made to meet what tokenizers stumble over: scripts, marks, joiners, digits, white space.</summary>
internal static class GeneratedTexts
{
    private static readonly (int First, int Last)[] Scripts =
    [
        (0x20, 0x7E),
        (0x41, 0x5A),
        (0x61, 0x7A),
        (0x00, 0xFF),
        (0xC0, 0x24F),
        (0x300, 0x36F), // combining marks
        (0x370, 0x3FF), // Greek
        (0x400, 0x52F), // Cyrillic
        (0x531, 0x58F), // Armenian
        (0x591, 0x5F4), // Hebrew with points
        (0x600, 0x6FF), // Arabic
        (0x898, 0x8FF), // Arabic marks of many Unicode versions
        (0x900, 0x97F), // Devanagari
        (0x980, 0x9FF), // Bengali
        (0xB80, 0xBFF), // Tamil
        (0xD00, 0xD7F), // Malayalam
        (0xE00, 0xE7F), // Thai
        (0xF00, 0xFFF), // Tibetan
        (0x1000, 0x109F), // Myanmar
        (0x1100, 0x11FF), // Hangul letters, which compose
        (0x1AB0, 0x1AFF),
        (0x1E00, 0x1FFF), // Latin and Greek with marks
        (0x2000, 0x206F), // spaces, joiners, directions
        (0x2150, 0x218F), // number forms
        (0x2460, 0x24FF),
        (0x3040, 0x30FF), // kana with voicing marks
        (0x4E00, 0x9FFF),
        (0xAC00, 0xD7A3),
        (0xF900, 0xFAFF), // compatibility ideographs, which NFC replaces
        (0xFB00, 0xFDFF),
        (0xFE00, 0xFE2F), // variation selectors, half marks
        (0xFF01, 0xFFDC),
        (0x10400, 0x1044F), // letters beyond the basic plane
        (0x11100, 0x1114F), // Chakma, which composes
        (0x1D15E, 0x1D1C0), // musical symbols, which decompose
        (0x1D7CE, 0x1D7FF), // mathematical digits
        (0x1F300, 0x1FAFF), // emoji
        (0x20000, 0x2FA1D),
    ];

    private static readonly int[] Spaces =
    [
        ' ',
        ' ',
        ' ',
        '\n',
        '\r',
        '\t',
        0x0B,
        0x0C,
        0x85,
        0xA0,
        0x1680,
        0x2003,
        0x2028,
        0x2029,
        0x202F,
        0x205F,
        0x3000,
        0x200B,
        0xFEFF,
        0x180E,
    ];

    private static readonly int[] Digits = ['0', 0x660, 0x6F0, 0x966, 0x9E6, 0xE50, 0x1040, 0xFF10, 0x1D7CE];

    private static readonly string[] Words =
    [
        "the",
        "The picture",
        "it's",
        "I'M",
        "we'LL've",
        "'ſ",
        "'ſe",
        "rock'n'roll",
        "don’t",
        "...",
        "!!!\r\n",
        "<|im_end|>",
        "<img>",
        "<IMG_CONTEXT>",
        "<tool_call>",
        "</tool_call>",
        "<think>",
        "e\u0301",
        "q\u0323\u0307",
        "q\u0307\u0323",
        "👩‍👩‍👧‍👦",
        "👍🏽",
        "🇩🇪",
        "ﷺ",
        "Å",
        "가\u11A8",
        "\0",
        "\u001B[0m",
        "http://a.b/c?d=1&e=%20",
    ];

    public static IEnumerable<string> Make(int seed, int count)
    {
        var random = new Random(seed);
        for (var i = 0; i < count; i++)
        {
            yield return Make(random);
        }
    }

    /// <summary>Every character there is, assigned or not, control characters and private use included, 64 to a text.</summary>
    public static IEnumerable<string> EveryCharacter(int first, int last)
    {
        var text = new StringBuilder();
        for (var c = first; c <= last; c++)
        {
            if (!Rune.IsValid(c))
            {
                continue;
            }
            text.Append(new Rune(c).ToString())
                .Append(
                    (c % 5) switch
                    {
                        0 => "a",
                        1 => " ",
                        2 => "1",
                        _ => "",
                    }
                );
            if (c % 64 == 63)
            {
                yield return text.ToString();
                text.Clear();
            }
        }
    }

    private static string Make(Random random)
    {
        var text = new StringBuilder();
        var runs = random.Next(1, 12);
        for (var run = 0; run < runs; run++)
        {
            AppendRun(random, text);
        }
        return text.ToString();
    }

    private static void AppendRun(Random random, StringBuilder text)
    {
        var length = random.Next(1, 8);
        var script = Scripts[random.Next(Scripts.Length)];
        switch (random.Next(6))
        {
            case 0:
                Append(text, length, () => Spaces[random.Next(Spaces.Length)]);
                break;
            case 1:
                Append(text, length, () => Digits[random.Next(Digits.Length)] + random.Next(10));
                break;
            case 2:
                text.Append(Words[random.Next(Words.Length)]);
                break;
            case 3: // a base with marks of any order
                Append(text, 1, () => random.Next(script.First, script.Last + 1));
                Append(text, random.Next(1, 4), () => random.Next(0x300, 0x370));
                break;
            default:
                Append(text, length, () => random.Next(script.First, script.Last + 1));
                break;
        }
    }

    private static void Append(StringBuilder text, int length, Func<int> character)
    {
        for (var i = 0; i < length; i++)
        {
            text.Append(Rune.TryCreate(character(), out var rune) ? rune.ToString() : "");
        }
    }
}

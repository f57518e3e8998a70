using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using CLGRPO.Data.Tests.Images;

namespace CLGRPO.Web.Tests.Load;

/// <summary>
/// An archive of many small pictures with rows such as EmoSet has: eight classes, six attributes of which two are numbers and three have
/// hundreds of values, texts of three teachers for a part of the training rows. Every picture is another one; row i is the same every time.
/// </summary>
internal static class LargeDataset
{
    public const string CommonWord = "shadow";
    public const string Label = "awe";
    public const string Value = "scene_7";
    public const string Teacher = "teacher-8b";
    private const int Side = 48; // pixels
    private const int Square = 12;
    private const int Scenes = 254;
    private const int Objects = 409;
    private const int Actions = 264;
    private const int Words = 80;
    private static readonly string[] Labels =
    [
        "amusement",
        "awe",
        "contentment",
        "excitement",
        "anger",
        "disgust",
        "fear",
        "sadness",
    ];
    private static readonly string[] Teachers = ["teacher-8b", "teacher-26b", "rule"];
    private static readonly string[] Faces = ["smile", "frown", "scream", "tears", "calm", "stare"];
    private static readonly string[] Vocabulary =
    [
        .. "a the of light shadow person crowd street water mountain warm cold alone together colour bright dim smiling looking far near quiet loud still moving old new broken clean wide narrow sky stone wood glass".Split(
            ' '
        ),
    ];

    /// <summary>A word that one text in ten thousand has.</summary>
    public static string RareWord => "heliotrope";

    public static void WriteZip(string path, int samples)
    {
        using var archive = ZipFile.Open(path, ZipArchiveMode.Create);
        for (var i = 0; i < samples; i++)
        {
            using var entry = archive.CreateEntry(Picture(i), CompressionLevel.NoCompression).Open();
            entry.Write(Draw(i));
        }
        using var rows = new BufferedStream(archive.CreateEntry("rows.jsonl", CompressionLevel.Fastest).Open());
        for (var i = 0; i < samples; i++)
        {
            JsonSerializer.Serialize(rows, Row(i));
            rows.WriteByte((byte)'\n');
        }
    }

    private static string Picture(int i) => string.Create(CultureInfo.InvariantCulture, $"images/{i:D6}.png");

    private static Dictionary<string, object?> Row(int i)
    {
        var random = new Random(i);
        var label = Labels[i % Labels.Length];
        var attributes = new Dictionary<string, string[]>(StringComparer.Ordinal)
        {
            ["brightness"] = [Tenths(random)],
            ["colorfulness"] = [Tenths(random)],
        };
        if (random.NextDouble() < 0.6)
            attributes["scene"] = [$"scene_{random.Next(Scenes)}"];
        if (random.NextDouble() < 0.7)
            attributes["object"] =
            [
                .. new[] { random.Next(Objects), random.Next(Objects) }.Distinct().Select(n => $"object_{n}"),
            ];
        if (random.NextDouble() < 0.3)
            attributes["facial_expression"] = [Faces[random.Next(Faces.Length)]];
        if (random.NextDouble() < 0.3)
            attributes["human_action"] = [$"action_{random.Next(Actions)}"];
        var split = (i % 20) switch
        {
            < 16 => "train",
            16 => "val",
            _ => "test",
        };
        var isWritten = split == "train" && random.NextDouble() < 0.75;
        return new(StringComparer.Ordinal)
        {
            ["id"] = string.Create(CultureInfo.InvariantCulture, $"{label}_{i:D6}"),
            ["image"] = Picture(i),
            ["label"] = label,
            ["split"] = split,
            ["attributes"] = attributes,
            ["completion"] = isWritten ? Text(random, i, label) : null,
            ["teacher"] = isWritten ? Teachers[random.Next(Teachers.Length)] : null,
        };
    }

    private static string Tenths(Random random) =>
        (random.Next(11) / 10.0).ToString("0.0", CultureInfo.InvariantCulture);

    private static string Text(Random random, int i, string label)
    {
        var text = new StringBuilder("<think>");
        for (var word = 0; word < Words; word++)
            text.Append(' ').Append(Vocabulary[random.Next(Vocabulary.Length)]);
        if (i % 10_000 == 0)
            text.Append(' ').Append(RareWord);
        return text.Append(CultureInfo.InvariantCulture, $".</think><answer> {label}</answer>").ToString();
    }

    /// <summary>A field of two colours with the number's bits as squares: quick to draw, and never the same twice.</summary>
    private static byte[] Draw(int i)
    {
        var rgb = new byte[Side * Side * 3];
        var hue = (uint)i * 2654435761;
        for (var at = 0; at < rgb.Length; at += 3)
        {
            var (x, y) = (at / 3 % Side, at / 3 / Side);
            var bit = (x / Square) + (Side / Square * (y / Square));
            var shift = (i >> bit & 1) == 1 ? 4 : 12;
            (rgb[at], rgb[at + 1], rgb[at + 2]) = (
                (byte)(hue >> shift),
                (byte)(hue >> (shift + 6)),
                (byte)(hue >> (shift + 12))
            );
        }
        return TestPng.Make(Side, Side, rgb, TestPng.Chunk("tEXt", Encoding.ASCII.GetBytes($"number\0{i}")));
    }
}

namespace CLGRPO.Data.Datasets.EmoScenes;

/// <summary>Which emotion an attribute value speaks for, and how strongly: the law behind EmoScenes.</summary>
internal static class Affinities
{
    /// <summary>EmoSet's labels in valence order.</summary>
    public static readonly string[] Labels =
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

    public const int Brightness = 0;
    public const int Colorfulness = 1;
    public const int Scene = 2;
    public const int Object = 3;
    public const int Face = 4;
    public const int Action = 5;

    private static readonly string[] ShortLabels = ["am", "aw", "co", "ex", "an", "di", "fe", "sa"];

    private static readonly (string Attribute, string[] Rows)[] Table =
    [
        ("brightness", ["dark fe2 sa1 an1 di1", "dim sa1 di1 co1 aw1 an1", "bright ex2 am1 co1 aw1"]),
        ("colorfulness", ["grey sa2 fe1 di1", "muted co2 di1 aw1 sa1", "vivid ex1 am2 an1 aw1"]),
        (
            "scene",
            [
                "mountain aw3 co1",
                "sea co2 aw2 sa1",
                "forest co2 fe2",
                "city ex2 an2",
                "desert sa2 aw1 di1",
                "space aw2 ex1 fe1",
                "room di2 sa1 am1",
                "carnival am3 ex2",
            ]
        ),
        (
            "object",
            [
                "heart co2 ex1 am1",
                "skull fe3 di2",
                "flower co3 aw1",
                "knife an3 fe2",
                "tomb sa3 fe1",
                "balloon am3 ex1",
                "bug di3 fe1",
                "flame an2 ex2",
                "sun aw2 co1 ex1",
                "trashcan di3 an1 sa1",
            ]
        ),
        (
            "facial_expression",
            [
                "happy am2 co2 ex2",
                "sad sa3 di1",
                "angry an3 di1",
                "scared fe3 sa1",
                "disgusted di3 an1",
                "surprised aw3 ex1 fe1 am1",
            ]
        ),
        (
            "human_action",
            [
                "jumping ex3 am2",
                "running ex2 fe2 an1",
                "sitting co2 sa2",
                "lying sa2 co1 di1 fe1",
                "fighting an3 fe1 ex1",
                "waving am2 ex1 aw1",
                "gazing aw3 co1 sa1",
            ]
        ),
    ];

    /// <summary>The six attributes in EmoSet's order, with their values.</summary>
    public static readonly AttributeVocabulary[] Vocabulary =
    [
        .. Table.Select(row => new AttributeVocabulary(
            row.Attribute,
            [.. row.Rows.Select(text => text.Split(' ')[0])]
        )),
    ];

    // [attribute][value][label]
    private static readonly int[][][] Scores = [.. Table.Select(row => row.Rows.Select(ParseScores).ToArray())];

    public static int Values(int attribute) => Scores[attribute].Length;

    public static string Name(int attribute, int value) => Vocabulary[attribute].Values[value];

    /// <summary>Sums the affinities of the attributes that are there; −1 stands for absent.</summary>
    public static void Sum(ReadOnlySpan<int> values, Span<int> sums)
    {
        sums.Clear();
        for (var attribute = 0; attribute < values.Length; attribute++)
        {
            if (values[attribute] < 0)
                continue;
            var scores = Scores[attribute][values[attribute]];
            for (var label = 0; label < sums.Length; label++)
                sums[label] += scores[label];
        }
    }

    /// <summary>The label with the highest sum and the runner-up; equal sums stand in label order.</summary>
    public static Verdict Judge(ReadOnlySpan<int> values)
    {
        Span<int> sums = stackalloc int[Labels.Length];
        Sum(values, sums);
        var (first, second) = sums[1] > sums[0] ? (1, 0) : (0, 1);
        for (var label = 2; label < sums.Length; label++)
        {
            if (sums[label] > sums[first])
                (first, second) = (label, first);
            else if (sums[label] > sums[second])
                second = label;
        }
        return new(first, second, sums[first] - sums[second]);
    }

    private static int[] ParseScores(string row)
    {
        var scores = new int[ShortLabels.Length];
        foreach (var entry in row.Split(' ').Skip(1))
            scores[Array.IndexOf(ShortLabels, entry[..2])] = entry[2] - '0';
        return scores;
    }
}

/// <summary>What the summed affinities say.</summary>
/// <param name="Label">Index of the strongest label.</param>
/// <param name="RunnerUp">Index of the second.</param>
/// <param name="Margin">How far the first is ahead; 0 means undecided.</param>
internal readonly record struct Verdict(int Label, int RunnerUp, int Margin);

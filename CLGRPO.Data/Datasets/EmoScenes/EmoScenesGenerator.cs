namespace CLGRPO.Data.Datasets.EmoScenes;

/// <summary>
/// Makes EmoScenes: pictures whose emotion follows from several visible attributes together, with chains of thought by a rule teacher for
/// training and validation. The content depends on the configuration alone, not on threads or machine.
/// </summary>
public static class EmoScenesGenerator
{
    /// <summary>The prompt asked about every picture.</summary>
    public const string Question = "What emotion does this image evoke?";

    // Raised whenever pictures or texts of the same configuration change.
    private const string GeneratorVersion = "1";

    /// <summary>The six attributes in EmoSet's order, with their values.</summary>
    public static IReadOnlyList<AttributeVocabulary> Vocabulary => Affinities.Vocabulary;

    /// <summary>Generates a version, or finds it unchanged where it was generated before.</summary>
    /// <param name="config">Sizes, seed and rates.</param>
    /// <param name="datasetsRoot">The folder that holds datasets and blobs.</param>
    /// <param name="progress">Told the share of pictures painted, 0 to 1.</param>
    /// <param name="stop">Ends the work; nothing is left behind.</param>
    /// <exception cref="ArgumentException">A setting is out of range; the message names all.</exception>
    public static DatasetVersion Generate(
        EmoScenesConfig config,
        string datasetsRoot,
        IProgress<double>? progress = null,
        CancellationToken stop = default
    )
    {
        var reasons = config.Check();
        if (reasons.Count > 0)
            throw new ArgumentException(string.Join("; ", reasons), nameof(config));
        using var writer = new DatasetVersionWriter(datasetsRoot, Describe(config));
        var total = Splits.All.Sum(config.Size);
        var done = 0;
        foreach (var split in Splits.All)
        {
            var samples = new Sample[config.Size(split)];
            Parallel.For(
                0,
                samples.Length,
                new ParallelOptions { CancellationToken = stop },
                index =>
                {
                    samples[index] = MakeSample(config, split, index, writer.AddImage);
                    var finished = Interlocked.Increment(ref done);
                    if (finished % 100 == 0)
                        progress?.Report((double)finished / total);
                }
            );
            foreach (var sample in samples)
                writer.Add(split, sample);
        }
        return writer.Commit();
    }

    /// <summary>One sample; <paramref name="store"/> keeps its picture and returns the hash.</summary>
    internal static Sample MakeSample(EmoScenesConfig config, Split split, int index, ImageStore store)
    {
        CounterRandom Random(RandomStream stream) => new(config.Seed, (ulong)stream, (ulong)split, (ulong)index);
        var label = SceneSampler.LabelOf(config, split, index);
        var values = SceneSampler.Draw(config, label, Random(RandomStream.Attributes));
        var image = store(ScenePainter.PaintPng(config, values, Random(RandomStream.Picture)));
        var (completion, teacher) =
            split == Split.Test
                ? (null, null)
                : RuleTeacher.Write(config.Teacher, values, Random(RandomStream.Teacher));
        return new Sample(
            $"{split.Key()}-{index:D6}",
            image,
            Affinities.Labels[label],
            Annotate(values),
            completion,
            teacher
        );
    }

    internal delegate string ImageStore(ReadOnlySpan<byte> png);

    private static Dictionary<string, IReadOnlyList<string>> Annotate(ReadOnlySpan<int> values)
    {
        var attributes = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        for (var attribute = 0; attribute < values.Length; attribute++)
            attributes[Affinities.Vocabulary[attribute].Name] =
                values[attribute] < 0 ? [] : [Affinities.Name(attribute, values[attribute])];
        return attributes;
    }

    private static DatasetInfo Describe(EmoScenesConfig config) =>
        new()
        {
            Name = config.Name,
            Question = Question,
            Labels = Affinities.Labels,
            Attributes = Affinities.Vocabulary,
            Provenance = new(
                $"EmoScenes generator {GeneratorVersion}",
                "Drawn from a seed; the label is the emotion with the highest summed affinity of the attributes that are visible. Chains of thought by a rule teacher that errs at the stated rates.",
                [
                    .. Settings(config)
                        .Select(setting =>
                            KeyValuePair.Create(setting.Key, FormattableString.Invariant($"{setting.Value}"))
                        ),
                ]
            ),
            Licence = "CC0-1.0",
        };

    private static IEnumerable<(string Key, object Value)> Settings(EmoScenesConfig config) =>
        [
            ("seed", config.Seed),
            ("object_present", config.ObjectPresent),
            ("face_present", config.FacePresent),
            ("action_present", config.ActionPresent),
            ("noise", config.Noise),
            ("jitter_pixels", config.JitterPixels),
            ("teacher_mistakes", config.Teacher.Mistakes),
            ("teacher_omissions", config.Teacher.Omissions),
            ("teacher_retries", config.Teacher.Retries),
            ("malformed_tails", config.Teacher.MalformedTails),
        ];
}

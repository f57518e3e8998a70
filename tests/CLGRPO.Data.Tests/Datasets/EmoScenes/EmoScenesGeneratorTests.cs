using CLGRPO.Data.Cot;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Datasets.EmoScenes;

namespace CLGRPO.Data.Tests.Datasets.EmoScenes;

public sealed class EmoScenesGeneratorTests : IDisposable
{
    private static readonly EmoScenesConfig Small = new()
    {
        Seed = 7,
        Train = 40,
        Validation = 16,
        Test = 24,
    };
    private readonly TemporaryFolder _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Generate_SameSeed_GivesTheSameHashElsewhere()
    {
        using var elsewhere = new TemporaryFolder();

        Assert.Equal(Generate(Small).Hash, Generate(Small, elsewhere).Hash);
        Assert.Empty(DatasetVersion.Validate(DatasetVersion.Find(_root.Path, "emoscenes"), deep: true));
    }

    // The hash of this configuration, as first generated. A change here means that everyone's data changes: raise the generator's version.
    [Fact]
    public void Generate_KnownSeed_GivesTheKnownHash() =>
        Assert.Equal("a5250ac32749ec109ebb24efc3b3c58752b9fc32d2bf21a51c4627303833ae2b", Generate(Small).Hash);

    [Fact]
    public void Generate_AnotherSeed_GivesOtherImages()
    {
        var first = Generate(Small);
        var second = Generate(Small with { Seed = 8 });

        Assert.NotEqual(first.Hash, second.Hash);
        Assert.Empty(Images(first).Intersect(Images(second)));
    }

    [Fact]
    public void Generate_OtherTeacherOrSizes_KeepsTheImages()
    {
        var first = Generate(Small);
        var second = Generate(
            Small with
            {
                Train = 64,
                Teacher = new() { Mistakes = 0.5, MalformedTails = 0 },
            }
        );

        Assert.Equal(first.Train.Select(sample => sample.Image), second.Train.Take(40).Select(sample => sample.Image));
        Assert.Equal(
            first.Test,
            second.Test.Select((sample, i) => sample with { Attributes = first.Test[i].Attributes })
        );
    }

    [Fact]
    public void Generate_LabelsAreBalanced_AlsoInEveryBlockOfEight()
    {
        var version = Generate(Small);

        Assert.Equal(
            ["amusement", "awe", "contentment", "excitement", "anger", "disgust", "fear", "sadness"],
            version.Info.Labels
        );
        foreach (var samples in (IReadOnlyList<Sample>[])[version.Train, version.Validation, version.Test])
            Assert.All(
                samples.Chunk(8),
                block => Assert.Equal(8, block.Select(sample => sample.Label).Distinct(StringComparer.Ordinal).Count())
            );
    }

    [Fact]
    public void Generate_TestHasNoCompletions_TrainAndValidationHave()
    {
        var version = Generate(Small);

        Assert.All(version.Test, sample => Assert.Null(sample.Completion));
        Assert.All(version.Train.Concat(version.Validation), sample => Assert.NotNull(sample.Completion));
    }

    [Fact]
    public void Generate_BadSettings_NamesAllOfThem()
    {
        var bad = new EmoScenesConfig
        {
            Train = -1,
            Noise = 2,
            Teacher = new()
            {
                Mistakes = 0.7,
                Omissions = 0.7,
                MalformedTails = double.NaN,
            },
        };

        var message = Assert.Throws<ArgumentException>(() => Generate(bad)).Message;

        foreach (
            var setting in (string[])
                ["train = -1", "noise = 2", "teacher_mistakes + teacher_omissions", "malformed_tails = NaN"]
        )
            Assert.Contains(setting, message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_root.Path));
    }

    [Fact]
    public void Generate_Stopped_LeavesNothing()
    {
        Assert.Throws<OperationCanceledException>(() =>
            EmoScenesGenerator.Generate(Small, _root.Path, stop: new CancellationToken(canceled: true))
        );

        Assert.Empty(Directory.GetFileSystemEntries(_root.Path));
    }

    [Fact]
    public void Statistics_OfAVersion_CountEverySample()
    {
        var version = Generate(Small);
        var train = DatasetStatistics.Of(version)[0];

        Assert.Equal(40, train.Samples);
        Assert.All(train.Labels, label => Assert.Equal(5, label.Value));
        Assert.All(
            train.Attributes,
            attribute => Assert.Equal(40, attribute.Absent + attribute.Values.Sum(value => value.Value))
        );
        Assert.Equal(
            version.Train.Count(sample => !CompletionFormat.Parse(sample.Completion!, CompletionStyle.Cot).WellFormed),
            train.Malformed
        );
        Assert.Equal(0, train.WrongAnswers);
    }

    private DatasetVersion Generate(EmoScenesConfig config, TemporaryFolder? root = null) =>
        EmoScenesGenerator.Generate(config, (root ?? _root).Path, stop: TestContext.Current.CancellationToken);

    private static IEnumerable<string> Images(DatasetVersion version) =>
        version.Train.Concat(version.Validation).Concat(version.Test).Select(sample => sample.Image);
}

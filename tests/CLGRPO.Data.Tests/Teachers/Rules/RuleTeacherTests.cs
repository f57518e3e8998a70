using CLGRPO.Data.Datasets.EmoScenes;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using RuleTeacher = CLGRPO.Data.Teachers.Rules.RuleTeacher;

namespace CLGRPO.Data.Tests.Teachers.Rules;

public sealed class RuleTeacherTests
{
    private static readonly string[] EmojiLabels = ["Smileys & Emotion", "People & Body", "Food & Drink", "Objects"];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Ask_WithoutErrors_WritesWhatItsVerifierAgreesWith(bool scenes)
    {
        var (writer, verifier) = (Create("writer", 0), Create("verifier", 0));

        foreach (var (sample, labels) in Samples(scenes, 200))
        {
            var written = await writer.Ask(ToGenerate(sample, labels), Stop);
            var judged = await verifier.Ask(ToVerify(sample, labels, written.Reasoning!), Stop);

            Assert.Equal($"<answer> {sample.Label}</answer>", written.Content);
            Assert.Equal(written.Content, judged.Content);
        }
    }

    // A wrong reasoning argues for another label, while the answer is the one that the prompt gave away: only a verifier finds it.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Ask_WriterThatErrs_VerifierFindsTheStatedShare(bool scenes)
    {
        var (writer, verifier) = (Create("writer", 0.2), Create("verifier", 0));
        var found = 0;

        foreach (var (sample, labels) in Samples(scenes, 1000))
        {
            var written = await writer.Ask(ToGenerate(sample, labels), Stop);
            var judged = await verifier.Ask(ToVerify(sample, labels, written.Reasoning!), Stop);
            Assert.Equal($"<answer> {sample.Label}</answer>", written.Content);
            found += judged.Content == written.Content ? 0 : 1;
        }

        Assert.InRange(found, 150, 250);
    }

    [Fact]
    public async Task Ask_VerifierThatErrs_DisagreesAtTheStatedRate()
    {
        var (writer, verifier) = (Create("writer", 0), Create("verifier", 0.3));
        var wrong = 0;

        foreach (var (sample, labels) in Samples(scenes: false, 1000))
        {
            var written = await writer.Ask(ToGenerate(sample, labels), Stop);
            wrong +=
                (await verifier.Ask(ToVerify(sample, labels, written.Reasoning!), Stop)).Content == written.Content
                    ? 0
                    : 1;
        }

        Assert.InRange(wrong, 250, 350);
    }

    [Fact]
    public async Task Ask_SameQuestion_SameAnswerInAnyOrder()
    {
        var samples = Samples(scenes: true, 50).ToList();
        var forward = new List<string>();
        foreach (var (sample, labels) in samples)
        {
            forward.Add((await Create("writer", 0.5).Ask(ToGenerate(sample, labels), Stop)).Raw);
        }
        var backward = new List<string>();
        foreach (var (sample, labels) in samples.AsEnumerable().Reverse())
        {
            backward.Add((await Create("writer", 0.5).Ask(ToGenerate(sample, labels), Stop)).Raw);
        }

        Assert.Equal(forward, backward.AsEnumerable().Reverse());
        Assert.Equal(forward.Count, forward.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task Ask_AnyAnnotation_MentionsItInOrder()
    {
        var sample = Sample(
            "contentment",
            ("brightness", "0.8"),
            ("object", "Alarm clock"),
            ("object", "dog"),
            ("human_action", null)
        );

        var written = await Create("writer", 0).Ask(ToGenerate(sample, ["amusement", "contentment"]), Stop);

        Assert.Equal(
            " the brightness is 0.8. the object is Alarm clock and dog. there is no human action. this speaks for contentment.",
            written.Reasoning
        );
    }

    [Theory]
    [InlineData("It may look like anger, but this is fear.", "fear")]
    [InlineData("FEAR!", "fear")]
    [InlineData("A fearless and angered man.", "unknown")]
    [InlineData("", "unknown")]
    public async Task Ask_Verify_TakesTheLabelNamedLast(string reasoning, string label)
    {
        var judged = await Create("verifier", 0).Ask(ToVerify(Sample("fear"), ["anger", "fear"], reasoning), Stop);

        Assert.Equal($"<answer> {label}</answer>", judged.Content);
    }

    [Theory]
    [InlineData("errors=2")]
    [InlineData("errors=")]
    [InlineData("errors=NaN")]
    [InlineData("gpt")]
    public void Create_OtherModel_IsRefused(string model) => Assert.Throws<ArgumentException>(() => Create(model));

    private static RuleTeacher Create(string name, double errors)
    {
        var settings = TeacherTesting.Settings("", TeacherKind.Rule);
        (settings.Name, settings.Model) = (name, RuleTeacher.ModelOf(errors));
        return RuleTeacher.Create(settings);
    }

    private static void Create(string model)
    {
        var settings = TeacherTesting.Settings("", TeacherKind.Rule);
        settings.Model = model;
        RuleTeacher.Create(settings);
    }

    private static TeacherQuestion ToGenerate(StoredSample sample, IReadOnlyList<string> labels) =>
        new(PromptPurpose.Generate, "", "", "", sample, labels, Reasoning: null, Seed: 5);

    private static TeacherQuestion ToVerify(StoredSample sample, IReadOnlyList<string> labels, string reasoning) =>
        new(PromptPurpose.Verify, "", "", "", sample, labels, reasoning, Seed: 6);

    private static IEnumerable<(StoredSample Sample, IReadOnlyList<string> Labels)> Samples(bool scenes, int count)
    {
        var random = new CounterRandom(7);
        for (var i = 0; i < count; i++)
        {
            if (!scenes)
            {
                var label = random.Pick(EmojiLabels);
                yield return (Sample(label, i, ("subcategory", "face-smiling")), EmojiLabels);
                continue;
            }
            var values = Affinities.Vocabulary.Select(attribute => random.Below(attribute.Values.Count)).ToArray();
            var verdict = Affinities.Judge(values);
            if (verdict.Margin >= 1)
            {
                yield return (
                    Sample(
                        Affinities.Labels[verdict.Label],
                        i,
                        [
                            .. values.Select(
                                (value, a) => (Affinities.Vocabulary[a].Name, (string?)Affinities.Name(a, value))
                            ),
                        ]
                    ),
                    Affinities.Labels
                );
            }
        }
    }

    private static StoredSample Sample(string label, params (string Name, string? Value)[] attributes) =>
        Sample(label, 0, attributes);

    private static StoredSample Sample(string label, int number, params (string Name, string? Value)[] attributes) =>
        new()
        {
            Id = number,
            Key = $"s{number}",
            KeyFolded = $"S{number}",
            Image = new string('0', 64),
            Label = label,
            Attributes =
            [
                .. attributes.Select(
                    (attribute, i) =>
                        new SampleValue
                        {
                            Value = new AttributeValue
                            {
                                Attribute = attribute.Name,
                                AttributeOrder = Array.FindIndex(attributes, other => other.Name == attribute.Name),
                                Value = attribute.Value,
                                ValueOrder = i,
                            },
                        }
                ),
            ],
        };
}

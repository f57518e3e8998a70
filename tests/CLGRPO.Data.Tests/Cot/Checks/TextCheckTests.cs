using CLGRPO.Data.Cot.Checks;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Teachers;

namespace CLGRPO.Data.Tests.Cot.Checks;

public sealed class TextCheckTests
{
    private static readonly string[] Labels = ["amusement", "awe", "fear"];
    private static readonly AttributeMentions Mentions = new(
        [
            new("scene", ["beach", "city street", "street"]),
            new("object", ["Alarm clock", "Tree"]),
            new("facial_expression", ["fear", "happy"]),
            new("brightness", ["0.1", "0.2"]),
        ],
        Labels
    );

    [Theory]
    [InlineData(null, "<think> a dark street </think><answer> Fear </answer>", "fear", null)]
    [InlineData("a dark street", "fear", "fear", null)]
    [InlineData("a dark street", "<answer>Fear.</answer>", "fear", null)]
    [InlineData("hidden", "<think>shown</think>\n<answer>awe</answer>", "awe", null)]
    [InlineData(null, "fear", "fear", CotReasons.NoReasoning)]
    [InlineData("a dark street", "", null, CotReasons.NoAnswer)]
    [InlineData("a dark street", "perhaps fear", null, CotReasons.UnknownLabel)]
    [InlineData("a <answer>fear</answer> b", "<answer>fear</answer>", "fear", CotReasons.BrokenTags)]
    [InlineData("  ", "<answer>fear</answer>", "fear", CotReasons.NoReasoning)]
    public void ReplyForm_AllWaysOfReplying_GiveOneForm(
        string? reasoning,
        string content,
        string? label,
        string? problem
    )
    {
        var form = ReplyForm.Of(new TeacherReply(reasoning, content, false, 1, 1, content), Labels);

        Assert.Equal((label, problem), (form.Label, form.Problem));
        if (problem is null)
            Assert.Equal($"<think>{form.Think}</think><answer> {label}</answer>", form.Completion);
    }

    [Fact]
    public void ReplyForm_CutOffReply_IsNoSuccess()
    {
        var reply = new TeacherReply("x", "<answer>fear</answer>", Truncated: true, 1, 1, "");

        Assert.Equal(CotReasons.Truncated, ReplyForm.Of(reply, Labels).Problem);
    }

    [Theory]
    [InlineData("The label says fear, so the scene is tense.")]
    [InlineData("Given the annotation, this is awe.")]
    [InlineData("The image is labeled as fear.")]
    [InlineData("The image was annotated with a beach.")]
    [InlineData("Based on the provided attributes, the mood is calm.")]
    [InlineData("The correct answer is awe because of the light.")]
    [InlineData("This matches the ground truth.")]
    [InlineData("I was told that this is fear.")]
    [InlineData("The hints mention a tree.")]
    [InlineData("The given emotion fits the dark street.")]
    public void LabelLeak_TextThatKnewTheLabel_IsFound(string text) => Assert.NotNull(LabelLeak.Find(text));

    [Theory]
    [InlineData("A dark street and a lone figure suggest fear.")]
    [InlineData("A bottle with a red label on the table; people laugh.")]
    [InlineData("Bright light is given off by the lamps, which is cheerful.")]
    [InlineData("Correct posture and a broad smile show amusement.")]
    [InlineData("dim light, muted colors, city scene, a tomb. cues suggest sadness or contentment.")]
    public void LabelLeak_TextAboutThePicture_IsLeftAlone(string text) => Assert.Null(LabelLeak.Find(text));

    [Fact]
    public void LabelLeak_LongHostileText_TakesLinearTime()
    {
        var text = string.Concat(Enumerable.Repeat("given the the the provided ", 40_000));

        Assert.Null(LabelLeak.Find(text)); // a backtracking engine would not come back
    }

    [Fact]
    public void Contradictions_OtherValueThanTheAnnotation_NamesTheAttribute()
    {
        var annotation = Annotation(("scene", ["beach"]), ("object", []), ("facial_expression", ["happy"]));

        Assert.Equal(["scene"], Mentions.Contradictions("A city street at night.", annotation));
        Assert.Empty(Mentions.Contradictions("From the beach one sees a street.", annotation));
        Assert.Equal(["object"], Mentions.Contradictions("An alarm-clock rings.", annotation));
        Assert.Empty(Mentions.Contradictions("This is fear, at 0.2.", annotation)); // a conclusion and a number
        Assert.Empty(Mentions.Contradictions("A street.", Annotation(("object", ["Tree"])))); // the scene is not known
    }

    [Fact]
    public void Mentions_OverlappingNames_TheLongestCounts() =>
        Assert.Equal([("scene", "city street")], Mentions.Mentions("City streets? No: a city street."));

    [Fact]
    public void NearDuplicates_SameWordsOtherPunctuation_IsFoundAndOthersStay()
    {
        var texts = new NearDuplicates(0.8);
        const string first = "A dark street with one lamp, nobody around, and long shadows suggests danger here.";

        Assert.True(texts.TryAdd(first));
        Assert.False(texts.TryAdd(first.ToUpperInvariant().Replace(",", ";", StringComparison.Ordinal)));
        Assert.True(
            texts.TryAdd("A bright beach with children, kites and dogs suggests delight in the afternoon sun.")
        );
        Assert.False(texts.TryAdd(first + " Really."));
        Assert.True(texts.TryAdd("short"));
        Assert.False(texts.TryAdd("short"));
    }

    [Fact]
    public void NearDuplicates_ManyTemplatedTexts_AreFoundExactlyAsPairwise()
    {
        var random = new Random(7);
        string[] texts =
        [
            .. Enumerable
                .Range(0, 400)
                .Select(_ =>
                    string.Join(' ', Enumerable.Range(0, 12).Select(i => $"w{i}{(random.Next(6) == 0 ? "x" : "")}"))
                ),
        ];
        var index = new NearDuplicates(0.9);
        var kept = new List<string>();
        foreach (var text in texts)
        {
            var isNew = kept.All(other => Jaccard(other, text) < 0.9);
            Assert.Equal(isNew, index.TryAdd(text));
            if (isNew)
                kept.Add(text);
        }
        Assert.InRange(kept.Count, 100, 399);
    }

    private static double Jaccard(string a, string b)
    {
        var (first, second) = (Runs(a), Runs(b));
        return (double)first.Intersect(second).Count() / first.Union(second).Count();
    }

    private static HashSet<string> Runs(string text)
    {
        var words = text.Split(' ');
        return [.. Enumerable.Range(0, words.Length - 2).Select(i => string.Join(' ', words, i, 3))];
    }

    private static Dictionary<string, IReadOnlyList<string>> Annotation(
        params (string Name, string[] Values)[] attributes
    ) => attributes.ToDictionary(a => a.Name, IReadOnlyList<string> (a) => a.Values, StringComparer.Ordinal);
}

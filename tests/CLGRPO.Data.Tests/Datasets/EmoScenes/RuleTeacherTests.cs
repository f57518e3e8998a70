using CLGRPO.Data.Cot;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Datasets.EmoScenes;

namespace CLGRPO.Data.Tests.Datasets.EmoScenes;

public class RuleTeacherTests(ITestOutputHelper output)
{
    private const int Count = 4000;
    private static readonly EmoScenesConfig Config = new();

    [Fact]
    public void Write_Defaults_ErrsAtTheStatedRates()
    {
        var texts = Write(new()).ToList();

        var malformed = texts.Count(text => !IsWellFormed(text.Completion)) / (double)Count;
        var careful = texts.Count(text => text.Teacher == RuleTeacher.CarefulName) / (double)Count;
        var words = texts.Average(text =>
            text.Completion.Split([' ', '<', '>'], StringSplitOptions.RemoveEmptyEntries).Length
        );
        output.WriteLine($"malformed {malformed:F3}, careful teacher {careful:F4}, words {words:F1}");
        Assert.InRange(malformed, 0.085, 0.115); // 0.10, three standard errors
        Assert.InRange(careful, 0.001, 0.02);
        Assert.InRange(words, 20, 27);
    }

    [Fact]
    public void Write_WellFormed_AnswersTheLabel()
    {
        foreach (var (completion, _, values) in Write(new()))
        {
            if (CompletionFormat.Parse(completion, CompletionStyle.Cot) is { WellFormed: true } parsed)
            {
                var answer = parsed.Answer!.Trim();
                Assert.Equal(Affinities.Labels[Affinities.Judge(values).Label], answer);
                Assert.Contains($"cues suggest {answer} or ", parsed.Think!, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Write_NoMistakes_MentionsExactlyWhatIsThere()
    {
        foreach (
            var (completion, teacher, values) in Write(
                new()
                {
                    Mistakes = 0,
                    Omissions = 0,
                    MalformedTails = 0,
                }
            )
        )
        {
            Assert.Equal(RuleTeacher.Name, teacher);
            Assert.True(IsWellFormed(completion));
            var words = completion.Split([' ', ',', '.', '<', '>'], StringSplitOptions.RemoveEmptyEntries);
            for (var attribute = 0; attribute < values.Length; attribute++)
            {
                for (var value = 0; value < Affinities.Values(attribute); value++)
                    Assert.Equal(
                        values[attribute] == value,
                        words.Contains(Affinities.Name(attribute, value), StringComparer.Ordinal)
                    );
            }
        }
    }

    [Fact]
    public void Write_ShareOfWrongAndMissingMentions_IsNearTheRates()
    {
        var (right, there) = (0, 0);
        foreach (var (completion, _, values) in Write(new() { MalformedTails = 0 }))
        {
            var words = completion.Split([' ', ',', '.', '<', '>'], StringSplitOptions.RemoveEmptyEntries);
            for (var attribute = 0; attribute < values.Length; attribute++)
            {
                there += values[attribute] >= 0 ? 1 : 0;
                right +=
                    values[attribute] >= 0
                    && words.Contains(Affinities.Name(attribute, values[attribute]), StringComparer.Ordinal)
                        ? 1
                        : 0;
            }
        }
        output.WriteLine($"right mentions {(double)right / there:F3}");
        Assert.InRange((double)right / there, 0.82, 0.90); // 0.82 before texts that miss the label were written anew
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Malform_EveryForm_IsNotInTheFormat(int form)
    {
        Assert.Equal(5, RuleTeacher.MalformedForms);
        Assert.False(IsWellFormed(RuleTeacher.Malform(" dark light.", "fear", form)));
    }

    [Fact]
    public void Write_AllTexts_UseASmallVocabulary()
    {
        var words = Write(new())
            .SelectMany(text =>
                text.Completion.Split([' ', ',', '.', '<', '>', '/'], StringSplitOptions.RemoveEmptyEntries)
            )
            .Distinct(StringComparer.Ordinal)
            .ToList();

        output.WriteLine($"{words.Count} words");
        Assert.InRange(words.Count, 50, 80);
    }

    private static IEnumerable<(string Completion, string Teacher, int[] Values)> Write(RuleTeacherConfig teacher)
    {
        for (var index = 0; index < Count; index++)
        {
            var values = SceneSampler.Draw(Config, index % 8, new CounterRandom(3, (ulong)index));
            var (completion, name) = RuleTeacher.Write(teacher, values, new CounterRandom(4, (ulong)index));
            yield return (completion, name, values);
        }
    }

    private static bool IsWellFormed(string completion) =>
        CompletionFormat.Parse(completion, CompletionStyle.Cot).WellFormed;
}

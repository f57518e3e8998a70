using CLGRPO.Training.Evaluation;
using CLGRPO.Training.Stages;
using CLGRPO.Web.Evaluations;

namespace CLGRPO.Web.Tests.Evaluations;

/// <summary>The second group of the paper's table: the method with one thing changed.</summary>
public sealed class AblationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("baseline", false, "labels only")]
    [InlineData("stage-1", false, "SFT on COT data")]
    [InlineData("stage-4", false, "30 GRPO steps, ε 0.2 / 0.05, from stage-3")]
    [InlineData("control-symmetric", true, "30 GRPO steps, ε 0.2 / 0.2, from stage-3")]
    [InlineData("control-more-sft", true, "SFT on COT data, from stage-1")]
    [InlineData("without-3", true, "30 GRPO steps, ε 0.2 / 0.05, from stage-2")]
    [InlineData("sweep-u4-0.1", true, "15 GRPO steps, ε 0.2 / 0.1, from stage-3")]
    public void Stage_OfTheReproduction_IsPutIntoItsGroupAndIntoWords(string name, bool isAblation, string training)
    {
        var recipe = RecipeReader.ReadFile(Path.Combine(Checkout.Root, "recipes", "nano-reproduce.yaml"));
        var stage = recipe.Stages.Single(one => one.Name == name);

        Assert.Equal((isAblation, training), (EvaluationWords.IsAblation(stage.Name), EvaluationWords.Of(stage)));
    }

    [Fact]
    public void Table_AgainstTheRowAbove_ComparesAblationsWithTheWholeMethod()
    {
        var result = Result();

        Assert.Equal(1, result.Method);
        Assert.Equal(
            [null, "baseline", "stage-4", "stage-4"],
            result.Table(ComparedWith.Before).Rows.Select(row => row.Difference?.Against)
        );
        Assert.Equal(
            [null, "baseline", "baseline", "baseline"],
            result.Table(ComparedWith.Baseline).Rows.Select(row => row.Difference?.Against)
        );
    }

    [Fact]
    public void Write_TableWithAblations_SetsThemApart()
    {
        var result = Result();
        string[] Lines(TableFormat format) =>
            EvaluationExport.Write(result, ComparedWith.Baseline, format).TrimEnd('\n').Split('\n');

        Assert.Equal(
            ["group", "main", "main", "ablation", "ablation"],
            Lines(TableFormat.Csv).Select(line => line.Split(',')[1])
        );
        Assert.Equal(
            ["checkpoint", "---", "baseline", "stage-4", "*Ablations*", "without-2", "without-3"],
            Lines(TableFormat.Markdown).Select(line => line.Split('|')[1].Trim())
        );
        var latex = Lines(TableFormat.Latex);
        var group = Array.IndexOf(latex, @"\multicolumn{6}{l}{\emph{Ablations}} \\");
        Assert.Equal(@"\midrule", latex[group - 1]);
        Assert.StartsWith("stage-4 & ", latex[group - 2], StringComparison.Ordinal);
        Assert.StartsWith("without-2 & ", latex[group + 1], StringComparison.Ordinal);
        Assert.Single(latex, line => line.Contains("Ablations", StringComparison.Ordinal));
    }

    /// <summary>Four checkpoints on four images, each right about one more than the one before.</summary>
    private EvaluationResult Result() =>
        new([
            .. ((string[])["baseline", "stage-4", "without-2", "without-3"]).Select(
                (name, i) =>
                    (new OrderedCheckpoint($"run/step-{i}", name, null, EvaluationWords.IsAblation(name)), Sheet(i))
            ),
        ]);

    private AnswerSheet Sheet(int right)
    {
        var path = Path.Combine(_folder.Path, $"{right}.ndjson");
        var terms = new AnswerSheetTerms("set", "hash", "test", 4, ["joy", "fear"], "cot", 0, 0, 64);
        AnswerSheet.Write(
            path,
            terms,
            i =>
                [
                    new ImageAnswer(
                        $"sample-{i}",
                        "image",
                        new Prediction(i % 2, i <= right ? i % 2 : 1 - (i % 2), true, 5),
                        "text",
                        0.5
                    ),
                ]
        );
        return AnswerSheet.Read(path);
    }
}

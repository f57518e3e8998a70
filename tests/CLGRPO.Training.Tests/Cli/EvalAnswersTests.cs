using System.Text.Json;
using CLGRPO.Training.Evaluation;

namespace CLGRPO.Training.Tests.Cli;

/// <summary><c>eval --answers</c>: the sheet of every answer.</summary>
public sealed class EvalAnswersTests(SmallRun run) : IClassFixture<SmallRun>
{
    [Fact]
    public async Task Eval_WithAnswers_WritesWhatItScored()
    {
        var (sheetPath, scoresPath) = (run.Temporary("whole.ndjson"), run.Temporary("whole.json"));
        var (code, _, error) = await Eval(sheetPath, "--output", scoresPath);
        Assert.True(code == 0, error);

        var sheet = AnswerSheet.Read(sheetPath);
        using var scores = JsonDocument.Parse(
            await File.ReadAllTextAsync(scoresPath, TestContext.Current.CancellationToken)
        );
        Assert.Equal(run.Dataset.Test.Select(sample => sample.Id), sheet.Answers.Select(answer => answer.Sample));
        Assert.Equal(run.Dataset.Test.Select(sample => sample.Image), sheet.Answers.Select(answer => answer.Image));
        Assert.Equal(
            scores.RootElement.GetProperty("scores").GetProperty("accuracy").GetDouble(),
            sheet.Predictions.Average(item => item.IsRight ? 1.0 : 0.0)
        );
        Assert.All(sheet.Answers, answer => Assert.InRange(answer.Confidence ?? 0.5, 0, 1));
        Assert.False(File.Exists(sheetPath + AnswerSheet.PartSuffix));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    public async Task Eval_CutOffInAnAnswer_GoesOnToTheSameSheet(int wholeAnswers)
    {
        var (whole, cut) = (run.Temporary($"all-{wholeAnswers}.ndjson"), run.Temporary($"cut-{wholeAnswers}.ndjson"));
        Assert.Equal(0, (await Eval(whole)).Code);
        var bytes = await File.ReadAllBytesAsync(whole, TestContext.Current.CancellationToken);
        var keep = Enumerable.Range(0, bytes.Length).Where(i => bytes[i] == '\n').ElementAt(wholeAnswers) + 20;
        await File.WriteAllBytesAsync(
            cut + AnswerSheet.PartSuffix,
            bytes[..keep],
            TestContext.Current.CancellationToken
        );

        Assert.Equal(wholeAnswers, AnswerSheet.CountWritten(cut));
        Assert.Equal(0, (await Eval(cut)).Code);

        Assert.Equal(bytes, await File.ReadAllBytesAsync(cut, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task CountWritten_WhileItIsWritten_IsWhatIsThereSoFar()
    {
        var (whole, watched) = (run.Temporary("source.ndjson"), run.Temporary("watched.ndjson"));
        Assert.Equal(0, (await Eval(whole)).Code);
        var sheet = AnswerSheet.Read(whole);
        var seen = new List<int>();

        AnswerSheet.Write(
            watched,
            sheet.Terms,
            first =>
            {
                seen.Add(AnswerSheet.CountWritten(watched));
                Assert.Throws<IOException>(() => AnswerSheet.Write(watched, sheet.Terms, _ => [])); // one writer at a time
                return [.. sheet.Answers.Skip(first).Take(5)];
            }
        );

        Assert.Equal([0, 5, 10, 15], seen);
        Assert.Equal(0, AnswerSheet.CountWritten(watched));
    }

    [Fact]
    public async Task Eval_PartOfOtherTerms_IsBegunAnew()
    {
        var (greedy, sampled) = (run.Temporary("greedy.ndjson"), run.Temporary("sampled.ndjson"));
        Assert.Equal(0, (await Eval(greedy)).Code);
        File.Copy(greedy, sampled + AnswerSheet.PartSuffix);

        Assert.Equal(0, (await Eval(sampled, "--temperature", "1", "--seed", "3")).Code);

        var sheet = AnswerSheet.Read(sampled);
        Assert.Equal((1.0, 3L), (sheet.Terms.Temperature, sheet.Terms.Seed));
        Assert.Equal(run.Dataset.Test.Count, sheet.Answers.Count);
    }

    [Fact]
    public async Task Read_SheetWithALineMissing_SaysHowManyThereAre()
    {
        var path = run.Temporary("short.ndjson");
        Assert.Equal(0, (await Eval(path)).Code);
        var lines = await File.ReadAllLinesAsync(path, TestContext.Current.CancellationToken);
        await File.WriteAllLinesAsync(path, lines[..^1], TestContext.Current.CancellationToken);

        var fault = Assert.Throws<InvalidDataException>(() => AnswerSheet.Read(path));
        Assert.Contains("has 15 answers, not 16", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_TwoSheets_ComparesImageByImage()
    {
        var (one, other) = (run.Temporary("one.ndjson"), run.Temporary("other.ndjson"));
        Assert.Equal(0, (await Eval(one)).Code);
        Assert.Equal(0, (await Eval(other, "--temperature", "1", "--seed", "5")).Code);
        var (first, second) = (AnswerSheet.Read(one), AnswerSheet.Read(other));

        var table = CheckpointTable.Of([("first", first), ("second", second)], [null, 0]);

        var difference = table.Rows[1].Difference!;
        Assert.Null(table.Rows[0].Difference);
        Assert.Equal("first", difference.Against);
        Assert.Equal(
            second.Predictions.Zip(first.Predictions).Count(pair => pair.First.IsRight && !pair.Second.IsRight),
            difference.Better
        );
        Assert.Equal((difference.Better - difference.Worse) / 16.0, difference.Accuracy, 1e-12);
        Assert.InRange(difference.Accuracy, difference.AccuracyInterval.Low, difference.AccuracyInterval.High);
    }

    [Fact]
    public async Task Of_SheetsAboutOtherImages_NamesBoth()
    {
        var (all, few) = (run.Temporary("many.ndjson"), run.Temporary("few.ndjson"));
        Assert.Equal(0, (await Eval(all)).Code);
        Assert.Equal(0, (await Eval(few, "--limit", "3")).Code);

        var fault = Assert.Throws<ArgumentException>(() =>
            CheckpointTable.Of([("all", AnswerSheet.Read(all)), ("few", AnswerSheet.Read(few))], [null, 0])
        );
        Assert.Contains("'all' and 'few'", fault.Message, StringComparison.Ordinal);
    }

    private Task<(int Code, string Output, string Error)> Eval(string answers, params string[] more) =>
        SmallRun.RunAsync([
            "eval",
            "--model",
            run.Checkpoint,
            "--dataset",
            "emoscenes",
            "--datasets",
            run.Datasets,
            "--max-tokens",
            "12",
            "--workers",
            "1",
            "--device",
            "cpu",
            "--answers",
            answers,
            .. more,
        ]);
}

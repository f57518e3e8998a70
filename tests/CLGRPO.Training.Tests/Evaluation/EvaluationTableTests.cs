using System.Globalization;
using CLGRPO.Training.Evaluation;

namespace CLGRPO.Training.Tests.Evaluation;

public sealed class EvaluationTableTests
{
    private static readonly string[] Lines = EvaluationTable.Text(ReportExample.Report).Split('\n');

    [Fact]
    public void Text_Heading_SaysDataSetSizeAndTime() =>
        Assert.Equal("EmoScenes: 2,000 held-out images, 9 min 11 s in all", Lines[0]);

    [Fact]
    public void Text_Stage_ShowsScoresDifferencesAndP()
    {
        var cells = Cells(Lines.First(line => line.StartsWith("stage-1", StringComparison.Ordinal)));

        Assert.Equal(["stage-1", "75.0", cells[2], "+25.00", "0.500", "75.0", "+25.00", "87.5", "23.5", "100"], cells);
    }

    [Fact]
    public void Text_BaselineItself_HasNoDifferences()
    {
        var cells = Cells(Lines.First(line => line.StartsWith("baseline", StringComparison.Ordinal)));

        Assert.Equal(["–", "–"], cells[3..5]);
    }

    [Fact]
    public void Text_PapersFigures_StandBesideTheGreedyOnes()
    {
        var papers = Lines.Where(line => line.StartsWith("paper ", StringComparison.Ordinal)).ToList();

        Assert.Equal(["+2.77", "+0.69"], Cells(Assert.Single(papers)).Where(cell => cell is not ("–" or "paper")));
    }

    [Fact]
    public void Text_AllRows_AreAligned()
    {
        var rows = Lines.Where(line =>
            line.StartsWith("baseline", StringComparison.Ordinal)
            || line.Contains("accuracy %", StringComparison.Ordinal)
            || line.StartsWith('─')
            || line.StartsWith("stage", StringComparison.Ordinal)
        );

        Assert.Single(rows.Select(row => row.Length).Distinct());
    }

    [Fact]
    public void Text_WithoutBaseline_HasNoDifferences()
    {
        var alone = ReportExample.Report with { Rows = [ReportExample.Report.Rows[1]] };

        Assert.DoesNotContain("+25", EvaluationTable.Text(alone), StringComparison.Ordinal);
    }

    [Fact]
    public void Text_OtherCulture_IsTheSame()
    {
        var culture = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("de-DE");

            Assert.Equal(Lines, EvaluationTable.Text(ReportExample.Report).Split('\n'));
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }

    [Fact]
    public void Markdown_NameWithABar_StaysOneCell()
    {
        var row = ReportExample.Report.Rows[1] with { Name = "a|b" };
        var markdown = EvaluationTable.Markdown(ReportExample.Report with { Rows = [row] });

        Assert.Contains(@"| a\|b | 75.0 |", markdown, StringComparison.Ordinal);
        Assert.Contains("| --- | ---: |", markdown, StringComparison.Ordinal);
    }

    private static string[] Cells(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}

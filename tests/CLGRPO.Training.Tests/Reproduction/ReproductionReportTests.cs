using System.Text.Json;
using CLGRPO.Training.Reproduction;

namespace CLGRPO.Training.Tests.Reproduction;

public sealed class ReproductionReportTests
{
    [Fact]
    public void Baseline_IsTheCandidateThatIsBestOnValidation_NotOnHeldOutImages()
    {
        using var runs = new FakeRuns();
        var seed = runs.Add(
            0,
            new()
            {
                ["baseline"] = 9,
                ["baseline-long"] = 5,
                ["stage-1"] = 8,
            },
            new() { ["baseline"] = [0.7, 0.6], ["baseline-long"] = [0.8, 0.4] }
        );
        Assert.Equal("baseline-long", seed.Find("baseline")!.Name);
        Assert.Equal(0.8, seed.Baseline!.ValidationAccuracy); // the best checkpoint is kept
        Assert.Equal("baseline", seed.Named("baseline")!.Name);
    }

    // By hand: seed 0 8 − 5, seed 1 9 − 5, seed 2 has no stage 4 and pairs with nothing; ten images each.
    [Fact]
    public void Comparison_PairsBySeed_AndPoolsImages()
    {
        using var runs = new FakeRuns();
        SeedRun[] seeds =
        [
            runs.Add(0, new() { ["baseline"] = 5, ["stage-4"] = 8 }),
            runs.Add(1, new() { ["baseline"] = 5, ["stage-4"] = 9 }),
            runs.Add(2, new() { ["baseline"] = 10 }),
        ];
        var report = ReproductionReport.Of("fake", seeds);
        var greedy = report.Comparison("stage-4", "baseline")!.Differences.Greedy;
        Assert.Equal([30, 40], greedy.AccuracyPoints.Values, (a, b) => Math.Abs(a - b) < 1e-9);
        // Two seeds: 35 ± 12.706 · 7.0711 / √2.
        Assert.Equal(35 - 63.53, greedy.AccuracyPoints.Interval!.Low, 1e-2);
        Assert.Equal((7, 0), (greedy.McNemar.Better, greedy.McNemar.Worse));
        Assert.Equal(2 * Math.Pow(0.5, 7), greedy.McNemar.P, 1e-12);
        Assert.Equal([0, 1, 2], report.Seeds);
        Assert.Equal(3, report.Rows[0].Scores.Greedy.Accuracy.Values.Count);
    }

    [Fact]
    public void Rows_LeaveCandidatesAndSweepToTheirTables()
    {
        using var runs = new FakeRuns();
        SeedRun[] seeds =
        [
            runs.Add(
                0,
                new()
                {
                    ["baseline"] = 5,
                    ["baseline-long"] = 6,
                    ["stage-3"] = 8,
                    ["sweep-u16-0.05"] = 7,
                    ["sweep-u4-0.28"] = 8,
                    ["sweep-u4-0.05"] = 9,
                },
                steps: new() { ["sweep-u4-0.05"] = [9, 1, 2, 3, 4, 5] }
            ),
        ];
        var report = ReproductionReport.Of("fake", seeds);
        Assert.Equal(["baseline", "stage-3"], report.Rows.Select(row => row.Name));
        Assert.Equal(["baseline", "baseline-long"], report.Baselines.Select(row => row.Name));
        Assert.Equal(
            [(4, 0.05), (4, 0.28), (16, 0.05)],
            report.Sweep.Select(point => (point.UpdatesPerRollout, point.EpsilonHigh))
        );
        Assert.Equal(3, report.Sweep[0].FinalMetrics["kl"].Mean); // of the last five steps
        Assert.Empty(report.Sweep[1].FinalMetrics["kl"].Values);
    }

    [Fact]
    public void Report_WholeFolder_WritesPagePicturesAndJson()
    {
        using var runs = new FakeRuns();
        for (var seed = 0; seed < 3; seed++)
        {
            runs.Add(
                seed,
                new()
                {
                    ["baseline"] = 4,
                    ["baseline-long"] = 5,
                    ["stage-1"] = 6,
                    ["stage-2"] = 6,
                    ["stage-3"] = 8,
                    ["stage-4"] = 9,
                    ["control-symmetric"] = 9,
                    ["sweep-u4-0.05"] = 8,
                    ["sweep-u4-0.28"] = 9,
                },
                new() { ["baseline"] = [0.5], ["baseline-long"] = [0.6] },
                new() { ["stage-3"] = [0.01, 0.02] }
            );
        }
        var docs = Path.Combine(runs.Path, "docs");
        var report = runs.Folder.Report("fake", [0, 1, 2, 3], docs);

        var page = File.ReadAllText(Path.Combine(docs, "reproduction.md"));
        // The same in every seed: intervals of no width.
        Assert.Contains(
            "accuracy gain: **holds** (greedy accuracy +40.00 [+40.00, +40.00] points, against the paper's +2.77)",
            page,
            StringComparison.Ordinal
        );
        Assert.Contains("symmetric clip: **does not hold** (greedy accuracy 0.00", page, StringComparison.Ordinal);
        Assert.Contains("## The upper clip bound", page, StringComparison.Ordinal);
        Assert.DoesNotContain("the method without it", page, StringComparison.Ordinal);
        Assert.DoesNotContain("\n\n\n", page, StringComparison.Ordinal);
        foreach (var picture in (string[])["stages.svg", "controls.svg", "sweep.svg", "confusion.svg"])
        {
            Assert.Contains($"(reproduction/{picture})", page, StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(docs, "reproduction", picture)));
            Assert.True(File.Exists(Path.Combine(runs.Path, picture)));
        }
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(runs.Path, "report.json")));
        var claim = json.RootElement.GetProperty("claims")[0];
        Assert.Equal("holds", claim.GetProperty("verdict").GetString());
        Assert.Equal(2, claim.GetProperty("points").GetProperty("interval").GetArrayLength());
        Assert.Equal(10, report.HeldOut);
    }

    [Fact]
    public void Report_OneSeed_DecidesNothing()
    {
        using var runs = new FakeRuns();
        runs.Add(0, new() { ["baseline"] = 4, ["stage-4"] = 9 });
        runs.Folder.Report("fake", [0], docs: null);
        var page = File.ReadAllText(Path.Combine(runs.Path, "reproduction.md"));
        Assert.Contains("undecided: one seed gives no interval", page, StringComparison.Ordinal);
        Assert.DoesNotContain("**holds**", page, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Report_NothingTrained_SaysSo()
    {
        using var runs = new FakeRuns();
        var error = Assert.Throws<ArgumentException>(() => runs.Folder.Report("fake", [0], null));
        Assert.Contains("train first", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void IsFinished_OnlyAfterTheEnd()
    {
        using var runs = new FakeRuns();
        Assert.False(runs.Folder.IsFinished(0));
        runs.Add(0, new() { ["baseline"] = 4 });
        Assert.True(runs.Folder.IsFinished(0));
    }
}

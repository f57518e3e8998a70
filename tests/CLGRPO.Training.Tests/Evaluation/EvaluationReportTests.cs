using System.Text.Json;
using System.Text.Json.Nodes;
using CLGRPO.Training.Evaluation;

namespace CLGRPO.Training.Tests.Evaluation;

public sealed class EvaluationReportTests
{
    [Fact]
    public void From_Predictions_HasTheScoresOfTheReport()
    {
        var scores = EvaluationScores.From(ReportExample.Stage1, ReportExample.Labels, ReportExample.Baseline);

        Assert.Equal(6.0 / 8, scores.Accuracy);
        Assert.Equal(7.0 / 8, scores.FormatRate);
        Assert.Equal(23.5, scores.MeanTokens);
        Assert.Equal([0.75, 0.75], scores.PerClass.Select(label => label.Recall));
        Assert.Equal(
            [
                [3, 1, 0],
                [0, 3, 1],
                [0, 0, 0],
            ],
            scores.Confusion
        );
        Assert.Equal(new BaselineComparison(Better: 2, Worse: 0, P: 0.5), scores.McNemar);
        Assert.InRange(scores.Accuracy, scores.AccuracyInterval.Low, scores.AccuracyInterval.High);
    }

    [Fact]
    public void From_BaselineOfOtherImages_Throws() =>
        Assert.Throws<ArgumentException>(() =>
            EvaluationScores.From(ReportExample.Stage1, ReportExample.Labels, [.. ReportExample.Baseline.Reverse()])
        );

    [Fact]
    public void ToJson_AnyReport_HasTheAgreedKeys()
    {
        var report = JsonNode.Parse(ReportExample.Report.ToJson())!;
        var row = report["rows"]![1]!;
        var greedy = row["greedy"]!;

        Assert.Equal("EmoScenes", report["dataset"]!.GetValue<string>());
        Assert.Equal(2000, report["held_out"]!.GetValue<int>());
        Assert.Equal(551.25, report["seconds"]!.GetValue<double>());
        Assert.Equal("stage-1", row["name"]!.GetValue<string>());
        Assert.Equal(100.4, row["train_seconds"]!.GetValue<double>());
        Assert.Equal(0.75, greedy["accuracy"]!.GetValue<double>());
        Assert.Equal(0.75, greedy["macro_recall"]!.GetValue<double>());
        Assert.Equal(0.875, greedy["format_rate"]!.GetValue<double>());
        Assert.Equal(2, greedy["accuracy_interval"]!.AsArray().Count);
        Assert.Equal(2, greedy["mcnemar"]!["better"]!.GetValue<int>());
        Assert.Equal("awe", greedy["per_class"]![0]!["label"]!.GetValue<string>());
        Assert.NotNull(row["sampled"]!["accuracy"]);
        Assert.False(report["rows"]![0]!["greedy"]!.AsObject().ContainsKey("mcnemar"));
    }

    [Fact]
    public void Parse_WhatToJsonWrote_IsTheSameReport()
    {
        var json = ReportExample.Report.ToJson();

        Assert.Equal(json, EvaluationReport.Parse(json).ToJson());
    }

    [Fact]
    public void Parse_OnlyTheAgreedKeysAndAnUnknownOne_Reads()
    {
        const string scores =
            """{"accuracy": 0.5, "macro_recall": 0.5, "format_rate": 1, "accuracy_interval": [0.4, 0.6], "note": "x"}""";
        var report = EvaluationReport.Parse(
            $$"""{"dataset": "d", "held_out": 5, "seconds": 1, "rows": [{"name": "baseline", "greedy": {{scores}}, "sampled": {{scores}}, "train_seconds": 2}]}"""
        );

        Assert.Equal(new Interval(0.4, 0.6), report.Baseline!.Greedy.AccuracyInterval);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"dataset": "d", "held_out": 5, "seconds": 1}""")]
    [InlineData("""{"dataset": "d", "held_out": 5, "seconds": 1, "rows": [{"name": "baseline"}]}""")]
    [InlineData("""{"dataset": "d", "dataset": "e", "held_out": 5, "seconds": 1, "rows": []}""")]
    [InlineData("""{"dataset": null, "held_out": 5, "seconds": 1, "rows": []}""")]
    public void Parse_NotAReport_Throws(string json) =>
        Assert.Throws<JsonException>(() => EvaluationReport.Parse(json));

    [Theory]
    [InlineData("[0.1]")]
    [InlineData("[0.1, 0.2, 0.3]")]
    public void Parse_IntervalOfAnotherShape_Throws(string interval)
    {
        var report = JsonNode.Parse(ReportExample.Report.ToJson())!;
        report["rows"]![0]!["greedy"]!["accuracy_interval"] = JsonNode.Parse(interval);

        Assert.Throws<JsonException>(() => EvaluationReport.Parse(report.ToJsonString()));
    }

    [Fact]
    public void Save_OverAnOlderReport_ReplacesItAndLeavesNothingElse()
    {
        var folder = Directory.CreateTempSubdirectory("clgrpo-report-");
        try
        {
            var path = Path.Combine(folder.FullName, "report.json");
            File.WriteAllText(path, "old");

            ReportExample.Report.Save(path);

            Assert.Equal(ReportExample.Report.ToJson(), EvaluationReport.Parse(File.ReadAllText(path)).ToJson());
            Assert.Single(folder.GetFiles());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}

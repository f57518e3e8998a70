using CLGRPO.Training.Evaluation;

namespace CLGRPO.Training.Tests.Evaluation;

/// <summary>A small report: eight images of two labels; the baseline gets four right, stage 1 six.</summary>
internal static class ReportExample
{
    public static readonly string[] Labels = ["awe", "fear"];

    public static readonly IReadOnlyList<Prediction> Baseline = Answers([0, 0, 1, 1, 1, 1, 0, 0]);
    public static readonly IReadOnlyList<Prediction> Stage1 = Answers([0, 0, 0, 1, 1, 1, 2, 1]);

    public static EvaluationReport Report { get; } =
        new()
        {
            Dataset = "EmoScenes",
            HeldOut = 2000,
            Seconds = 551.25,
            Rows =
            [
                Row("baseline", EvaluationScores.From(Baseline, Labels)),
                Row("stage-1", EvaluationScores.From(Stage1, Labels, Baseline)),
            ],
        };

    private static EvaluationRow Row(string name, EvaluationScores scores) =>
        new()
        {
            Name = name,
            Greedy = scores,
            Sampled = scores,
            TrainSeconds = 100.4,
        };

    // Four images of each label; an answer of 2 is "no label", from a malformed completion.
    private static List<Prediction> Answers(int[] predicted) =>
        [.. predicted.Select((label, i) => new Prediction(i / 4, label, WellFormed: label < 2, Tokens: 20 + i))];
}

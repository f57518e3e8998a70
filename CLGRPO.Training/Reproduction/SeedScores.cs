using CLGRPO.Training.Evaluation;

namespace CLGRPO.Training.Reproduction;

/// <summary>Greedy and sampled answers of something, side by side.</summary>
public sealed record Decoded<T>(T Greedy, T Sampled);

/// <summary>A stage's scores over seeds, fractions from 0 to 1.</summary>
public sealed record SeedScores(SeedMean Accuracy, SeedMean MacroRecall, SeedMean FormatRate)
{
    /// <param name="answers">[seeds], each with the labels that its indexes mean.</param>
    internal static SeedScores Of(IReadOnlyList<(Answers Answers, int Labels)> answers)
    {
        var reports = answers.Select(seed => Classify(seed.Answers, seed.Labels)).ToList();
        return new SeedScores(
            new SeedMean([.. reports.Select(report => report.Accuracy)]),
            new SeedMean([.. reports.Select(report => report.MacroRecall)]),
            new SeedMean([
                .. answers.Select(seed => seed.Answers.Predictions.Average(item => item.WellFormed ? 1.0 : 0.0)),
            ])
        );
    }

    internal static Decoded<SeedScores> Of(IReadOnlyList<SeedStage> stages) =>
        new(
            Of([.. stages.Select(s => (s.Evaluation.Greedy, s.Evaluation.Labels.Count))]),
            Of([.. stages.Select(s => (s.Evaluation.Sampled, s.Evaluation.Labels.Count))])
        );

    internal static ClassificationReport Classify(Answers answers, int labels) =>
        new(
            [.. answers.Predictions.Select(item => item.Truth)],
            [.. answers.Predictions.Select(item => item.Predicted)],
            labels
        );
}

/// <summary>A stage's row in the main table.</summary>
/// <param name="Name">The stage; <c>baseline</c> is each seed's best candidate.</param>
/// <param name="Scores">On the held-out images.</param>
/// <param name="TrainSeconds">Without its parents.</param>
public sealed record ReproductionRow(string Name, Decoded<SeedScores> Scores, SeedMean TrainSeconds);

/// <summary>A candidate for the baseline.</summary>
/// <param name="Name">The stage.</param>
/// <param name="ValidationAccuracy">What it is chosen by; a fraction.</param>
/// <param name="ChosenBy">The seeds whose baseline it is.</param>
/// <param name="Scores">On the held-out images; they choose nothing.</param>
public sealed record BaselineCandidate(
    string Name,
    SeedMean ValidationAccuracy,
    IReadOnlyList<int> ChosenBy,
    Decoded<SeedScores> Scores
);

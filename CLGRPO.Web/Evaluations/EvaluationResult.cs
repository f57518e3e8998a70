using CLGRPO.Training.Evaluation;

namespace CLGRPO.Web.Evaluations;

/// <summary>What each checkpoint of a table is compared with.</summary>
public enum ComparedWith
{
    /// <summary>The one called baseline, else the first.</summary>
    Baseline,

    /// <summary>The one above it; an ablation with the whole method.</summary>
    Before,
}

/// <summary>Which images are picked for looking at.</summary>
public enum ImageChoice
{
    All,

    /// <summary>The second checkpoint is right and the first is wrong, the surest first.</summary>
    Best,

    /// <summary>The second checkpoint is wrong, the surest first.</summary>
    Worst,
}

/// <summary>What two checkpoints answered about an image.</summary>
/// <param name="Index">Its place in the split, from 0.</param>
/// <param name="Sample">The sample's id in its data set version.</param>
/// <param name="Image">SHA-256 of the image.</param>
public sealed record ComparedAnswers(
    int Index,
    string Sample,
    string Image,
    string Label,
    CheckpointAnswer First,
    CheckpointAnswer Second
);

/// <summary>What a checkpoint answered about an image.</summary>
/// <param name="Answer">The label it named; null: none.</param>
/// <param name="Confidence">Probability of the answer's tokens together; null where there is no answer.</param>
/// <param name="Completion">Reasoning and answer as they were written.</param>
public sealed record CheckpointAnswer(
    string Checkpoint,
    string? Answer,
    bool Right,
    double? Confidence,
    int Tokens,
    string Completion
);

/// <summary>The answers of an evaluation's checkpoints, as far as there are any.</summary>
public sealed class EvaluationResult
{
    private readonly IReadOnlyList<(string Name, AnswerSheet Sheet)> _answered;
    private readonly Lazy<CheckpointTable> _againstBaseline;
    private readonly Lazy<CheckpointTable> _againstBefore;

    internal EvaluationResult(IReadOnlyList<(OrderedCheckpoint Checkpoint, AnswerSheet Sheet)> answered)
    {
        Rows = [.. answered.Select(one => one.Checkpoint)];
        _answered = [.. answered.Select(one => (one.Checkpoint.Name, one.Sheet))];
        _againstBaseline = new(() => CheckpointTable.Of(_answered, References(_ => Baseline)));
        _againstBefore = new(() => CheckpointTable.Of(_answered, References(i => Rows[i].Ablation ? Method : i - 1)));
    }

    /// <summary>The checkpoints that have answered, ablations last.</summary>
    public IReadOnlyList<OrderedCheckpoint> Rows { get; }

    /// <summary>Their names.</summary>
    public IReadOnlyList<string> Checkpoints => [.. Rows.Select(row => row.Name)];

    /// <summary>Index of the method as a whole, which ablations are of: the last that is none.</summary>
    public int Method => Math.Max(0, Rows.ToList().FindLastIndex(row => !row.Ablation));

    /// <summary>Index of the row to look at first: the method, or where there is no more than a baseline the last ablation.</summary>
    public int Newest => Method == Baseline ? Rows.Count - 1 : Method;

    public IReadOnlyList<string> Labels => _answered[0].Sheet.Terms.Labels;

    /// <summary>Index of the row that the others are compared with.</summary>
    public int Baseline =>
        Math.Max(
            0,
            _answered
                .ToList()
                .FindIndex(one => one.Name.Split(' ').Contains(EvaluationReport.BaselineName, StringComparer.Ordinal))
        );

    /// <summary>Of the checkpoint that is most often right, a fraction.</summary>
    public double BestAccuracy =>
        _answered.Max(one => one.Sheet.Answers.Average(answer => answer.Prediction.IsRight ? 1.0 : 0.0));

    public CheckpointTable Table(ComparedWith other) =>
        (other == ComparedWith.Baseline ? _againstBaseline : _againstBefore).Value;

    /// <summary>What two checkpoints answered, image by image.</summary>
    /// <param name="first">Index of a checkpoint.</param>
    /// <param name="second">Index of the other, which the choice is about.</param>
    public IReadOnlyList<ComparedAnswers> Compare(int first, int second, ImageChoice choice)
    {
        var (one, other) = (_answered[first].Sheet.Answers, _answered[second].Sheet.Answers);
        var fitting = Enumerable
            .Range(0, one.Count)
            .Where(i =>
                choice switch
                {
                    ImageChoice.Best => other[i].Prediction.IsRight && (first == second || !one[i].Prediction.IsRight),
                    ImageChoice.Worst => !other[i].Prediction.IsRight,
                    _ => true,
                }
            );
        if (choice != ImageChoice.All)
            fitting = fitting.OrderByDescending(i => other[i].Confidence ?? 0).ThenBy(i => i);
        return [.. fitting.Select(i => At(first, second, i))];
    }

    private ComparedAnswers At(int first, int second, int index)
    {
        var answer = _answered[first].Sheet.Answers[index];
        return new ComparedAnswers(
            index,
            answer.Sample,
            answer.Image,
            Labels[answer.Prediction.Truth],
            AnswerOf(first, index),
            AnswerOf(second, index)
        );
    }

    private CheckpointAnswer AnswerOf(int checkpoint, int index)
    {
        var answer = _answered[checkpoint].Sheet.Answers[index];
        return new CheckpointAnswer(
            _answered[checkpoint].Name,
            Labels.ElementAtOrDefault(answer.Prediction.Predicted),
            answer.Prediction.IsRight,
            answer.Confidence,
            answer.Prediction.Tokens,
            answer.Completion
        );
    }

    private IReadOnlyList<int?> References(Func<int, int> of) =>
        [.. _answered.Select((_, i) => of(i) is >= 0 and var other && other != i ? other : (int?)null)];
}

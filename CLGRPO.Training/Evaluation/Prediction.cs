namespace CLGRPO.Training.Evaluation;

/// <summary>What a model answered about one held-out image.</summary>
/// <param name="Truth">The index of the true label.</param>
/// <param name="Predicted">The index of the answered label, or the number of labels for "no label".</param>
/// <param name="WellFormed">Whether the completion had the required format.</param>
/// <param name="Tokens">The completion's length, tokens.</param>
public sealed record Prediction(int Truth, int Predicted, bool WellFormed, int Tokens)
{
    /// <summary>Whether the answer is the true label.</summary>
    public bool IsRight => Truth == Predicted;
}

namespace CLGRPO.Training.Evaluation;

/// <summary>What a model answered about one image.</summary>
/// <param name="Sample">The sample's id in its data set version.</param>
/// <param name="Image">SHA-256 of its image.</param>
/// <param name="Prediction">What was read from the completion.</param>
/// <param name="Completion">Reasoning and answer as they were written.</param>
/// <param name="Confidence">
/// Probability of the answer's tokens together, given the image and what was written before, at the sampling temperature (1 for greedy);
/// null where there is no answer.
/// </param>
public sealed record ImageAnswer(
    string Sample,
    string Image,
    Prediction Prediction,
    string Completion,
    double? Confidence = null
);

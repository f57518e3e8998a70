namespace CLGRPO.Training.Planning;

/// <summary>One step of a stage at its longest sample, as it was measured, beside what was estimated for it.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Sample">Id of the longest sample.</param>
/// <param name="Samples">How often it was in the step.</param>
/// <param name="Loss">Of the step.</param>
/// <param name="LoadSeconds">Reading (or initialising) the model.</param>
/// <param name="ForwardSeconds">A forward pass over the sample, its image included.</param>
/// <param name="StepSeconds">Forward, backward and the optimizer.</param>
/// <param name="LoadedBytes">Memory of the process, or of the GPU's tensors, with the model loaded.</param>
/// <param name="ForwardPeakBytes">Most at once up to the end of the forward pass.</param>
/// <param name="StepPeakBytes">Most at once up to the end of the step.</param>
/// <param name="EstimatedBytes">What the estimate says of such a step.</param>
public sealed record StepMeasurement(
    string Stage,
    string Sample,
    int Samples,
    double Loss,
    double LoadSeconds,
    double ForwardSeconds,
    double StepSeconds,
    long LoadedBytes,
    long ForwardPeakBytes,
    long StepPeakBytes,
    long EstimatedBytes
);

namespace CLGRPO.Training.Evaluation;

/// <summary>A confidence interval, both ends included, in the unit of what it is about.</summary>
public sealed record Interval(double Low, double High);

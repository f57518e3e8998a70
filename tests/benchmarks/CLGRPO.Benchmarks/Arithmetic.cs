namespace CLGRPO.Benchmarks;

/// <summary>
/// The floating-point operations that a piece of work cannot do without: 2 for each parameter and position forward, 6 with
/// the backward pass; no padding, attention scores not counted. What a side does beyond this lowers its share of the limit.
/// </summary>
internal static class Arithmetic
{
    /// <summary>One prefill and one picture for each prompt, then a forward pass for each new token.</summary>
    public static double Rollouts(ModelShape shape, RolloutWork work) =>
        Forward(shape, work.Prompts.Length, work.Prompts.Sum(prompt => (long)prompt.Length) + work.Tokens);

    public static double SftStep(ModelShape shape, SftWork work) =>
        3 * Forward(shape, work.InputIds.Length, work.InputIds.Sum(row => (long)row.Length));

    /// <summary>Each pass over the rollouts takes a completion once, and its prompt and picture once for the whole group.</summary>
    public static double GrpoUpdate(ModelShape shape, GrpoWork work)
    {
        var positions =
            work.Prompts.Sum(prompt => (long)prompt.Length)
            + work.Completions.Sum(completion => (long)completion.Length);
        return 3 * work.Iterations * Forward(shape, work.Prompts.Length, positions);
    }

    private static double Forward(ModelShape shape, long pictures, long positions) =>
        2d * shape.VisionParameters * shape.VisionPositions * pictures + 2d * shape.TextParameters * positions;
}

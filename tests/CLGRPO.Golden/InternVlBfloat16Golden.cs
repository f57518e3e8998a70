using System.Globalization;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Models;
using static TorchSharp.torch;

namespace CLGRPO.Golden;

/// <summary>internvl/model.json, bf16_logps_of_case_0: transformers' log-probabilities in bfloat16.</summary>
/// <remarks>
/// Two correct bfloat16 programs differ by roundings of another order, so the yardstick is what bfloat16 itself costs:
/// transformers' own distance from its float32 numbers, on the same tokens. Ours may be no farther from either than twice
/// that.
/// </remarks>
internal sealed class InternVlBfloat16Golden : InternVlWalker
{
    private const string Key = "bf16_logps_of_case_0";
    private const double LeastCost = 1e-3; // below this the numbers would not be bfloat16's

    public override bool IsIn(string folder) =>
        InternVlModel.Names(folder).Any(name => InternVlModel.Describes(folder, name, Key));

    protected override void Walk(InternVlModel model, CaseTally tally)
    {
        if (model.Describes(Key))
            tally.Case($"{model.Name}.json {Key}", () => Check(model));
    }

    private static void Check(InternVlModel model)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var rounded = PretrainedModel.Load(model.ModelFolder, precision: Precision.Bf16);
        var ids = Json.Ints(Json.Cases(model.Description, "cases").First(), "input_ids");
        var batch = TokenBatch.OfSequences([(ids[..1], ids[1..])], rounded.Model.Config, CPU);
        var hidden = rounded.Model.Forward(batch, model.Features(rounded.Model, ["0"]));
        var result = new TokenLogprobs(rounded.Model.Decoder.Head).Forward(hidden, batch.Targets);

        double[] ours = [.. result.Logprobs.data<float>().ToArray().Select(value => (double)value)];
        var theirs = Json.Doubles(model.Description, Key);
        double[] exact = [.. model.Tensors.Floats("0.logps").Select(value => (double)value)];
        var cost = Distance(theirs, exact);
        if (!(cost > LeastCost))
            throw new GoldenMismatchException($"transformers' bfloat16 numbers are {cost} from its float32 ones");
        Near("float32", Distance(ours, exact), cost);
        Near("transformers' bfloat16", Distance(ours, theirs), cost);
    }

    private static void Near(string what, double distance, double cost)
    {
        if (!(distance <= 2 * cost))
            throw new GoldenMismatchException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{distance:R} from {what} numbers; transformers' bfloat16 is {cost:R} from its float32"
                )
            );
    }

    /// <summary>Root of the mean square.</summary>
    private static double Distance(double[] ones, double[] others)
    {
        Expect.Same("log-probabilities, length", others.Length, ones.Length);
        return Math.Sqrt(ones.Zip(others, (a, b) => (a - b) * (a - b)).Average());
    }
}

using System.Text.Json;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Checkpoints.Layouts;
using CLGRPO.Training.Models;
using static TorchSharp.torch;

namespace CLGRPO.Golden;

/// <summary>A model's gradients as transformers names them: layout C of internvl.md.</summary>
internal sealed class InternVlGradients
{
    private const double Tolerance = 1e-4;

    // What cancels to nothing, such as a key's bias under softmax, is rounding of the sums it is part of.
    private const double Rounding = 1e-7;
    private readonly Dictionary<string, float[]> _found = new(StringComparer.Ordinal);

    public InternVlGradients(VisionLanguageModel model)
    {
        foreach (var parameter in model.Parameters.Parameters)
        {
            foreach (var stored in parameter.Stored)
            {
                using var scope = NewDisposeScope();
                var rows = parameter.Value.grad!.narrow(0, stored.FirstRow, stored.Rows);
                var values = rows.contiguous().data<float>().ToArray();
                _found.Add(TensorNames.In(ModelLayout.Memory, stored.Name), RotaryOrder.ToHalves(values, stored));
            }
        }
    }

    /// <summary>Every stored gradient within 1e-4 of its norm, and none left over on either side.</summary>
    public void Check(GoldenTensors stored)
    {
        CheckNames(stored.Names);
        var largest = stored.Names.Max(name => Norm(stored.Floats(name)));
        foreach (var name in stored.Names)
        {
            var expected = stored.Floats(name);
            Expect.Same($"gradient of {name}, values", expected.Length, _found[name].Length);
            var (distance, norm) = (Norm(expected.Zip(_found[name], (a, b) => a - b)), Norm(expected));
            if (!(distance <= (Tolerance * norm) + (Rounding * largest)))
                throw new GoldenMismatchException($"the gradient of {name} is off by {distance}, its norm is {norm}");
        }
    }

    /// <summary>The norm of every gradient.</summary>
    public void CheckNorms(JsonElement norms)
    {
        CheckNames([.. norms.EnumerateObject().Select(norm => norm.Name)]);
        var largest = norms.EnumerateObject().Max(norm => norm.Value.GetDouble());
        foreach (var norm in norms.EnumerateObject())
        {
            var (expected, found) = (norm.Value.GetDouble(), Norm(_found[norm.Name]));
            if (!(Math.Abs(expected - found) <= (Tolerance * expected) + (Rounding * largest)))
                throw new GoldenMismatchException($"gradient norm of {norm.Name}: expected {expected}, got {found}");
        }
    }

    private void CheckNames(IReadOnlyCollection<string> expected) =>
        Expect.SameItems(
            "names of gradients",
            [.. expected.Order(StringComparer.Ordinal)],
            [.. _found.Keys.Order(StringComparer.Ordinal)]
        );

    private static double Norm(IEnumerable<float> values) => Math.Sqrt(values.Sum(value => (double)value * value));
}

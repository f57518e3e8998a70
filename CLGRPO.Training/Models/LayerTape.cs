using static TorchSharp.torch;

namespace CLGRPO.Training.Models;

/// <summary>
/// Gradient checkpointing: a forward pass keeps each layer's input alone, and the backward pass computes a layer again when
/// its gradient is due. A third more arithmetic; the memory of one layer's graph in place of all layers'. The operations
/// are those of the plain path, so the gradients are the same bit for bit. Source: arXiv:1604.06174.
/// </summary>
public sealed class LayerTape
{
    private readonly Stack<Run> _runs = new();

    /// <summary>Runs layers one after the other.</summary>
    /// <param name="input">What the first layer takes, with or without a graph.</param>
    /// <param name="layers">Each from its input to its output.</param>
    /// <returns>The last layer's output: a leaf, whose gradient <see cref="Backward"/> sends on.</returns>
    internal Tensor Forward(Tensor input, IReadOnlyList<Func<Tensor, Tensor>> layers)
    {
        var inputs = new Tensor[layers.Count];
        var x = input.detach();
        using (no_grad())
        {
            for (var layer = 0; layer < layers.Count; layer++)
            {
                using var scope = NewDisposeScope();
                inputs[layer] = x;
                x = layers[layer](x).MoveToOuterDisposeScope();
            }
        }
        _runs.Push(new Run(input, inputs, layers, x.requires_grad_()));
        return x;
    }

    /// <summary>
    /// Sends the gradients that reached the outputs back through the layers, the newest run first. Call it after the
    /// backward pass of what was computed from them.
    /// </summary>
    public void Backward()
    {
        while (_runs.TryPop(out var run))
        {
            if (run.Output.grad is not { } gradient)
                continue; // nothing that was wanted depends on it
            using var toInput = ThroughLayers(run, gradient);
            if (run.Input.requires_grad)
                run.Input.backward([toInput]);
        }
    }

    /// <returns>The gradient of the run's input.</returns>
    private static Tensor ThroughLayers(Run run, Tensor gradient)
    {
        for (var layer = run.Layers.Count - 1; layer >= 0; layer--)
        {
            using var scope = NewDisposeScope();
            using var ofOutput = gradient;
            using var kept = run.Inputs[layer];
            var x = kept.detach().requires_grad_();
            run.Layers[layer](x).backward([ofOutput]);
            gradient = x.grad!.MoveToOuterDisposeScope();
        }
        return gradient;
    }

    private sealed record Run(Tensor Input, Tensor[] Inputs, IReadOnlyList<Func<Tensor, Tensor>> Layers, Tensor Output);
}

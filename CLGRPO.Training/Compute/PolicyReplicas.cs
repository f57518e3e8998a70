using CLGRPO.Training.Models;
using static TorchSharp.torch;

namespace CLGRPO.Training.Compute;

/// <summary>One policy seen from several threads: the same weights, with leaves and gradients for each.</summary>
public sealed class PolicyReplicas : IDisposable
{
    private readonly VisionLanguageModel[] _replicas;
    private readonly WorkerThreads _threads;

    /// <param name="policy">The policy; not disposed here.</param>
    /// <param name="threads">Who does the work; not disposed here.</param>
    /// <param name="trainable">Parts whose gradients are wanted; empty for a policy that only samples.</param>
    public PolicyReplicas(VisionLanguageModel policy, WorkerThreads threads, IReadOnlySet<ModelPart> trainable)
    {
        _threads = threads;
        _replicas = [policy, .. Enumerable.Range(1, threads.Count - 1).Select(_ => policy.Share())];
        if (trainable.Count > 0)
        {
            foreach (var replica in _replicas)
                replica.Trained.EnableGradients(trainable);
        }
    }

    public VisionLanguageModel Policy => _replicas[0];
    public int Count => _replicas.Length;

    /// <summary>Deals items out to the workers in order, item i to worker i mod count, and waits.</summary>
    /// <param name="items">What there is to do.</param>
    /// <param name="work">Takes the worker's replica, and an item with its index.</param>
    public void ForEach<T>(IReadOnlyList<T> items, Action<VisionLanguageModel, T, int> work) =>
        _threads.Run(worker =>
        {
            for (var i = worker; i < items.Count; i += Count)
                work(_replicas[worker], items[i], i);
        });

    /// <summary>Adds all replicas' gradients into the policy's, in order, and clears the others for the next step.</summary>
    /// <returns>[elements]: the policy's flat gradient, float32.</returns>
    public Tensor ReduceGradients()
    {
        using var noGrad = no_grad();
        var total =
            Policy.Trained.GradientSums
            ?? throw new InvalidOperationException("The policy has no gradients: no part of it trains.");
        foreach (var replica in _replicas.AsSpan(1))
        {
            total.add_(replica.Trained.GradientSums!);
            replica.Trained.GradientSums!.zero_();
        }
        return total;
    }

    public void Dispose()
    {
        foreach (var replica in _replicas.AsSpan(1))
            replica.Dispose();
    }
}

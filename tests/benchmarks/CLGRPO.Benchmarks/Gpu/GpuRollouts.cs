using System.Diagnostics;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Models;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Rollouts;

namespace CLGRPO.Benchmarks.Gpu;

/// <summary>Our rollouts and GRPO steps on a device, over a workload's prompts.</summary>
/// <param name="model">The policy; its weights move with the steps.</param>
/// <param name="work">The batches.</param>
internal sealed class GpuRollouts(PretrainedModel model, Workload work)
{
    /// <summary>Samples the batch once, for timing.</summary>
    /// <returns>Seconds; prompts and images are computed in them.</returns>
    public double Sample()
    {
        using var threads = new WorkerThreads(1);
        using var policy = new PolicyReplicas(model.Model, threads, new HashSet<ModelPart>());
        using var features = new ImageFeatures(
            GivenSplit.OfPrompts(work.Rollouts.Prompts, work.Values[work.Rollouts.PixelValues]),
            frozen: false
        );
        var sampler = new PolicySampler(policy, new SamplingConfig { Seed = work.Seed }, model.Tokenizer, features)
        {
            StopIds = new HashSet<int>(),
            BannedIds = work.Rollouts.Banned,
        };
        Prompt[] prompts = [.. work.Rollouts.Prompts.Select((ids, i) => new Prompt(ids, i, CounterRandom.Stream(i)))];
        var start = Stopwatch.GetTimestamp();
        var groups = sampler.Sample(prompts, work.Rollouts.GroupSize, work.Rollouts.NewTokens);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var sampled = groups.SelectMany(group => group.Completions).Sum(row => row.Ids.Length);
        return sampled == work.Rollouts.Tokens
            ? seconds
            : throw new InvalidOperationException($"{sampled} tokens were sampled, not {work.Rollouts.Tokens}.");
    }

    /// <summary>Every optimizer step over the batch, again and again.</summary>
    /// <returns>Seconds of each update.</returns>
    public double[] Updates(int count)
    {
        using var threads = new WorkerThreads(1);
        using var policy = new PolicyReplicas(model.Model, threads, new TrainableConfig().Parts());
        using var grpo = new OurGrpo(
            policy,
            model.Tokenizer,
            work,
            work.Grpo.Lr,
            work.Grpo.MiniBatches,
            work.Grpo.Iterations
        );
        var seconds = new double[count];
        for (var i = 0; i < count; i++)
        {
            var start = Stopwatch.GetTimestamp();
            grpo.Update();
            GpuLimits.Wait(model.Model.Device);
            seconds[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        return seconds;
    }
}

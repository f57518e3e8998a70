using System.Diagnostics;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Rollouts;

namespace CLGRPO.Benchmarks;

/// <summary>
/// This program's side: the trainers' own steps and sampler, with the replicas, micro-batches and loss that a run uses.
/// Only the data differ: given tokens and pixels in place of a data set, and completions that no end token cuts short.
/// </summary>
internal sealed class Ours : IContestant
{
    private readonly WorkerThreads threads;
    private readonly PolicyReplicas policy;
    private readonly PretrainedModel model;
    private readonly Workload work;
    private readonly ImageFeatures features;
    private readonly PolicySampler sampler;
    private readonly OurSft sft;
    private readonly OurGrpo grpo;

    /// <param name="model">Its weights move; disposed by the caller.</param>
    public Ours(PretrainedModel model, Workload work)
    {
        (this.model, this.work) = (model, work);
        threads = new WorkerThreads(work.Threads);
        policy = new PolicyReplicas(model.Model, threads, Trainable.Parts());
        features = new ImageFeatures(
            GivenSplit.OfPrompts(work.Rollouts.Prompts, work.Values[work.Rollouts.PixelValues]),
            frozen: false
        );
        sampler = new PolicySampler(policy, new SamplingConfig { Seed = work.Seed }, model.Tokenizer, features)
        {
            StopIds = new HashSet<int>(),
            BannedIds = work.Rollouts.Banned,
        };
        sft = new OurSft(policy, work, work.Sft.Lr);
        grpo = new OurGrpo(policy, model.Tokenizer, work, work.Grpo.Lr, work.Grpo.MiniBatches, work.Grpo.Iterations);
    }

    /// <summary>The peer trains all it has; see <see cref="SftWork.TrainVision"/>.</summary>
    internal static TrainableConfig Trainable { get; } = new();

    public string Name => "CLGRPO";

    public double PeakMegabytes
    {
        get
        {
            using var process = Process.GetCurrentProcess();
            return process.PeakWorkingSet64 / (double)(1 << 20);
        }
    }

    /// <summary>What the steps themselves report, taken at a learning rate of 0, which leaves the weights as they are.</summary>
    public CheckValues Check()
    {
        using var still = new OurSft(policy, work, learningRate: 0);
        using var whole = new OurGrpo(policy, model.Tokenizer, work, learningRate: 0, miniBatches: 1, iterations: 1);
        return new CheckValues(still.Step(), whole.LogprobSum(), whole.Update());
    }

    public double Rollouts()
    {
        Prompt[] prompts = [.. work.Rollouts.Prompts.Select((ids, i) => new Prompt(ids, i, CounterRandom.Stream(i)))];
        IReadOnlyList<RolloutGroup> groups = [];
        var seconds = Seconds(() => groups = sampler.Sample(prompts, work.Rollouts.GroupSize, work.Rollouts.NewTokens));
        var sampled = groups.SelectMany(group => group.Completions).Sum(row => row.Ids.Length);
        return sampled == work.Rollouts.Tokens
            ? seconds
            : throw new InvalidOperationException(
                $"{sampled} tokens were sampled, not the {work.Rollouts.Tokens} that are counted."
            );
    }

    public double SftStep() => Seconds(() => sft.Step());

    public double GrpoUpdate() => Seconds(() => grpo.Update());

    public void Dispose()
    {
        grpo.Dispose();
        sft.Dispose();
        features.Dispose();
        policy.Dispose();
        threads.Dispose();
    }

    private static double Seconds(Action run)
    {
        var start = Stopwatch.GetTimestamp();
        run();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}

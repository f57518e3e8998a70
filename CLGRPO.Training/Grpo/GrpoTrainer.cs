using CLGRPO.Training.Batches;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Models;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Rewards;
using CLGRPO.Training.Rollouts;
using CLGRPO.Training.Stages;
using CLGRPO.Training.Tokenization;
using static TorchSharp.torch;

namespace CLGRPO.Training.Grpo;

/// <summary>
/// Group relative policy optimisation: sample a group of completions for each prompt, reward them, compare each with its
/// group, and move the policy by the clipped loss several times. A step is one batch of rollouts.
/// Source: DeepSeekMath, arXiv:2402.03300 §4; definitions in reference/grpo.md.
/// </summary>
/// <param name="config">The stage's settings.</param>
/// <param name="split">Training samples.</param>
/// <param name="policy">The policy on every worker.</param>
/// <param name="reference">The frozen policy of the KL term on every worker; null when beta is 0.</param>
/// <param name="optimizer">Moves the policy.</param>
/// <param name="tokenizer">Turns completions into text for the rewards.</param>
/// <param name="monitor">Hears of every step; validates and saves.</param>
/// <param name="seed">Everything random follows from it.</param>
/// <param name="maxRows">Completions that are sampled at once.</param>
public sealed class GrpoTrainer(
    GrpoConfig config,
    PreparedSplit split,
    PolicyReplicas policy,
    PolicyReplicas? reference,
    PolicyOptimizer optimizer,
    Tokenizer tokenizer,
    IStageMonitor monitor,
    long seed,
    int maxRows = PolicySampler.DefaultMaxRows
) : IDisposable
{
    private readonly RewardConfig[] _rewards = [.. config.Rewards];
    private readonly IReward[] _functions =
    [
        .. config.Rewards.Select(reward => RewardRegistry.Create(reward, split.Style)),
    ];
    private readonly ImageFeatures _features = new(split, frozen: !config.Trainable.Vision);
    private readonly GrpoLoss _loss = new(config);
    private readonly IRolloutObserver? _observer = monitor.Observer;

    /// <summary>Trains from <paramref name="progress"/> to the end of the stage, or until asked to stop.</summary>
    public StageProgress Train(StageProgress progress, CancellationToken stop)
    {
        var collector = new GroupCollector(config, split, policy, _features, _functions, tokenizer, seed, maxRows)
        {
            Observer = _observer,
        };
        while (progress.Step < config.Steps && !stop.IsCancellationRequested)
        {
            var clock = new PhaseClock();
            _observer?.PhaseBegan(progress.Step + 1, "generate");
            var (groups, drawn) = collector.Collect(progress.Prompts);
            clock.Lap("generate");
            _observer?.PhaseBegan(progress.Step + 1, "reward");
            var advantages = Judge(groups);
            groups = Scored(groups, advantages);
            monitor.RolloutsScored(progress.Step + 1, groups);
            var rollouts = groups.SelectMany(Rollouts).ToList();
            if (progress.Step == 0)
                monitor.FirstBatchFormed(FirstBatch(groups, rollouts));
            clock.Lap("reward");
            if (reference is not null)
                _observer?.PhaseBegan(progress.Step + 1, "reference");
            KeepReferenceLogprobs(groups, rollouts);
            clock.Lap("reference");
            _observer?.PhaseBegan(progress.Step + 1, "update");
            var learningRates = optimizer.LearningRates();
            var update = Update(groups, rollouts, progress.Step);
            clock.Lap("update");
            if (_observer is { IsWatching: true })
                TellStopped(_observer, progress.Step + 1, groups, rollouts);
            SyncReference(progress.Step + 1);

            progress = progress with { Step = progress.Step + 1, Prompts = progress.Prompts + drawn };
            var metrics = GrpoMetrics.Of(config, _functions, advantages, rollouts, update);
            foreach (var (part, rate) in learningRates)
                metrics[part] = rate;
            metrics["epoch"] = (double)progress.Prompts / split.Samples.Count;
            metrics["dropped_groups"] = drawn - groups.Count;
            clock.AddTo(metrics);
            progress = monitor.StepCompleted(progress, config.Steps, metrics);
        }
        return progress;
    }

    private GroupAdvantages Judge(IReadOnlyList<ScoredGroup> groups) =>
        GroupAdvantage.Compute(
            groups.SelectMany(group => group.Scores).ToArray(),
            [.. _rewards.Select(reward => reward.Weight)],
            config.GroupSize,
            config.ScaleRewards
        );

    private List<ScoredGroup> Scored(IReadOnlyList<ScoredGroup> groups, GroupAdvantages judged) =>
        [
            .. groups.Select(
                (group, i) =>
                    group with
                    {
                        Advantages = judged.Advantages.AsSpan(i * config.GroupSize, config.GroupSize).ToArray(),
                    }
            ),
        ];

    private IEnumerable<TrainedRollout> Rollouts(ScoredGroup group) =>
        group.Group.Completions.Select(
            (completion, i) =>
                new TrainedRollout(
                    completion,
                    group.Advantages[i],
                    Counts: completion.Terminated || !config.MaskTruncatedCompletions
                )
        );

    /// <summary>Lets the reference policy, if there is one, score every rollout.</summary>
    internal void KeepReferenceLogprobs(IReadOnlyList<ScoredGroup> groups, List<TrainedRollout> rollouts)
    {
        if (reference is not null)
            ForEachMicroBatch(
                reference,
                [.. Enumerable.Range(0, groups.Count)],
                groups,
                (replica, batch, some) => KeepReferenceLogprobs(replica, batch, some, rollouts)
            );
    }

    private void KeepReferenceLogprobs(
        VisionLanguageModel replica,
        TokenBatch batch,
        GroupSlice slice,
        List<TrainedRollout> rollouts
    )
    {
        using var noGrad = no_grad();
        var head = new TokenLogprobs(replica.Decoder.Head, config.Sampling.Temperature);
        // A vision tower that does not train is the same in policy and reference, and so is what it sees.
        var features = config.Trainable.Vision
            ? replica.ImageFeatures(split.LoadTiles(slice.Samples, replica.Config).to(replica.Device))
            : _features.Of(replica, slice.Samples);
        var logprobs = head.Forward(replica.Forward(batch, features), batch.Targets)
            .Logprobs.cpu()
            .data<float>()
            .ToArray();
        var next = 0;
        foreach (var rollout in slice.Rollouts(rollouts, config.GroupSize))
        {
            rollout.ReferenceLogprobs = logprobs.AsSpan(next, rollout.Completion.Ids.Length).ToArray();
            next += rollout.Completion.Ids.Length;
        }
    }

    /// <summary>Moves the policy: every pass cuts the batch into mini-batches of whole groups, one optimizer step each.</summary>
    internal UpdateResult Update(IReadOnlyList<ScoredGroup> groups, List<TrainedRollout> rollouts, int step)
    {
        var result = new UpdateResult();
        for (var iteration = 0; iteration < config.NumIterations; iteration++)
        {
            foreach (var miniBatch in MiniBatches(groups.Count, (step * config.NumIterations) + iteration))
            {
                var totals = StepTotals.Of([
                    .. miniBatch
                        .SelectMany(group => rollouts.Skip(group * config.GroupSize).Take(config.GroupSize))
                        .Select(rollout => rollout.ActiveTokens),
                ]);
                var metrics = new ClipMetrics[miniBatch.Length]; // one for each micro-batch, added up in their order, whoever was first
                var losses = new double[miniBatch.Length];
                ForEachMicroBatch(
                    policy,
                    miniBatch,
                    groups,
                    (replica, batch, slice) =>
                        (losses[slice.Index], metrics[slice.Index]) = Backward(replica, batch, slice, rollouts, totals)
                );
                result.Add(
                    losses.Sum(),
                    optimizer.Step(),
                    ClipMetrics.Sum(config.Clip, metrics.Where(micro => micro is not null)).Result()
                );
            }
        }
        return result;
    }

    /// <summary>Groups in an order of the pass's own, cut into as many parts as a pass has optimizer steps.</summary>
    private IEnumerable<int[]> MiniBatches(int groups, int pass) =>
        new EpochOrder([.. Enumerable.Range(0, groups)], seed)
            .Batch(pass, groups)
            .Samples.Chunk((groups + config.MiniBatches - 1) / config.MiniBatches);

    private FedBatch FirstBatch(IReadOnlyList<ScoredGroup> groups, IReadOnlyList<TrainedRollout> rollouts)
    {
        FedPrompt Fed(int group) =>
            new(
                groups[group].Group.Prompt.Sample,
                groups[group].Group.Prompt.Ids,
                [
                    .. rollouts
                        .Skip(group * config.GroupSize)
                        .Take(config.GroupSize)
                        .Select(rollout => new FedCompletion(rollout.Completion.Ids, rollout.Counts)),
                ]
            );
        return new FedBatch(
            [
                .. from miniBatch in MiniBatches(groups.Count, pass: 0)
                from slice in MicroBatches(policy, miniBatch, groups)
                select (IReadOnlyList<FedPrompt>)[.. slice.Groups.Select(Fed)],
            ],
            SharesPrompts: true,
            _ => null
        );
    }

    /// <returns>The micro-batch's share of the step's loss, and its metrics.</returns>
    private (double Loss, ClipMetrics Metrics) Backward(
        VisionLanguageModel replica,
        TokenBatch batch,
        GroupSlice slice,
        List<TrainedRollout> all,
        StepTotals totals
    )
    {
        var rollouts = slice.Rollouts(all, config.GroupSize).ToList();
        var tape = config.GradientCheckpointing ? new LayerTape() : null;
        var head = new TokenLogprobs(
            replica.Decoder.Head,
            config.Sampling.Temperature,
            headGradient: replica.Decoder.HeadGradient
        );
        var features = _features.Of(replica, slice.Samples, tape);
        var result = head.Forward(replica.Forward(batch, features, tape), batch.Targets);
        Tensor Padded(IEnumerable<float> values) => batch.Padded(tensor(values.ToArray()).to(replica.Device));
        var micro = new GrpoBatch(
            Logprobs: batch.Padded(result.Logprobs),
            OldLogprobs: Padded(rollouts.SelectMany(rollout => rollout.Completion.Logprobs)),
            ReferenceLogprobs: reference is null
                ? null
                : Padded(rollouts.SelectMany(rollout => rollout.ReferenceLogprobs)),
            Advantages: tensor(rollouts.Select(rollout => rollout.Advantage).ToArray()).to(replica.Device),
            Mask: Padded(
                rollouts.SelectMany(rollout =>
                    Enumerable.Repeat(rollout.Counts ? 1f : 0f, rollout.Completion.Ids.Length)
                )
            ),
            Entropies: batch.Padded(result.Entropies)
        );
        var share = _loss.Share(micro, totals);
        share.Loss.backward();
        head.Backward(result);
        tape?.Backward();
        replica.Trained.SumGradients();
        var metrics = new ClipMetrics(config.Clip);
        metrics.Add(micro, share);
        if (_observer is { IsWatching: true })
        {
            foreach (var (rollout, stopped) in rollouts.Zip(metrics.Stopped(micro, share)))
                rollout.Stopped = stopped;
        }
        return (share.Loss.item<float>(), metrics);
    }

    /// <summary>Cuts groups into micro-batches of like length.</summary>
    private List<GroupSlice> MicroBatches(PolicyReplicas replicas, int[] chosen, IReadOnlyList<ScoredGroup> groups)
    {
        var perMicroBatch = Math.Max(
            1,
            Math.Min(config.MicroBatchSize / config.GroupSize, (chosen.Length + replicas.Count - 1) / replicas.Count)
        );
        var byLength = chosen.OrderBy(group =>
            groups[group].Group.Completions.Max(completion => completion.Ids.Length)
        );
        return
        [
            .. byLength
                .Chunk(perMicroBatch)
                .Select(
                    (indexes, i) =>
                        new GroupSlice(i, indexes, [.. indexes.Select(group => groups[group].Group.Prompt.Sample)])
                ),
        ];
    }

    /// <summary>Deals micro-batches out to the workers.</summary>
    private void ForEachMicroBatch(
        PolicyReplicas replicas,
        int[] chosen,
        IReadOnlyList<ScoredGroup> groups,
        Action<VisionLanguageModel, TokenBatch, GroupSlice> work
    ) =>
        replicas.ForEach(
            MicroBatches(replicas, chosen, groups),
            (replica, slice, _) =>
            {
                using var scope = NewDisposeScope();
                var batch = TokenBatch.OfGroups(
                    [
                        .. slice
                            .Groups.Select(group => groups[group].Group)
                            .Select(group =>
                                (
                                    group.Prompt.Ids,
                                    (IReadOnlyList<int[]>)[.. group.Completions.Select(completion => completion.Ids)]
                                )
                            ),
                    ],
                    replica.Config,
                    replica.Device
                );
                work(replica, batch, slice);
            }
        );

    private void TellStopped(
        IRolloutObserver observer,
        int step,
        IReadOnlyList<ScoredGroup> groups,
        List<TrainedRollout> rollouts
    ) =>
        observer.Updated(
            step,
            [
                .. groups.Select(
                    (group, i) =>
                        (
                            group.Group.Prompt,
                            (IReadOnlyList<StoppedTokens>)
                                [
                                    .. rollouts
                                        .Skip(i * config.GroupSize)
                                        .Take(config.GroupSize)
                                        .Select(rollout => rollout.Stopped),
                                ]
                        )
                ),
            ]
        );

    /// <summary>TR-DPO: the reference follows the policy; grpo.md §13.</summary>
    private void SyncReference(int step)
    {
        if (reference is null || config.SyncReferenceEvery == 0 || step % config.SyncReferenceEvery != 0)
            return;
        using var noGrad = no_grad();
        using var merged = policy.Policy.Adapters?.Merge();
        reference
            .Policy.Parameters.Weights.mul_(1 - config.ReferenceMixup)
            .add_(policy.Policy.Parameters.Weights, config.ReferenceMixup);
    }

    public void Dispose() => _features.Dispose();

    /// <summary>The groups of a micro-batch.</summary>
    private sealed record GroupSlice(int Index, int[] Groups, int[] Samples)
    {
        public IEnumerable<TrainedRollout> Rollouts(List<TrainedRollout> all, int groupSize) =>
            Groups.SelectMany(group => all.Skip(group * groupSize).Take(groupSize));
    }
}

using CLGRPO.Training.Compute;
using CLGRPO.Training.Grpo;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Rollouts;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Benchmarks;

/// <summary>The GRPO trainer's update over the given rollouts, again and again.</summary>
internal sealed class OurGrpo : IDisposable
{
    private readonly Workload work;
    private readonly ScoredGroup[] groups;
    private readonly List<TrainedRollout> rollouts;
    private readonly PolicyOptimizer optimizer;
    private readonly GrpoTrainer trainer;

    public OurGrpo(
        PolicyReplicas policy,
        Tokenizer tokenizer,
        Workload work,
        double learningRate,
        int miniBatches,
        int iterations
    )
    {
        this.work = work;
        var grpo = work.Grpo;
        var config = new GrpoConfig
        {
            GroupSize = grpo.GroupSize,
            MiniBatches = miniBatches,
            NumIterations = iterations,
            MaxCompletionTokens = grpo.MaxCompletionLength,
            Clip = new ClipRange(grpo.EpsilonLow, grpo.EpsilonHigh),
            Beta = grpo.Beta,
            LossType = Enum.Parse<LossType>(grpo.LossType, ignoreCase: true),
            Sampling = new SamplingConfig { Temperature = grpo.Temperature },
            Optimizer = new OptimizerConfig
            {
                LearningRate = learningRate,
                WeightDecay = grpo.WeightDecay,
                Beta1 = grpo.Betas[0],
                Beta2 = grpo.Betas[1],
                MaxGradNorm = grpo.MaxGradNorm,
            },
            Trainable = new TrainableConfig { Vision = grpo.TrainVision },
        };
        groups = [.. grpo.Prompts.Select((ids, i) => Group(new Prompt(ids, i, Stream: 0)))];
        rollouts = Rollouts();
        optimizer = new PolicyOptimizer(config.Optimizer, policy, Ours.Trainable, totalSteps: int.MaxValue);
        trainer = new GrpoTrainer(
            config,
            GivenSplit.OfPrompts(grpo.Prompts, work.Values[grpo.PixelValues]),
            policy,
            reference: policy, // scores only for LogprobSum: an update takes the log-probabilities that are given
            optimizer,
            tokenizer,
            new NoMonitor(),
            work.Seed
        );
    }

    /// <summary>All optimizer steps over the rollout batch.</summary>
    /// <returns>Their mean loss.</returns>
    public double Update() => trainer.Update(groups, rollouts, step: 0).Loss;

    /// <summary>The policy's log-probabilities of all completion tokens, added up.</summary>
    public double LogprobSum()
    {
        var scored = Rollouts();
        trainer.KeepReferenceLogprobs(groups, scored);
        return scored.Sum(rollout => rollout.ReferenceLogprobs.Sum(value => (double)value));
    }

    public void Dispose()
    {
        trainer.Dispose();
        optimizer.Dispose();
    }

    private ScoredGroup Group(Prompt prompt)
    {
        var first = prompt.Sample * work.Grpo.GroupSize;
        var rows = Enumerable.Range(first, work.Grpo.GroupSize);
        return new ScoredGroup(
            new RolloutGroup(prompt, [.. rows.Select(Completion)]),
            Texts: [],
            Scores: [],
            Rewards: [],
            Advantages: [.. rows.Select(Advantage)]
        );
    }

    private List<TrainedRollout> Rollouts() =>
        [
            .. work.Grpo.Completions.Select(
                (_, row) =>
                    new TrainedRollout(Completion(row), Advantage(row), Counts: true)
                    {
                        ReferenceLogprobs = Logprobs(work.Grpo.RefLogps, row),
                    }
            ),
        ];

    private Completion Completion(int row) =>
        new(work.Grpo.Completions[row], Logprobs(work.Grpo.OldLogps, row), Terminated: true);

    private float Advantage(int row) => work.Values[work.Grpo.Advantages].Data[row];

    /// <summary>A row of a [rows, longest completion] tensor, as long as its completion.</summary>
    private float[] Logprobs(string name, int row)
    {
        var padded = work.Values[name];
        return padded.Data.AsSpan(row * (int)padded.Shape[1], work.Grpo.Completions[row].Length).ToArray();
    }
}

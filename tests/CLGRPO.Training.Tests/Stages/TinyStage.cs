using CLGRPO.Data.Cot;
using CLGRPO.Data.Datasets;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Grpo;
using CLGRPO.Training.Models;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Rewards;
using CLGRPO.Training.Sft;
using CLGRPO.Training.Stages;
using TorchSharp;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Stages;

/// <summary>What a stage needs besides its trainer: model, data, workers, optimizer, and a monitor that remembers.</summary>
internal sealed class TinyStage : IStageMonitor, IDisposable
{
    private readonly WorkerThreads _threads;

    public TinyStage(
        TinyEmoScenes data,
        TrainableConfig trainable,
        OptimizerConfig optimizer,
        int workers = 1,
        bool warm = false
    )
    {
        Recipe = TinyRecipe.Parse(TinyRecipe.Sft);
        Model = NanoModel.Create(Recipe, data.Version, CPU);
        _threads = new WorkerThreads(workers);
        Split = new PreparedSplit(
            data.Version,
            Data.Datasets.Split.Train,
            Model,
            new ImageTiles(data.Version, Model.Images),
            Recipe.Prompt,
            CompletionStyle.Answer
        );
        if (warm)
            WarmUp();
        Policy = new PolicyReplicas(Model.Model, _threads, trainable.Parts());
        Optimizer = new PolicyOptimizer(optimizer, Policy, trainable, totalSteps: 1000);
    }

    /// <summary>Adam whose epsilon keeps the rounding of tiny gradients from becoming whole steps: numbers that other processors repeat.</summary>
    public static OptimizerConfig Calm(double learningRate) => new() { LearningRate = learningRate, Epsilon = 1e-3 };

    public Recipe Recipe { get; }
    public PretrainedModel Model { get; }
    public PolicyReplicas Policy { get; }
    public PolicyOptimizer Optimizer { get; }
    public PreparedSplit Split { get; }
    public List<IReadOnlyDictionary<string, double>> Steps { get; } = [];

    /// <summary>Live tensors of all threads after each step.</summary>
    public List<long> LiveTensors { get; } = [];

    public void Train(SftConfig config)
    {
        using var trainer = new SftTrainer(config, Split, Policy, Optimizer, this, seed: 11);
        trainer.Train(new StageProgress(), CancellationToken.None);
    }

    public void Train(GrpoConfig config)
    {
        using var reference = config.Beta > 0 ? Model.Model.Copy() : null;
        using var references = reference is null
            ? null
            : new PolicyReplicas(reference, _threads, new HashSet<ModelPart>());
        using var trainer = new GrpoTrainer(
            config,
            Split,
            Policy,
            references,
            Optimizer,
            Model.Tokenizer,
            this,
            seed: 11
        );
        trainer.Train(new StageProgress(), CancellationToken.None);
    }

    /// <summary>Teaches the format, so that completions end and some are right: groups have something to differ in.</summary>
    private void WarmUp()
    {
        var trainable = new TrainableConfig { Vision = false };
        using var replicas = new PolicyReplicas(Model.Model, _threads, trainable.Parts());
        using var optimizer = new PolicyOptimizer(Calm(1e-2), replicas, trainable, totalSteps: 30);
        using var trainer = new SftTrainer(
            new SftConfig
            {
                Epochs = null,
                MaxSteps = 30,
                BatchSize = 8,
                MicroBatchSize = 8,
                Trainable = trainable,
            },
            Split,
            replicas,
            optimizer,
            this,
            seed: 5
        );
        trainer.Train(new StageProgress(), CancellationToken.None);
        Steps.Clear();
        LiveTensors.Clear();
    }

    public float[] Weights() => Tiny.Floats(Model.Model.Parameters.Weights);

    StageProgress IStageMonitor.StepCompleted(
        StageProgress progress,
        int totalSteps,
        IReadOnlyDictionary<string, double> metrics
    )
    {
        Steps.Add(metrics);
        LiveTensors.Add(CountTensors());
        return progress;
    }

    void IStageMonitor.RolloutsScored(int step, IReadOnlyList<ScoredGroup> groups) { }

    private long CountTensors()
    {
        var ofWorkers = 0L;
        if (_threads.Count > 1)
            _threads.Run(_ => Interlocked.Add(ref ofWorkers, DisposeScopeManager.Statistics.ThreadTotalLiveCount));
        return ofWorkers + DisposeScopeManager.Statistics.ThreadTotalLiveCount;
    }

    public void Dispose()
    {
        Optimizer.Dispose();
        Policy.Dispose();
        _threads.Dispose();
        Model.Dispose();
    }
}

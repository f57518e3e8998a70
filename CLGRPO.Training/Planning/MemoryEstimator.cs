using CLGRPO.Training.Batches;
using CLGRPO.Training.Models;
using CLGRPO.Training.Optimization;

namespace CLGRPO.Training.Planning;

/// <summary>Adds up what a stage takes, part by part, at its longest sample. Held against measured peaks in docs/training.md.</summary>
/// <param name="model">The model's shape.</param>
/// <param name="settings">The stage's settings.</param>
/// <param name="tokens">The stage's tokens.</param>
public sealed class MemoryEstimator(ModelConfig model, StageSettings settings, TokenBudget tokens)
{
    private const int FullBytes = 4;

    // .NET, libtorch and the decoder of images, before any model.
    private const long ProgramBytes = 300L << 20;

    // On a GPU: CUDA's libraries on the host, context and kernels on the device.
    private const long CudaHostBytes = 1500L << 20;
    private const long CudaDeviceBytes = 700L << 20;

    // A long run's allocators hold some memory that nothing uses at the moment.
    private const double AllocatorSlack = 0.1;

    private readonly LongestSample _longest = tokens.Longest.WithMaxTiles(settings.MaxTiles, tokens.TokensPerTile);
    private readonly ActivationEstimate _activations = new(model, settings);
    private readonly IReadOnlyList<PartPlan> _parts = PartPlan.Of(model, settings);

    /// <summary>The estimate, without parts of 0 bytes.</summary>
    public MemoryEstimate Estimate()
    {
        List<MemoryItem> items = [.. Persistent(), .. Host(), .. Phases()];
        var passing = items
            .Where(item => item is { Place: MemoryPlace.Device, Phase: MemoryPhase.Update })
            .Sum(i => i.Bytes);
        items.Add(Device("allocator", MemoryPhase.Update, (long)(passing * AllocatorSlack)));
        return new MemoryEstimate([.. items.Where(item => item.Bytes > 0)]);
    }

    private IEnumerable<MemoryItem> Persistent()
    {
        var all = _parts.Sum(part => part.Parameters);
        var trainable = _parts.Sum(part => part.Trainable);
        var bytes = settings.ElementBytes;
        yield return Device("weights", MemoryPhase.Always, all * bytes);
        yield return Device("reference policy", MemoryPhase.Always, settings.HasReference ? all * bytes : 0);
        yield return Device("adapters", MemoryPhase.Always, settings.Lora is null ? 0 : trainable * bytes);
        // Every worker has its own; they reach from the first part that trains to the last.
        var gradients = (settings.Lora is null ? Span() : trainable) * settings.Workers;
        yield return Device("gradients", MemoryPhase.Always, gradients * bytes);
        if (settings.Precision == Precision.Bf16)
        {
            yield return Device("gradient sums", MemoryPhase.Always, gradients * FullBytes);
            yield return Device("master weights", MemoryPhase.Always, trainable * FullBytes);
        }
        yield return Device("AdamW's moments", MemoryPhase.Always, trainable * 2 * FullBytes);
        yield return Device("rotary table", MemoryPhase.Always, RotaryBytes());
        yield return Device("image features", MemoryPhase.Always, FeatureBytes());
        yield return Device("CUDA", MemoryPhase.Always, settings.IsGpu ? CudaDeviceBytes : 0);
    }

    private IEnumerable<MemoryItem> Host()
    {
        yield return Host("program", MemoryPhase.Always, settings.IsGpu ? CudaHostBytes : ProgramBytes);
        yield return Host(
            "decoded images",
            MemoryPhase.Always,
            DecodedBytes(tokens.Samples) + DecodedBytes(tokens.ValidationSamples)
        );
        yield return Host(
            "samples",
            MemoryPhase.Always,
            tokens.Samples * (1000 + (long)(sizeof(int) * tokens.MeanCompletionTokens))
        );
    }

    private IEnumerable<MemoryItem> Phases()
    {
        var busy = settings.BusyWorkers;
        yield return Device("activations", MemoryPhase.Update, busy * _activations.MicroBatch(_longest));
        if (!settings.Trains(ModelPart.Vision))
            yield return Device(
                "vision tower",
                MemoryPhase.Sampling,
                busy * _activations.VisionWithoutGraph(_longest.Tiles)
            );
        yield return Device("logits chunk", MemoryPhase.Update, busy * LogitsChunkBytes());
        // The root of the second moment, for the largest run of parameters.
        yield return Device(
            "AdamW's step",
            MemoryPhase.Optimizer,
            Math.Min(_parts.Max(part => part.LargestSegment), AdamW.PieceElements) * FullBytes
        );
        var sampling = new SamplingEstimate(model, settings, _longest, tokens.ValidationSamples, _activations);
        // What the adapters' matrices were before they were merged.
        yield return Device("merged weights", MemoryPhase.Sampling, _parts.Sum(p => p.Adapted) * settings.ElementBytes);
        yield return Device("KV cache", MemoryPhase.Sampling, sampling.CacheBytes);
        yield return Device("prefill", MemoryPhase.Sampling, sampling.PrefillBytes);
        yield return Device("next tokens", MemoryPhase.Sampling, sampling.NextTokenBytes);
    }

    private long Span()
    {
        var trained = _parts.Select(part => part.Trainable > 0).ToList();
        var first = trained.IndexOf(true);
        return _parts.Skip(first).Take(trained.LastIndexOf(true) - first + 1).Sum(part => part.Parameters);
    }

    private long RotaryBytes() =>
        (long)model.Language.Places
        * (model.Language.Heads + model.Language.KeyValueHeads)
        * model.Language.HeadSize
        * FullBytes;

    /// <summary>Kept while the tower is frozen.</summary>
    private long FeatureBytes()
    {
        if (settings.Trains(ModelPart.Vision))
            return 0;
        var oneImage = (double)tokens.TokensPerTile * model.FeatureSize * settings.ElementBytes;
        return (long)Math.Min(ImageFeatures.DefaultMemoryBytes, tokens.Samples * MeanTiles * oneImage);
    }

    private long DecodedBytes(int images) =>
        (long)
            Math.Min(
                ImageTiles.DefaultMemoryBytes,
                images * MeanTiles * 3 * model.Vision.ImageSize * model.Vision.ImageSize
            );

    private double MeanTiles => Math.Min(tokens.MeanTiles, _longest.Tiles);

    /// <summary>Of as many tokens as a chunk has: log-softmax and logits or probabilities; bfloat16's own beside them, and the head's gradient.</summary>
    private long LogitsChunkBytes()
    {
        var vocabulary = (long)model.Language.VocabularySize;
        var targets = (long)settings.PromptsPerMicroBatch * settings.GroupSize * _longest.CompletionTokens;
        var chunk = Math.Clamp(TokenLogprobs.DefaultChunkElements / vocabulary, 1, targets) * vocabulary;
        return settings.Precision == Precision.Bf16
            ? (chunk * ((2 * FullBytes) + 2)) + (vocabulary * model.Language.HiddenSize * 2)
            : chunk * 2 * FullBytes;
    }

    private static MemoryItem Device(string part, MemoryPhase phase, long bytes) =>
        new(part, MemoryPlace.Device, phase, bytes);

    private static MemoryItem Host(string part, MemoryPhase phase, long bytes) =>
        new(part, MemoryPlace.Host, phase, bytes);
}

using CLGRPO.Training.Models;

namespace CLGRPO.Training.Planning;

/// <summary>
/// Bytes of activations: what the layers as they are written leave behind. Each line of a sum is an operation whose result
/// the way back needs (kept), or that lives until its layer is done (passing).
/// </summary>
/// <param name="model">The model's shape.</param>
/// <param name="settings">The stage's settings.</param>
internal sealed class ActivationEstimate(ModelConfig model, StageSettings settings)
{
    private readonly LanguageConfig _language = model.Language;
    private readonly VisionConfig _vision = model.Vision;
    private readonly int _bytes = settings.ElementBytes;

    private long Queries => _language.Heads * _language.HeadSize;
    private long Keys => _language.KeyValueHeads * _language.HeadSize;

    /// <summary>Bytes that one backward pass holds at most, of the decoder, the projector and a tower that trains.</summary>
    /// <param name="longest">The sample all others are as long as.</param>
    public long MicroBatch(LongestSample longest)
    {
        var prompts = settings.PromptsPerMicroBatch;
        var rows = settings.IsGrpo
            ? prompts * (longest.PromptTokens + ((long)settings.GroupSize * longest.CompletionTokens))
            : prompts * (long)longest.Tokens;
        var scores = Scores(longest);
        var layer = KeptOfLayer(rows) + scores;
        var passing = PassingOfLayer(rows) + (2 * scores);
        var decoder = settings.GradientCheckpointing
            ? (_language.Layers * rows * _language.HiddenSize * _bytes) + layer + passing
            : (_language.Layers * layer) + passing;
        var imageTokens = (long)prompts * longest.ImageTokens;
        var projector = imageTokens * ((2L * model.FeatureSize) + (3L * _language.HiddenSize)) * _bytes;
        var head = (long)prompts * settings.GroupSize * longest.CompletionTokens * _language.HiddenSize * 4 * _bytes;
        return decoder
            + projector
            + head
            + (settings.Trains(ModelPart.Vision) ? VisionKept(prompts * longest.Tiles) : 0);
    }

    /// <summary>Bytes that a forward pass without a graph holds at most: one layer's.</summary>
    /// <param name="rows">Tokens.</param>
    /// <param name="scores">Bytes of a layer's attention scores.</param>
    public long WithoutGraph(long rows, long scores) =>
        KeptOfLayer(rows) + PassingOfLayer(rows) + (2 * scores) + (2 * rows * _language.HiddenSize * _bytes);

    /// <summary>Bytes of scores of causal attention, one layer; 0 where one kernel does it.</summary>
    public long CausalScores(long rows, long tokens) =>
        settings.IsGpu ? 0 : rows * _language.Heads * tokens * tokens * _bytes;

    /// <summary>Bytes that a frozen tower holds at most while it sees some tiles: one layer's.</summary>
    public long VisionWithoutGraph(long tiles)
    {
        long patches = PatchesOfTile,
            hidden = _vision.HiddenSize;
        var perPatch =
            (15 * hidden) + (2L * _vision.IntermediateSize) + (settings.IsGpu ? 0 : 2L * _vision.Heads * patches);
        return tiles * ((patches * perPatch) + (6L * _vision.ImageSize * _vision.ImageSize)) * _bytes;
    }

    private long PatchesOfTile => ((long)_vision.PatchesPerSide * _vision.PatchesPerSide) + 1;

    private long VisionKept(long tiles)
    {
        long patches = PatchesOfTile,
            hidden = _vision.HiddenSize;
        var perPatch = (10 * hidden) + (2L * _vision.IntermediateSize) + (settings.IsGpu ? 0 : _vision.Heads * patches);
        var layer = tiles * patches * perPatch * _bytes;
        return settings.GradientCheckpointing
            ? (_vision.Layers * tiles * patches * hidden * _bytes) + (2 * layer)
            : (_vision.Layers * layer) + (layer / 2);
    }

    /// <summary>Bytes of softmax results that the way back needs, one layer.</summary>
    private long Scores(LongestSample longest)
    {
        var (prompts, group) = (settings.PromptsPerMicroBatch, settings.GroupSize);
        if (!settings.IsGrpo)
            return CausalScores(prompts, longest.Tokens);
        long prompt = longest.PromptTokens,
            completion = longest.CompletionTokens;
        if (settings.IsGpu) // keys and values, once more for every completion
            return prompts * group * (prompt + completion) * 2 * Queries * _bytes;
        // The prompt's share of the completions' weights is copied once more.
        var completions = (long)prompts * group * _language.Heads * completion * ((2 * prompt) + completion);
        return CausalScores(prompts, prompt) + (completions * _bytes);
    }

    private long KeptOfLayer(long rows)
    {
        var norms = 6L * _language.HiddenSize; // x, x/rms and x/rms·w, twice
        var attention = (2 * Queries) + (2 * Keys); // queries, keys, values, what is mixed
        var shared = settings.IsGpu ? 2 * (Queries - Keys) : 0; // the kernel takes keys and values for every head
        var swiGlu = 4L * _language.IntermediateSize; // gate and up, silu(gate), their product
        // Norms are float32 whatever the rest is: x and x/rms of both.
        var wider = settings.Precision == Precision.Bf16 ? 4L * _language.HiddenSize * (4 - _bytes) : 0;
        return rows * (((norms + attention + shared + swiGlu) * _bytes) + wider);
    }

    // Gradients on the way back, or what the forward pass needs for a moment: about the width of the largest product twice.
    private long PassingOfLayer(long rows) => rows * 5 * _language.IntermediateSize * _bytes;
}

using CLGRPO.Training.Batches;
using static TorchSharp.torch;

namespace CLGRPO.Training.Models;

/// <summary>An InternVL model: what a policy, a reference policy and the playground's model are instances of.</summary>
public sealed class VisionLanguageModel : IDisposable
{
    private readonly RotaryEmbedding _rotary;

    private VisionLanguageModel(ModelConfig config, ParameterStore store, Device device, RotaryEmbedding? rotary)
    {
        Config = config;
        Parameters = store;
        Device = device;
        Vision = new VisionTransformer(config, store);
        Projector = new Projector(config, store);
        Decoder = new Qwen2Decoder(config.Language, store);
        store.Allocate(device);
        _rotary = rotary ?? new RotaryEmbedding(config.Language, config.Language.Places, device);
    }

    public ModelConfig Config { get; }
    public Device Device { get; }
    public ParameterStore Parameters { get; }
    public VisionTransformer Vision { get; }
    public Projector Projector { get; }
    public Qwen2Decoder Decoder { get; }

    /// <summary>What was attached to the model; null when the model's own weights are all there is.</summary>
    public LoraAdapters? Adapters { get; private set; }

    /// <summary>What a stage trains: the adapters where there are some, else the model's own weights.</summary>
    public ParameterStore Trained => Adapters?.Parameters ?? Parameters;

    /// <summary>A model whose weights are zero until they are loaded or initialised.</summary>
    public static VisionLanguageModel Create(
        ModelConfig config,
        Device? device = null,
        Precision precision = Precision.Fp32
    ) => new(config.Validated(), new ParameterStore(precision.Dtype()), device ?? CPU, null);

    /// <summary>What a model of this shape consists of; no memory is taken for it.</summary>
    internal static IReadOnlyList<Parameter> Declare(ModelConfig config)
    {
        var store = new ParameterStore(); // never allocated
        _ = new VisionTransformer(config.Validated(), store);
        _ = new Projector(config, store);
        _ = new Qwen2Decoder(config.Language, store);
        return store.Parameters;
    }

    /// <summary>The same weights with leaves and gradients of its own: one for each thread of a data-parallel step.</summary>
    public VisionLanguageModel Share()
    {
        var shared = WithoutAdapters();
        shared.Adapters = Adapters?.Share(shared);
        return shared;
    }

    /// <summary>The same weights seen without adapters: the policy as it was before they learnt, at no memory.</summary>
    public VisionLanguageModel WithoutAdapters() => new(Config, Parameters.Share(), Device, _rotary);

    /// <summary>Freezes the model's weights and adds fresh adapters, which change nothing until they learn.</summary>
    /// <param name="config">Rank, scale and targets.</param>
    /// <param name="parts">Where targets are looked for.</param>
    /// <param name="seed">The adapters' random values follow from it.</param>
    /// <exception cref="InvalidOperationException">The model has adapters, or its own weights are being trained.</exception>
    /// <exception cref="ModelException">A part has no matrix of these names.</exception>
    public LoraAdapters Attach(LoraConfig config, IReadOnlySet<ModelPart> parts, long seed)
    {
        var modules = LoraAdapters.Modules(this, config, parts);
        var adapters = Attach(config, modules);
        adapters.Parameters.Initialize(seed, Config);
        return adapters;
    }

    /// <summary>Adds adapters of zeros to the modules of these names; see <see cref="LoraAdapters.ModuleOf"/>.</summary>
    internal LoraAdapters Attach(LoraConfig config, IReadOnlySet<string> modules)
    {
        if (Adapters is not null || Parameters.Gradients is not null)
            throw new InvalidOperationException(
                "Adapters are attached once, to a model whose weights are not trained."
            );
        return Adapters = new LoraAdapters(this, config, modules);
    }

    /// <summary>A copy with weights of its own, such as a reference policy.</summary>
    public VisionLanguageModel Copy()
    {
        var copy = new VisionLanguageModel(Config, new ParameterStore(Parameters.Dtype), Device, _rotary);
        using var noGrad = no_grad();
        copy.Parameters.Weights.copy_(Parameters.Weights);
        return copy;
    }

    /// <summary>Image tokens before the projector.</summary>
    /// <param name="tiles">[tiles, 3, size, size], normalised.</param>
    /// <param name="tape">Keeps the layers' inputs in place of a graph; null for a graph.</param>
    /// <returns>[tiles · tokens per tile, feature size].</returns>
    public Tensor ImageFeatures(Tensor tiles, LayerTape? tape = null) => Vision.Forward(tiles, tape);

    /// <summary>Runs the decoder over a batch.</summary>
    /// <param name="batch">Tokens, positions and who sees whom.</param>
    /// <param name="imageFeatures">[image tokens of the batch, feature size], in the order of the batch's images; null when it has none.</param>
    /// <param name="tape">Keeps the layers' inputs in place of a graph; null for a graph.</param>
    /// <returns>[predictors, hidden], normed: the states whose logits predict the batch's targets.</returns>
    /// <exception cref="ModelException">Image features and image tokens do not match in number.</exception>
    public Tensor Forward(TokenBatch batch, Tensor? imageFeatures, LayerTape? tape = null)
    {
        var hidden = Decoder.Forward(Embed(batch, imageFeatures), _rotary.At(batch.Positions), batch.Attention, tape);
        return Decoder.FinalNorm(hidden.index_select(0, batch.Predictors));
    }

    private Tensor Embed(TokenBatch batch, Tensor? imageFeatures)
    {
        var embedded = Decoder.Embed(batch.Ids);
        var features = imageFeatures?.shape[0] ?? 0;
        if (features != batch.ImageTokens)
            throw new ModelException(
                $"The batch holds {batch.ImageTokens} image tokens, but {features} image features came with it."
            );
        return imageFeatures is null
            ? embedded
            : embedded.index_copy(0, batch.ImagePositions!, Projector.Forward(imageFeatures));
    }

    /// <summary>One more token for each running completion.</summary>
    /// <param name="ids">[rows], int64: the newest token of each.</param>
    /// <param name="positions">[rows], int64.</param>
    /// <param name="attention">Holds what came before.</param>
    /// <returns>[rows, vocabulary]: logits of the next token.</returns>
    public Tensor NextLogits(Tensor ids, Tensor positions, IAttention attention)
    {
        var hidden = Decoder.Forward(Decoder.Embed(ids), _rotary.At(positions), attention);
        return nn.functional.linear(Decoder.FinalNorm(hidden), Decoder.Head);
    }

    public void Dispose()
    {
        Adapters?.Dispose();
        Parameters.Dispose();
    }
}

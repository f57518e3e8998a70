using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace CLGRPO.Training.Models;

/// <summary>
/// Qwen2's decoder: RMSNorm, grouped-query attention with RoPE, SwiGLU. Works on flat rows of tokens; which token sees
/// which is the <see cref="IAttention"/>'s matter. Source: reference/internvl.md §4.
/// </summary>
public sealed class Qwen2Decoder
{
    private const string Prefix = "language_model.model.";
    private readonly LanguageConfig _config;
    private readonly Parameter _embedding;
    private readonly Parameter? _head;
    private readonly Parameter _finalNorm;
    private readonly DecoderLayer[] _layers;

    internal Qwen2Decoder(LanguageConfig config, ParameterStore store)
    {
        _config = config;
        _embedding = store.Declare(
            ModelPart.Language,
            Prefix + "embed_tokens.weight",
            Initialization.Embedding,
            config.VocabularySize,
            config.HiddenSize
        );
        _layers =
        [
            .. Enumerable.Range(0, config.Layers).Select(i => new DecoderLayer(config, store, $"{Prefix}layers.{i}.")),
        ];
        _finalNorm = store.Declare(ModelPart.Language, Prefix + "norm.weight", Initialization.Ones, config.HiddenSize);
        if (!config.TieEmbeddings)
            _head = store.Declare(
                ModelPart.Language,
                "language_model.lm_head.weight",
                Initialization.Embedding,
                config.VocabularySize,
                config.HiddenSize
            );
    }

    /// <summary>[vocabulary, hidden]: the output head, or the embedding where they are tied.</summary>
    public Tensor Head => (_head ?? _embedding).Value;

    /// <summary>[vocabulary, hidden], float32: where the head's gradient is summed; null when it does not train.</summary>
    public Tensor? HeadGradient => (_head ?? _embedding).GradientSum;

    /// <param name="ids">[tokens], int64.</param>
    /// <returns>[tokens, hidden].</returns>
    public Tensor Embed(Tensor ids) => _embedding.Value.index_select(0, ids);

    /// <param name="embedded">[tokens, hidden].</param>
    /// <param name="turns">RoPE at the tokens' positions.</param>
    /// <param name="attention">Which token sees which.</param>
    /// <param name="tape">Keeps the layers' inputs in place of a graph; null for a graph.</param>
    /// <returns>[tokens, hidden], before the final norm.</returns>
    public Tensor Forward(Tensor embedded, Tensor turns, IAttention attention, LayerTape? tape = null)
    {
        if (tape is not null)
            return tape.Forward(
                embedded,
                [.. _layers.Select((layer, i) => (Func<Tensor, Tensor>)(x => layer.Forward(x, turns, attention, i)))]
            );
        var x = embedded;
        for (var layer = 0; layer < _layers.Length; layer++)
        {
            // What a layer computes on its way is gone before the next begins, but for what a graph keeps.
            using var scope = NewDisposeScope();
            var before = x;
            x = _layers[layer].Forward(x, turns, attention, layer).MoveToOuterDisposeScope();
            if (layer > 0)
                before.Dispose(); // the first is the caller's
        }
        return x;
    }

    /// <summary>The norm before the head; apply it to the rows whose logits are wanted.</summary>
    public Tensor FinalNorm(Tensor hidden) => RmsNorm(hidden, _finalNorm.Value, _config.RmsNormEps);

    /// <summary>x · w / √(mean(x²) + ε), the norm in float32. Source: arXiv:1910.07467.</summary>
    internal static Tensor RmsNorm(Tensor x, Tensor weight, double eps)
    {
        var wide = x.to(ScalarType.Float32);
        return (wide * (wide.square().mean([-1], true) + eps).rsqrt()).to(x.dtype) * weight;
    }

    private sealed class DecoderLayer
    {
        private readonly LanguageConfig _config;
        private readonly Parameter _inputNorm,
            _postNorm,
            _qkvWeight,
            _qkvBias,
            _outWeight,
            _gateUpWeight,
            _downWeight;

        public DecoderLayer(LanguageConfig config, ParameterStore store, string prefix)
        {
            _config = config;
            long hidden = config.HiddenSize,
                inner = config.IntermediateSize;
            long queries = config.Heads * config.HeadSize,
                keys = config.KeyValueHeads * config.HeadSize;
            (char Name, long First, long Rows, int Rotary)[] projections =
            [
                ('q', 0, queries, config.HeadSize),
                ('k', queries, keys, config.HeadSize),
                ('v', queries + keys, keys, 0),
            ];
            Parameter One(string name, Initialization start, params long[] shape) =>
                store.Declare(ModelPart.Language, prefix + name, start, shape);
            _inputNorm = One("input_layernorm.weight", Initialization.Ones, hidden);
            _qkvWeight = store.Declare(
                ModelPart.Language,
                [queries + 2 * keys, hidden],
                Initialization.FanIn,
                [
                    .. projections.Select(p => new StoredTensor(
                        $"{prefix}self_attn.{p.Name}_proj.weight",
                        [p.Rows, hidden],
                        p.First,
                        p.Rows,
                        p.Rotary
                    )),
                ]
            );
            _qkvBias = store.Declare(
                ModelPart.Language,
                [queries + 2 * keys],
                Initialization.Zeros,
                [
                    .. projections.Select(p => new StoredTensor(
                        $"{prefix}self_attn.{p.Name}_proj.bias",
                        [p.Rows],
                        p.First,
                        p.Rows,
                        p.Rotary
                    )),
                ]
            );
            _outWeight = One("self_attn.o_proj.weight", Initialization.Residual, hidden, queries);
            _postNorm = One("post_attention_layernorm.weight", Initialization.Ones, hidden);
            _gateUpWeight = store.Declare(
                ModelPart.Language,
                [2 * inner, hidden],
                Initialization.FanIn,
                new StoredTensor(prefix + "mlp.gate_proj.weight", [inner, hidden], 0, inner),
                new StoredTensor(prefix + "mlp.up_proj.weight", [inner, hidden], inner, inner)
            );
            _downWeight = One("mlp.down_proj.weight", Initialization.Residual, hidden, inner);
        }

        public Tensor Forward(Tensor x, Tensor turns, IAttention attention, int layer)
        {
            x += Mix(RmsNorm(x, _inputNorm.Value, _config.RmsNormEps), turns, attention, layer);
            return x + SwiGlu(RmsNorm(x, _postNorm.Value, _config.RmsNormEps));
        }

        private Tensor Mix(Tensor x, Tensor turns, IAttention attention, int layer)
        {
            long queries = _config.Heads * _config.HeadSize,
                keys = _config.KeyValueHeads * _config.HeadSize;
            var qkv = _qkvWeight.Project(x, _qkvBias.Value);
            var turned = RotaryEmbedding.Turn(qkv.narrow(1, 0, queries + keys), turns);
            var mixed = attention.Attend(
                layer,
                turned.narrow(1, 0, queries),
                turned.narrow(1, queries, keys),
                qkv.narrow(1, queries + keys, keys)
            );
            return _outWeight.Project(mixed);
        }

        private Tensor SwiGlu(Tensor x)
        {
            var gateAndUp = _gateUpWeight.Project(x);
            var inner = _config.IntermediateSize;
            return _downWeight.Project(silu(gateAndUp.narrow(1, 0, inner)) * gateAndUp.narrow(1, inner, inner));
        }
    }
}

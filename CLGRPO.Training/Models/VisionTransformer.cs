using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace CLGRPO.Training.Models;

/// <summary>
/// InternViT: patches, a class token and learned positions through pre-norm transformer layers with layer scale, then
/// pixel shuffle. Source: reference/internvl.md §2, §3.
/// </summary>
public sealed class VisionTransformer
{
    private readonly VisionConfig _config;
    private readonly int _shuffle;
    private readonly Parameter _classToken;
    private readonly Parameter _positions;
    private readonly Parameter _patchWeight;
    private readonly Parameter _patchBias;
    private readonly VisionLayer[] _layers;

    internal VisionTransformer(ModelConfig config, ParameterStore store)
    {
        _config = config.Vision;
        _shuffle = config.ShuffleFactor;
        const string prefix = "vision_tower.embeddings.";
        var (hidden, patch) = (_config.HiddenSize, _config.PatchSize);
        var tokens = (long)_config.PatchesPerSide * _config.PatchesPerSide + 1;
        _classToken = store.Declare(ModelPart.Vision, prefix + "cls_token", Initialization.Embedding, 1, 1, hidden);
        _positions = store.Declare(
            ModelPart.Vision,
            prefix + "position_embeddings",
            Initialization.Embedding,
            1,
            tokens,
            hidden
        );
        _patchWeight = store.Declare(
            ModelPart.Vision,
            prefix + "patch_embeddings.projection.weight",
            Initialization.FanIn,
            hidden,
            3,
            patch,
            patch
        );
        _patchBias = store.Declare(
            ModelPart.Vision,
            prefix + "patch_embeddings.projection.bias",
            Initialization.Zeros,
            hidden
        );
        _layers =
        [
            .. Enumerable
                .Range(0, _config.Layers)
                .Select(i => new VisionLayer(_config, store, $"vision_tower.encoder.layer.{i}.")),
        ];
    }

    /// <summary>Sees tiles.</summary>
    /// <param name="tiles">[tiles, 3, size, size], normalised.</param>
    /// <param name="tape">Keeps the layers' inputs in place of a graph; null for a graph.</param>
    /// <returns>[tiles · tokens per tile, 4 · hidden]: the patches, class token dropped, pixel-shuffled.</returns>
    public Tensor Forward(Tensor tiles, LayerTape? tape = null)
    {
        var x = Embed(tiles.to(_patchWeight.Value.dtype));
        x = tape is null
            ? Encode(x)
            : tape.Forward(x, Array.ConvertAll(_layers, layer => (Func<Tensor, Tensor>)layer.Forward));
        return PixelShuffle(x.narrow(1, 1, x.shape[1] - 1));
    }

    private Tensor Encode(Tensor x)
    {
        foreach (var layer in _layers)
        {
            // What a layer computes on its way is gone before the next begins, but for what a graph keeps.
            using var before = x;
            using var scope = NewDisposeScope();
            x = layer.Forward(x).MoveToOuterDisposeScope();
        }
        return x;
    }

    private Tensor Embed(Tensor tiles)
    {
        var (n, side, patch, hidden) = (tiles.shape[0], _config.PatchesPerSide, _config.PatchSize, _config.HiddenSize);
        var patches = tiles
            .view(n, 3, side, patch, side, patch)
            .permute(0, 2, 4, 1, 3, 5)
            .reshape(n * side * side, 3 * patch * patch);
        var embedded = linear(patches, _patchWeight.Value.view(hidden, -1), _patchBias.Value)
            .view(n, side * side, hidden);
        return cat([_classToken.Value.expand(n, 1, hidden), embedded], 1) + _positions.Value; // [tiles, 1 + patches, hidden]
    }

    /// <summary>Pixel shuffle v2: each 2×2 block of patches becomes one token of four times the channels.</summary>
    /// <param name="x">[tiles, side · side, channels].</param>
    private Tensor PixelShuffle(Tensor x)
    {
        var (n, side, channels, f) = (x.shape[0], _config.PatchesPerSide, _config.HiddenSize, _shuffle);
        // Written as one permutation of [tiles, row, row in block, column, column in block, channel].
        return x.reshape(n, side / f, f, side / f, f, channels)
            .permute(0, 1, 3, 2, 4, 5)
            .reshape(n * (side / f) * (side / f), f * f * channels);
    }

    private sealed class VisionLayer
    {
        private readonly VisionConfig _config;
        private readonly Parameter _norm1Weight,
            _norm1Bias,
            _norm2Weight,
            _norm2Bias;
        private readonly Parameter _qkvWeight,
            _qkvBias,
            _projectionWeight,
            _projectionBias;
        private readonly Parameter _fc1Weight,
            _fc1Bias,
            _fc2Weight,
            _fc2Bias;
        private readonly Parameter _scale1,
            _scale2;

        public VisionLayer(VisionConfig config, ParameterStore store, string prefix)
        {
            _config = config;
            long hidden = config.HiddenSize,
                inner = config.IntermediateSize;
            Parameter One(string name, Initialization start, params long[] shape) =>
                store.Declare(ModelPart.Vision, prefix + name, start, shape);
            _norm1Weight = One("layernorm_before.weight", Initialization.Ones, hidden);
            _norm1Bias = One("layernorm_before.bias", Initialization.Zeros, hidden);
            _qkvWeight = store.Declare(
                ModelPart.Vision,
                [3 * hidden, hidden],
                Initialization.FanIn,
                [
                    .. "qkv".Select(
                        (c, i) =>
                            new StoredTensor($"{prefix}attention.{c}_proj.weight", [hidden, hidden], i * hidden, hidden)
                    ),
                ]
            );
            _qkvBias = store.Declare(
                ModelPart.Vision,
                [3 * hidden],
                Initialization.Zeros,
                [
                    .. "qkv".Select(
                        (c, i) => new StoredTensor($"{prefix}attention.{c}_proj.bias", [hidden], i * hidden, hidden)
                    ),
                ]
            );
            _projectionWeight = One("attention.projection_layer.weight", Initialization.FanIn, hidden, hidden);
            _projectionBias = One("attention.projection_layer.bias", Initialization.Zeros, hidden);
            _norm2Weight = One("layernorm_after.weight", Initialization.Ones, hidden);
            _norm2Bias = One("layernorm_after.bias", Initialization.Zeros, hidden);
            _fc1Weight = One("mlp.fc1.weight", Initialization.FanIn, inner, hidden);
            _fc1Bias = One("mlp.fc1.bias", Initialization.Zeros, inner);
            _fc2Weight = One("mlp.fc2.weight", Initialization.FanIn, hidden, inner);
            _fc2Bias = One("mlp.fc2.bias", Initialization.Zeros, hidden);
            _scale1 = One("lambda_1", Initialization.LayerScale, hidden);
            _scale2 = One("lambda_2", Initialization.LayerScale, hidden);
        }

        public Tensor Forward(Tensor x)
        {
            var normed = layer_norm(
                x,
                [_config.HiddenSize],
                _norm1Weight.Value,
                _norm1Bias.Value,
                _config.LayerNormEps
            );
            x = x.addcmul(_scale1.Value, Attention(normed), 1);
            normed = layer_norm(x, [_config.HiddenSize], _norm2Weight.Value, _norm2Bias.Value, _config.LayerNormEps);
            var inner = gelu(_fc1Weight.Project(normed, _fc1Bias.Value));
            return x.addcmul(_scale2.Value, _fc2Weight.Project(inner, _fc2Bias.Value), 1);
        }

        private Tensor Attention(Tensor x)
        {
            var (n, tokens, heads, size) = (x.shape[0], x.shape[1], _config.Heads, _config.HeadSize);
            var qkv = _qkvWeight.Project(x, _qkvBias.Value).view(n, tokens, 3, heads, size).permute(2, 0, 3, 1, 4);
            if (FusedAttention.Suits(x.device))
            {
                var fused = FusedAttention.Full(qkv.select(0, 0), qkv.select(0, 1), qkv.select(0, 2));
                return _projectionWeight.Project(fused, _projectionBias.Value);
            }
            var q = qkv.select(0, 0).reshape(n * heads, tokens, size);
            var k = qkv.select(0, 1).reshape(n * heads, tokens, size);
            var v = qkv.select(0, 2).reshape(n * heads, tokens, size);
            var weights = softmax((q * (1 / Math.Sqrt(size))).bmm(k.transpose(1, 2)), -1);
            var mixed = weights.bmm(v).view(n, heads, tokens, size).transpose(1, 2).reshape(n, tokens, heads * size);
            return _projectionWeight.Project(mixed, _projectionBias.Value);
        }
    }
}

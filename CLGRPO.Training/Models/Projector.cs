using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace CLGRPO.Training.Models;

/// <summary>From image tokens to the language model's width: LayerNorm, linear, GELU, linear. Source: internvl.md §3.</summary>
public sealed class Projector
{
    private const double LayerNormEps = 1e-5;
    private readonly Parameter _normWeight,
        _normBias,
        _weight1,
        _bias1,
        _weight2,
        _bias2;
    private readonly long _featureSize;

    internal Projector(ModelConfig config, ParameterStore store)
    {
        _featureSize = config.FeatureSize;
        long width = config.Language.HiddenSize;
        Parameter One(string name, Initialization start, params long[] shape) =>
            store.Declare(ModelPart.Projector, "multi_modal_projector." + name, start, shape);
        _normWeight = One("layer_norm.weight", Initialization.Ones, _featureSize);
        _normBias = One("layer_norm.bias", Initialization.Zeros, _featureSize);
        _weight1 = One("linear_1.weight", Initialization.FanIn, width, _featureSize);
        _bias1 = One("linear_1.bias", Initialization.Zeros, width);
        _weight2 = One("linear_2.weight", Initialization.FanIn, width, width);
        _bias2 = One("linear_2.bias", Initialization.Zeros, width);
    }

    /// <param name="features">[image tokens, feature size].</param>
    /// <returns>[image tokens, language hidden].</returns>
    public Tensor Forward(Tensor features)
    {
        var normed = layer_norm(features, [_featureSize], _normWeight.Value, _normBias.Value, LayerNormEps);
        return _weight2.Project(gelu(_weight1.Project(normed, _bias1.Value)), _bias2.Value);
    }
}

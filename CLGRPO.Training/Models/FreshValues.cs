using CLGRPO.Training.Rollouts;

namespace CLGRPO.Training.Models;

/// <summary>
/// The values a parameter starts with. Each is a function of seed, parameter and place alone, so that any piece can be
/// made on its own, on any thread, in any order.
/// </summary>
internal sealed class FreshValues
{
    private const int PieceElements = 1 << 16;
    private readonly bool _isUniform;
    private readonly double _spread;
    private readonly float _constant;
    private readonly long _seed;
    private readonly ulong _stream;

    /// <param name="parameter">Whose values.</param>
    /// <param name="index">Its place among the model's parameters.</param>
    /// <param name="config">Gives depth and the layer scale's start.</param>
    /// <param name="seed">Everything random follows from it.</param>
    public FreshValues(Parameter parameter, int index, ModelConfig config, long seed)
    {
        var layers = parameter.Part == ModelPart.Vision ? config.Vision.Layers : config.Language.Layers;
        var fanIn = parameter.Count / parameter.Shape[0];
        (_seed, _stream) = (seed, CounterRandom.Stream(index));
        _isUniform = parameter.Initialization == Initialization.AdapterDown;
        _spread = parameter.Initialization switch
        {
            Initialization.FanIn or Initialization.AdapterDown => 1 / Math.Sqrt(fanIn),
            Initialization.Residual => 1 / Math.Sqrt(fanIn * 2.0 * layers),
            Initialization.Embedding => 0.02,
            _ => 0,
        };
        _constant = parameter.Initialization switch
        {
            Initialization.Ones => 1f,
            Initialization.LayerScale => (float)config.Vision.InitialLayerScale,
            _ => 0f,
        };
    }

    /// <summary>Elements <paramref name="first"/> and after of the parameter, row by row.</summary>
    public void Fill(float[] values, int count, long first)
    {
        if (_spread == 0)
        {
            values.AsSpan(0, count).Fill(_constant);
            return;
        }
        Parallel.For(
            0,
            (count + PieceElements - 1) / PieceElements,
            piece =>
            {
                var end = Math.Min(count, (piece + 1) * PieceElements);
                for (var i = piece * PieceElements; i < end; i++)
                    values[i] = (float)(_spread * Draw(first + i));
            }
        );
    }

    /// <summary>With mean 0 and deviation 1, or between −1 and 1.</summary>
    private double Draw(long place) =>
        _isUniform
            ? (2 * CounterRandom.Uniform(_seed, _stream, place)) - 1
            : CounterRandom.Normal(_seed, _stream, place);
}

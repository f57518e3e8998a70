using static TorchSharp.torch;

namespace CLGRPO.Training.Models;

/// <summary>
/// Rotary position embedding as one complex product: pair i of a head turns by position · theta^(−2i/d). Queries and
/// keys are kept with the two halves of a pair side by side (see <see cref="StoredTensor.RotaryHeadSize"/>).
/// Source: RoFormer, arXiv:2104.09864 §3.4; Hugging Face's Qwen2 rotates halves, which is the same up to that order.
/// </summary>
public sealed class RotaryEmbedding
{
    private readonly Tensor _turns; // complex [max positions, heads · d/2], every head alike

    internal RotaryEmbedding(LanguageConfig config, int positions, Device device)
    {
        var pairs = config.HeadSize / 2;
        var heads = config.Heads + config.KeyValueHeads;
        var turns = new float[positions * pairs * 2];
        for (var position = 0; position < positions; position++)
        {
            for (var pair = 0; pair < pairs; pair++)
            {
                // In float, as the reference computes it: the angle of a far position depends on this rounding.
                var frequency = (float)(1.0 / Math.Pow(config.RopeTheta, 2.0 * pair / config.HeadSize));
                var angle = position * frequency;
                turns[(position * pairs + pair) * 2] = MathF.Cos(angle);
                turns[(position * pairs + pair) * 2 + 1] = MathF.Sin(angle);
            }
        }
        using var scope = NewDisposeScope();
        var perHead = tensor(turns, [positions, 1, pairs, 2]).to(device).expand(positions, heads, pairs, 2);
        _turns = perHead.reshape(positions, heads * pairs, 2).view_as_complex().DetachFromDisposeScope();
    }

    public int MaxPositions => (int)_turns.shape[0];

    /// <param name="positions">[tokens], int64.</param>
    /// <returns>Complex [tokens, (heads + key-value heads) · d/2].</returns>
    public Tensor At(Tensor positions) => _turns.index_select(0, positions);

    /// <summary>Turns queries and keys.</summary>
    /// <param name="queriesAndKeys">[tokens, (heads + key-value heads) · d].</param>
    /// <param name="turns">What <see cref="At"/> gave for the tokens' positions; complex float32, so the product is too.</param>
    public static Tensor Turn(Tensor queriesAndKeys, Tensor turns)
    {
        var (tokens, width) = (queriesAndKeys.shape[0], queriesAndKeys.shape[1]);
        var pairs = queriesAndKeys.to(ScalarType.Float32).view(tokens, width / 2, 2).view_as_complex();
        return (pairs * turns).view_as_real().view(tokens, width).to(queriesAndKeys.dtype);
    }
}

using CLGRPO.Training.Rollouts;
using CLGRPO.Training.Sft;

namespace CLGRPO.Training.Batches;

/// <summary>Changes to a training image that keep its label: shift, mirror, noise; the same for the same seed, epoch and sample.</summary>
/// <param name="config">How much of each.</param>
/// <param name="seed">Everything random follows from it.</param>
/// <param name="tileSize">Side of a tile in pixels.</param>
public sealed class Augmentation(AugmentationConfig config, long seed, int tileSize)
{
    public bool IsOff => config is { Shift: 0, Flip: false, Noise: 0 };

    /// <param name="tiles">[tiles, 3, size, size], changed in place.</param>
    /// <param name="epoch">Pass over the data.</param>
    /// <param name="sample">Index of the sample.</param>
    public void Apply(Span<float> tiles, int epoch, int sample)
    {
        var stream = CounterRandom.Stream(epoch, sample);
        var (right, down) = (Offset(stream, 0), Offset(stream, 1));
        var mirror = config.Flip && CounterRandom.Uniform(seed, stream, 2) < 0.5f;
        var plane = new float[tileSize * tileSize];
        for (var start = 0; start < tiles.Length; start += plane.Length)
        {
            var target = tiles.Slice(start, plane.Length);
            target.CopyTo(plane);
            Move(plane, target, right, down, mirror);
        }
        if (config.Noise > 0)
            AddNoise(tiles, stream);
    }

    private int Offset(ulong stream, int position) =>
        (int)(CounterRandom.Uniform(seed, stream, position) * (2 * config.Shift + 1)) - config.Shift;

    /// <summary>Pixels that move in from outside repeat the edge.</summary>
    private void Move(ReadOnlySpan<float> from, Span<float> to, int right, int down, bool mirror)
    {
        for (var y = 0; y < tileSize; y++)
        {
            var row = Math.Clamp(y - down, 0, tileSize - 1) * tileSize;
            for (var x = 0; x < tileSize; x++)
            {
                var column = Math.Clamp(x - right, 0, tileSize - 1);
                to[y * tileSize + x] = from[row + (mirror ? tileSize - 1 - column : column)];
            }
        }
    }

    /// <summary>Approximately normal: the sum of the four 16-bit parts of one hash, centred, has this deviation.</summary>
    private void AddNoise(Span<float> values, ulong stream)
    {
        // Pixels are normalised by a deviation near 0.226 in every channel.
        var scale = (float)(config.Noise / 0.226 / Math.Sqrt(4 / 12.0) / 65536);
        for (var i = 0; i < values.Length; i++)
        {
            var bits = CounterRandom.Hash(seed, stream, i + 16);
            var sum = (bits & 0xFFFF) + ((bits >> 16) & 0xFFFF) + ((bits >> 32) & 0xFFFF) + (bits >> 48);
            values[i] += scale * ((float)sum - 131070f);
        }
    }
}

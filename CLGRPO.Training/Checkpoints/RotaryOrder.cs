using CLGRPO.Training.Models;

namespace CLGRPO.Training.Checkpoints;

/// <summary>
/// The order of a query or key projection's rows: files keep a head's pairs half a head apart, the model side by side
/// (see <see cref="StoredTensor.RotaryHeadSize"/>).
/// </summary>
internal static class RotaryOrder
{
    /// <param name="values">Whole heads of the tensor as a file has them.</param>
    /// <param name="stored">The tensor they belong to.</param>
    public static float[] FromHalves(float[] values, StoredTensor stored) =>
        Reordered(values, stored, (row, half) => (row % 2 * half) + row / 2);

    /// <inheritdoc cref="FromHalves"/>
    public static float[] ToHalves(float[] values, StoredTensor stored) =>
        Reordered(values, stored, (row, half) => (row % half * 2) + row / half);

    private static float[] Reordered(float[] values, StoredTensor stored, Func<int, int, int> sourceRow)
    {
        if (stored.RotaryHeadSize == 0)
            return values;
        var width = (int)stored.Shape.Skip(1).Aggregate(1L, (product, size) => product * size);
        var reordered = new float[values.Length];
        for (var row = 0; row < values.Length / width; row++)
        {
            var inHead = row % stored.RotaryHeadSize;
            var source = row - inHead + sourceRow(inHead, stored.RotaryHeadSize / 2);
            values.AsSpan(source * width, width).CopyTo(reordered.AsSpan(row * width, width));
        }
        return reordered;
    }
}

using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Models;

namespace CLGRPO.Training.Checkpoints.Layouts;

/// <summary>A tensor of a model folder, and the pieces of the model it holds, one below the other.</summary>
/// <param name="Name">Its name in the folder's layout.</param>
/// <param name="Shape">Its shape in the file.</param>
/// <param name="Parts">In row order; more than one where a layout fuses what another keeps apart.</param>
internal sealed record FileTensor(string Name, long[] Shape, IReadOnlyList<TensorPart> Parts)
{
    /// <summary>What a folder in this layout must hold for these parameters, in the model's order.</summary>
    public static IReadOnlyList<FileTensor> Of(IEnumerable<Parameter> parameters, ModelLayout layout) =>
        Of(parameters, name => TensorNames.In(layout, name));

    /// <summary>What files must hold for these parameters under names of their own; equal names are one tensor.</summary>
    public static IReadOnlyList<FileTensor> Of(IEnumerable<Parameter> parameters, Func<string, string> nameInFile) =>
        [
            .. parameters.SelectMany(parameter =>
                parameter
                    .Stored.GroupBy(stored => nameInFile(stored.Name), StringComparer.Ordinal)
                    .Select(group => new FileTensor(
                        group.Key,
                        [group.Sum(stored => stored.Shape[0]), .. group.First().Shape[1..]],
                        [.. group.Select(stored => new TensorPart(parameter, stored))]
                    ))
            ),
        ];

    public ExpectedTensor Expected => new(Name, Shape);

    /// <summary>Elements.</summary>
    public long Count => Parts.Sum(part => part.Rows * part.Width);
}

/// <summary>Rows of a parameter that a file keeps together.</summary>
internal sealed record TensorPart(Parameter Parameter, StoredTensor Stored)
{
    // 16 MB as float32: large enough for the disk, small beside any model.
    private const long PieceElements = 1 << 22;

    public long Rows => Stored.Rows;

    /// <summary>Elements of a row.</summary>
    public long Width => Parameter.Count / Parameter.Shape[0];

    /// <summary>Cuts the rows into pieces of bounded size; a head whose rows change places is never cut.</summary>
    public IEnumerable<RowRange> Pieces()
    {
        long unit = Math.Max(1, Stored.RotaryHeadSize);
        var step = Math.Max(unit, PieceElements / Width / unit * unit);
        for (var first = 0L; first < Rows; first += step)
        {
            var rows = Math.Min(step, Rows - first);
            yield return new RowRange(first, rows, checked((int)(rows * Width)));
        }
    }
}

/// <param name="First">First row, counted within its <see cref="TensorPart"/>.</param>
/// <param name="Rows">Number of rows.</param>
/// <param name="Elements">Rows × width.</param>
internal readonly record struct RowRange(long First, long Rows, int Elements);

/// <summary>Fills the beginning of a buffer with some rows, in the order in which files keep them.</summary>
internal delegate void RowReader(TensorPart part, RowRange range, float[] values);

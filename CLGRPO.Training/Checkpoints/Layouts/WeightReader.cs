using CLGRPO.Training.Checkpoints.Safetensors;

namespace CLGRPO.Training.Checkpoints.Layouts;

/// <summary>Reads the parts of a model, or of its adapters, from safetensors files that are known to hold them all.</summary>
internal sealed class WeightReader
{
    private readonly SafetensorsModel _files;
    private readonly Dictionary<string, (TensorInfo Tensor, long FirstElement)> _parts = new(StringComparer.Ordinal);
    private byte[] _buffer = [];

    /// <param name="files">Open while this is used.</param>
    /// <param name="expected">All that the files must hold, under their names.</param>
    /// <exception cref="SafetensorsException">Tensors are missing, unknown, misshapen or no weights; all are listed.</exception>
    public WeightReader(SafetensorsModel files, IReadOnlyList<FileTensor> expected)
    {
        _files = files;
        TensorContract.Check(files.Tensors, [.. expected.Select(tensor => tensor.Expected)], WeightDtype.All);
        foreach (var tensor in expected)
        {
            var first = 0L;
            foreach (var part in tensor.Parts)
            {
                _parts.Add(part.Stored.Name, (files.Tensors[tensor.Name], first));
                first += part.Rows * part.Width;
            }
        }
    }

    /// <inheritdoc cref="RowReader"/>
    public void Read(TensorPart part, RowRange range, float[] values)
    {
        var (tensor, firstElement) = _parts[part.Stored.Name];
        var width = tensor.Dtype.Bits() / 8;
        var bytes = range.Elements * width;
        if (_buffer.Length < bytes)
            _buffer = new byte[bytes];
        _files.Read(tensor, (firstElement + range.First * part.Width) * width, _buffer.AsSpan(0, bytes));
        WeightDtype.ToFloats(tensor.Dtype, _buffer.AsSpan(0, bytes), values);
    }
}

using System.Collections;

namespace TorchSharp.Utils;

/// <summary>Reads and writes a CPU tensor's elements in place, in row-major order whatever its strides.</summary>
public sealed unsafe class TensorAccessor<T> : IDisposable, IEnumerable<T>
    where T : unmanaged
{
    private readonly torch.Tensor _tensor; // keeps the memory alive
    private readonly T* _start;
    private readonly long[] _shape;
    private readonly long[] _strides;
    private readonly bool _isContiguous;

    internal TensorAccessor(torch.Tensor tensor)
    {
        _tensor = tensor;
        _start = (T*)tensor.DataPointer();
        _shape = tensor.shape;
        _strides = tensor.stride();
        _isContiguous = tensor.is_contiguous();
        Count = tensor.numel();
    }

    public long Count { get; }

    public bool IsReadOnly => false;

    private T* Data => _tensor.IsInvalid ? throw new ObjectDisposedException(nameof(torch.Tensor)) : _start;

    /// <param name="indices">One row-major index, or one index per dimension.</param>
    public T this[params long[] indices]
    {
        get
        {
            var value = Data[Offset(indices)];
            GC.KeepAlive(_tensor);
            return value;
        }
        set
        {
            Data[Offset(indices)] = value;
            GC.KeepAlive(_tensor);
        }
    }

    public T[] ToArray()
    {
        var result = new T[Count];
        CopyTo(result.AsSpan());
        return result;
    }

    /// <summary>Copies elements from <paramref name="tensorIndex"/> on until the array or the tensor ends.</summary>
    public void CopyTo(T[] array, int arrayIndex = 0, long tensorIndex = 0) =>
        CopyTo(array.AsSpan(), arrayIndex, tensorIndex);

    /// <inheritdoc cref="CopyTo(T[], int, long)"/>
    public void CopyTo(Span<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var target = array[arrayIndex..];
        var count = Room(target.Length, tensorIndex);
        if (_isContiguous)
        {
            new ReadOnlySpan<T>(Data + tensorIndex, count).CopyTo(target);
        }
        else
        {
            for (var i = 0; i < count; i++)
                target[i] = Data[Offset(tensorIndex + i)];
        }
        GC.KeepAlive(_tensor);
    }

    /// <summary>Overwrites elements from <paramref name="tensorIndex"/> on until the array or the tensor ends.</summary>
    public void CopyFrom(T[] array, int arrayIndex = 0, long tensorIndex = 0) =>
        CopyFrom((ReadOnlySpan<T>)array, arrayIndex, tensorIndex);

    /// <inheritdoc cref="CopyFrom(T[], int, long)"/>
    public void CopyFrom(ReadOnlySpan<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var source = array[arrayIndex..];
        var count = Room(source.Length, tensorIndex);
        if (_isContiguous)
        {
            source[..count].CopyTo(new Span<T>(Data + tensorIndex, count));
        }
        else
        {
            for (var i = 0; i < count; i++)
                Data[Offset(tensorIndex + i)] = source[i];
        }
        GC.KeepAlive(_tensor);
    }

    public IEnumerator<T> GetEnumerator()
    {
        for (long i = 0; i < Count; i++)
            yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Nothing to free: the tensor owns the memory.</summary>
    public void Dispose() => GC.KeepAlive(_tensor);

    /// <summary>How many of as many elements there are from an index on.</summary>
    private int Room(int length, long tensorIndex) =>
        tensorIndex >= 0 && tensorIndex <= Count
            ? (int)Math.Min(length, Count - tensorIndex)
            : throw new ArgumentOutOfRangeException(
                nameof(tensorIndex),
                tensorIndex,
                $"The tensor has {Count} elements."
            );

    private long Offset(long[] indices) => indices.Length == 1 ? Offset(indices[0]) : OffsetOfEach(indices);

    private long Offset(long index)
    {
        if (index < 0 || index >= Count)
            throw new ArgumentOutOfRangeException(nameof(index), index, $"The tensor has {Count} elements.");
        if (_isContiguous)
            return index;
        long offset = 0;
        for (var d = _shape.Length - 1; d >= 0; d--)
        {
            (index, var position) = Math.DivRem(index, _shape[d]);
            offset += position * _strides[d];
        }
        return offset;
    }

    private long OffsetOfEach(long[] indices)
    {
        if (indices.Length != _shape.Length)
            throw new ArgumentException($"{indices.Length} indices for a tensor of {_shape.Length} dimensions.");
        long offset = 0;
        for (var d = 0; d < indices.Length; d++)
        {
            if (indices[d] < 0 || indices[d] >= _shape[d])
                throw new ArgumentOutOfRangeException(
                    nameof(indices),
                    indices[d],
                    $"Dimension {d} has {_shape[d]} elements."
                );
            offset += indices[d] * _strides[d];
        }
        return offset;
    }
}

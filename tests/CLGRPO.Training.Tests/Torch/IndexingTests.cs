using TorchSharp;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Torch;

/// <summary>Indices of arange(24) as [2, 3, 4], where element [i, j, k] is 12 i + 4 j + k.</summary>
public sealed class IndexingTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly Tensor _cube = arange(24).view(2, 3, 4);

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Index_OfNumbers_TakesFromTheFrontAndDropsDimensions()
    {
        Assert.Equal([3, 4], _cube[1].shape);
        Assert.Equal(21, _cube[1, 2, 1].item<long>());
        Assert.Equal(23, _cube[-1, -1, -1].item<long>());
        AssertIs([8, 9, 10, 11], [4], _cube[0, 2]);
    }

    [Fact]
    public void Index_OfRanges_SlicesEachDimension()
    {
        AssertIs([5, 6, 9, 10], [1, 2, 2], _cube[0..1, 1.., 1..3]);
        AssertIs([2, 3, 14, 15], [2, 1, 2], _cube[.., ..1, ^2..]);
        AssertIs([0, 2, 12, 14], [2, 2], _cube[.., 0, TensorIndex.Slice(step: 2)]);
    }

    [Fact]
    public void Index_WithEllipsis_FillsTheMiddle()
    {
        AssertIs([3, 7, 11, 15, 19, 23], [2, 3], _cube[TensorIndex.Ellipsis, 3]);
        AssertIs([12, 16, 20], [3], _cube[1, TensorIndex.Ellipsis, 0]);
        Assert.Equal([2, 3, 4], _cube[TensorIndex.Ellipsis].shape);
        Assert.Equal([2, 3, 4, 1], _cube[TensorIndex.Ellipsis, TensorIndex.None].shape);
    }

    [Fact]
    public void Index_WithNone_AddsADimension() =>
        Assert.Equal([1, 2, 1, 4], _cube[TensorIndex.None, .., 1, TensorIndex.None].shape);

    [Fact]
    public void Index_OfTensor_GathersAlongItsDimension()
    {
        AssertIs([4, 5, 6, 7, 0, 1, 2, 3], [2, 4], _cube[0, TensorIndex.Tensor(tensor([1L, 0]))]);
        AssertIs([1, 13], [2], _cube[.., 0, TensorIndex.Tensor(tensor(1L))]);
        AssertIs([0, 22], [2], _cube[tensor([0L, 1]), tensor([0L, 2]), tensor([0L, 2])]);
    }

    [Fact]
    public void Index_OfMask_TakesWhatIsTrue()
    {
        AssertIs([20, 21, 22, 23], [4], _cube[TensorIndex.Tensor(_cube > 19)]);
        AssertIs([3, 15], [2, 1], _cube[.., 0, TensorIndex.Tensor(tensor([false, false, false, true]))]);
        AssertIs([0, 12], [2], _cube[TensorIndex.Tensor(ones([2, 3], ScalarType.Bool)), 0][tensor([0L, 3])]);
    }

    [Fact]
    public void Set_OfSlice_WritesThroughToTheTensor()
    {
        _cube[0, 1..] = tensor(-1L);
        _cube[1, 0, 0] = tensor(100L);
        AssertIs([0, 1, 2, 3, -1, -1, -1, -1, -1, -1, -1, -1, 100], [13], _cube.flatten()[..13]);
    }

    [Fact]
    public void Set_OfTensorIndex_WritesWhatItPicks()
    {
        _cube[1, TensorIndex.Tensor(tensor([0L, 2])), 1..3] = tensor([1L, 2, 3, 4], [2, 2]);
        AssertIs([12, 1, 2, 15, 16, 17, 18, 19, 20, 3, 4, 23], [12], _cube[1].flatten());
        _cube[_cube > 5] = tensor(0L);
        Assert.Equal(1 + 2 + 3 + 4 + 5 + 1 + 2 + 3 + 4, _cube.sum().item<long>());
    }

    [Fact]
    public void IndexPut_Accumulating_AddsForEveryIndex()
    {
        var counts = zeros(3);
        counts.index_put_(ones(1), [tensor([0L, 2, 2])], accumulate: true);
        counts.index_put_(5, 1..2);
        Assert.Equal([1, 5, 2], counts.data<float>().ToArray());
    }

    [Fact]
    public void Index_OutOfRange_NamesTheIndex()
    {
        var error = Assert.Throws<System.Runtime.InteropServices.ExternalException>(() => _cube[2]);
        Assert.Contains("index 2 out of range", error.Message, StringComparison.Ordinal);
    }

    private static void AssertIs(long[] values, long[] shape, Tensor tensor)
    {
        Assert.Equal(shape, tensor.shape);
        Assert.Equal(values, tensor.data<long>().ToArray());
    }
}

using TorchSharp;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Torch;

public sealed class TensorDataTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Data_OfTransposedTensor_IsReadInItsOwnOrder()
    {
        var turned = tensor([1, 2, 3, 4, 5, 6], [2, 3]).t();
        Assert.Equal([1, 4, 2, 5, 3, 6], turned.data<int>().ToArray());
        Assert.Equal(5, turned.data<int>()[1, 1]);
        Assert.Equal([4, 2], turned.data<int>().Skip(1).Take(2));
    }

    [Fact]
    public void CopyFrom_IntoAView_WritesTheTensorBehindIt()
    {
        var tensor = zeros(2, 3);
        tensor.t().data<float>().CopyFrom([1f, 2f, 3f], tensorIndex: 1);
        Assert.Equal([0, 2, 0, 1, 3, 0], tensor.data<float>().ToArray());
    }

    [Fact]
    public void CopyTo_ShorterArray_StopsAtItsEnd()
    {
        var array = new float[3];
        arange(9, ScalarType.Float32).data<float>().CopyTo(array, arrayIndex: 1, tensorIndex: 4);
        Assert.Equal([0, 4, 5], array);
    }

    [Fact]
    public void Data_OfAnotherType_IsRefused()
    {
        var error = Assert.Throws<ArgumentException>(() => ones(1).data<double>());
        Assert.Contains("Double is not compatible with Float32", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Data_PastTheEnd_IsRefused()
    {
        var data = ones(2).data<float>();
        Assert.Throws<ArgumentOutOfRangeException>(() => data[2]);
        Assert.Throws<ArgumentOutOfRangeException>(() => data.CopyTo(new float[1], tensorIndex: 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => ones(2, 2).data<float>()[0, 2]);
    }

    [Fact]
    public void Data_OfDisposedTensor_IsRefused()
    {
        var tensor = ones(2);
        var data = tensor.data<float>();
        tensor.Dispose();
        Assert.Throws<ObjectDisposedException>(() => data[0]);
    }

    [Fact]
    public void Bytes_OfTensor_AreItsMemory()
    {
        var tensor = ones(2);
        BitConverter.TryWriteBytes(tensor.bytes[4..], 2.5f);
        Assert.Equal([1, 2.5f], tensor.data<float>().ToArray());
        Assert.Throws<InvalidOperationException>(() => ones(2, 3).t().bytes.Length);
    }

    [Fact]
    public void BFloat16_RoundsToNearestEven()
    {
        // 1 + 2⁻⁸ lies halfway between two; 1 + 3 · 2⁻⁸ too, and the even one is above.
        float[] values = [1f + (1f / 256), 1f + (3f / 256), -0.1f, float.PositiveInfinity];
        var native = tensor(values).to(ScalarType.BFloat16);
        Assert.Equal(values.Select(value => new BFloat16(value)), native.data<BFloat16>().ToArray());
        Assert.Equal([1f, 1.015625f], native.to(ScalarType.Float32)[..2].data<float>().ToArray());
    }

    [Fact]
    public void Item_OfEachType_ConvertsByItsScalar()
    {
        Assert.Equal(7, tensor(7L).item<long>());
        Assert.Equal(7, tensor(7L).ToInt32());
        Assert.True(tensor(true).ToBoolean());
        Assert.Equal(2.5f, tensor(2.5).ToSingle());
        Assert.Equal(2.5, (double)tensor(2.5f));
        Assert.Equal((Half)2.5f, tensor(2.5f).to(ScalarType.Float16).item<Half>());
        Assert.Throws<ArgumentException>(() => ones(2).item<float>());
    }

    [Fact]
    public void Tensor_OfArrayThatDoesNotFillItsShape_IsRefused()
    {
        var error = Assert.Throws<ArgumentException>(() => tensor([1f, 2f, 3f], [2, 2]));
        Assert.Contains("3 elements does not fill the shape [2, 2]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tensor_OfArrays_KeepsTypeAndShape()
    {
        Assert.Equal(ScalarType.Int64, tensor([1L]).dtype);
        Assert.Equal(ScalarType.Bool, tensor([true]).dtype);
        Assert.Equal(ScalarType.Float16, tensor([1f], ScalarType.Float16).dtype);
        Assert.Equal(
            [2, 2],
            tensor(
                new[,]
                {
                    { 1f, 2f },
                    { 3f, 4f },
                }
            ).shape
        );
        Assert.Equal(
            [1, 2, 3, 4],
            from_array(
                    new[,]
                    {
                        { 1, 2 },
                        { 3, 4 },
                    }
                )
                .data<int>()
                .ToArray()
        );
        Assert.True(tensor([1f], requires_grad: true).requires_grad);
        Assert.Empty(tensor(1f).shape);
    }

    [Fact]
    public void Factories_FillAsTheyAreNamed()
    {
        Assert.Equal([0, 0], zeros(2).data<float>().ToArray());
        Assert.Equal([3, 3], full([2], 3, ScalarType.Int32).data<int>().ToArray());
        Assert.Equal([1, 0, 0, 1], eye(2).data<float>().ToArray());
        Assert.Equal([2, 4], arange(2, 6, 2).data<long>().ToArray());
        Assert.Equal([0f, 0.5f, 1f], arange(0, 1.5, 0.5).data<float>().ToArray());
        Assert.Equal([0, 0.25, 0.5], linspace(0, 0.5, 3, ScalarType.Float64).data<double>().ToArray());
        Assert.Equal([0, 1, 2, 3], randperm(4).sort().Values.data<long>().ToArray());
        Assert.True(randint(3, 5, [100]).sub(3).isin(tensor([0L, 1])).all().ToBoolean());
        Assert.Equal([5, 5], ones(2).full_like(5, ScalarType.Int64).data<long>().ToArray());
    }

    [Fact]
    public void Metadata_OfView_IsItsOwn()
    {
        var view = arange(24).view(2, 3, 4)[1].t();
        Assert.Equal([4, 3], view.shape);
        Assert.Equal([1, 4], view.stride());
        Assert.Equal(3, view.size(-1));
        Assert.Equal(12, view.storage_offset());
        Assert.Equal(8, view.element_size());
        Assert.False(view.is_contiguous());
        Assert.True(view.contiguous().is_contiguous());
        Assert.Equal("cpu", view.device.ToString());
        Assert.Throws<ArgumentOutOfRangeException>(() => view.size(2));
    }

    [Fact]
    public void To_TheSameType_IsTheSameMemoryUnlessCopied()
    {
        var tensor = ones(1);
        tensor.to(ScalarType.Float32).fill_(2);
        tensor.to(ScalarType.Float32, copy: true).fill_(3);
        Assert.Equal(2, tensor.ToSingle());
        tensor.to(ScalarType.Int32, disposeAfter: true);
        Assert.True(tensor.IsInvalid);
    }
}

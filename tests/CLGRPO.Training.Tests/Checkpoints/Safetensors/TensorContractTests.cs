using CLGRPO.Training.Checkpoints.Safetensors;

namespace CLGRPO.Training.Tests.Checkpoints.Safetensors;

[Trait("Id", "A-ST-3")]
public sealed class TensorContractTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Check_ExpectedTensors_Passes() =>
        TensorContract.Check(
            Tensors(("a", SafetensorsDtype.F32, [2, 3]), ("b", SafetensorsDtype.F16, [])),
            [new ExpectedTensor("b", []), new ExpectedTensor("a", [2, 3], SafetensorsDtype.F32)]
        );

    [Fact]
    public void Check_MissingUnknownAndMisshapen_NamesEach()
    {
        var error = Assert.Throws<SafetensorsException>(() =>
            TensorContract.Check(
                Tensors(
                    ("shape", SafetensorsDtype.F32, [2, 3]),
                    ("type", SafetensorsDtype.F16, [1]),
                    ("more", SafetensorsDtype.F32, [1])
                ),
                [
                    new ExpectedTensor("shape", [3, 2]),
                    new ExpectedTensor("type", [1], SafetensorsDtype.F32),
                    new ExpectedTensor("less", [7]),
                ]
            )
        );
        Assert.Equal(SafetensorsError.UnexpectedTensors, error.Error);
        Assert.Contains("'shape' is [2, 3], not [3, 2]", error.Message, StringComparison.Ordinal);
        Assert.Contains("'type' is F16, not F32", error.Message, StringComparison.Ordinal);
        Assert.Contains("missing 'less' [7]", error.Message, StringComparison.Ordinal);
        Assert.Contains("unknown 'more'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SafetensorsDtype.F32, "0000C07F", false)]
    [InlineData(SafetensorsDtype.F32, "000080FF", false)]
    [InlineData(SafetensorsDtype.F32, "FFFF7F7F", true)]
    [InlineData(SafetensorsDtype.F16, "007C", false)]
    [InlineData(SafetensorsDtype.F16, "FF7B", true)]
    [InlineData(SafetensorsDtype.BF16, "C0FF", false)]
    [InlineData(SafetensorsDtype.BF16, "007C", true)]
    [InlineData(SafetensorsDtype.F64, "000000000000F07F", false)]
    [InlineData(SafetensorsDtype.F64, "FFFFFFFFFFFFEF7F", true)]
    [InlineData(SafetensorsDtype.I32, "0000C07F", true)]
    public void CheckFinite_OneNumber_FindsNaNAndInfinity(SafetensorsDtype dtype, string hex, bool isFinite)
    {
        var path = _folder.File("a.safetensors");
        // Beyond the first piece that is scanned.
        var bytes = new byte[1024 * 1024 + 64];
        Convert.FromHexString(hex).CopyTo(bytes, 1024 * 1024);
        SafetensorsWriter.Write(path, [TensorSource.FromBytes("a", dtype, [bytes.Length * 8L / dtype.Bits()], bytes)]);
        using var file = SafetensorsFile.Open(path);
        if (isFinite)
        {
            TensorContract.CheckFinite(file);
        }
        else
        {
            var error = Assert.Throws<SafetensorsException>(() => TensorContract.CheckFinite(file));
            Assert.Contains("'a' holds NaN or infinity", error.Message, StringComparison.Ordinal);
        }
    }

    private static Dictionary<string, TensorInfo> Tensors(
        params (string Name, SafetensorsDtype Dtype, long[] Shape)[] tensors
    ) =>
        tensors.ToDictionary(
            tensor => tensor.Name,
            tensor => new TensorInfo(tensor.Name, tensor.Dtype, tensor.Shape, 0, 0),
            StringComparer.Ordinal
        );
}

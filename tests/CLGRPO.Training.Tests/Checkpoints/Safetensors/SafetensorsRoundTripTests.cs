using CLGRPO.Training.Checkpoints.Safetensors;
using FsCheck;
using FsCheck.Fluent;

namespace CLGRPO.Training.Tests.Checkpoints.Safetensors;

public sealed class SafetensorsRoundTripTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    [Trait("Id", "A-ST-1")]
    public void WriteThenOpen_AnyTensors_GivesThemBack()
    {
        var path = _folder.File("a.safetensors");
        var property = Prop.ForAll(
            Tensors().ToArbitrary(),
            tensors =>
            {
                SafetensorsWriter.Write(path, [.. tensors.Select(tensor => tensor.Source)]);
                using var file = SafetensorsFile.Open(path);
                Assert.Equal(tensors.Select(tensor => tensor.Source.Name), file.Tensors.Keys);
                foreach (var (source, bytes) in tensors)
                {
                    Same(source, bytes, file);
                }
            }
        );
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(200), property);
    }

    /// <summary>The golden models' files, read and written anew: the same tensors of the same bytes.</summary>
    [Fact]
    public void OpenThenWrite_GoldenFiles_KeepsEveryTensor()
    {
        var golden = Directory.GetFiles(GoldenFolder(), "*.safetensors", SearchOption.AllDirectories);
        Assert.NotEmpty(golden);
        foreach (var path in golden)
        {
            using var first = SafetensorsFile.Open(path);
            var copy = _folder.File(Path.GetFileName(path));
            SafetensorsWriter.Write(
                copy,
                [.. first.Tensors.Values.Select(tensor => Copy(first, tensor))],
                first.Metadata
            );
            using var second = SafetensorsFile.Open(copy);
            Assert.Equal(first.Tensors.Keys, second.Tensors.Keys);
            Assert.Equal(first.Metadata, second.Metadata);
            foreach (var tensor in first.Tensors.Values)
            {
                Same(Copy(first, tensor), Bytes(first, tensor), second);
            }
        }
    }

    private static Gen<List<(TensorSource Source, byte[] Bytes)>> Tensors()
    {
        var tensor =
            from name in ArbMap.Default.GeneratorFor<string>()
            from dtype in Gen.Elements(Enum.GetValues<SafetensorsDtype>())
            from shape in Gen.Choose(0, 4).ListOf().Where(shape => shape.Count <= 4)
            let bits = shape.Aggregate(dtype.Bits(), (product, dimension) => product * dimension)
            where bits % 8 == 0
            from bytes in Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf(bits / 8)
            select (
                Source: TensorSource.FromBytes(name ?? "", dtype, [.. shape.Select(d => (long)d)], bytes),
                Bytes: bytes
            );
        return tensor
            .ListOf()
            .Select(list =>
                list.Where(item => IsEncodable(item.Source.Name)).DistinctBy(item => item.Source.Name).ToList()
            );
    }

    private static bool IsEncodable(string name) => name.Length < 100 && !name.Any(char.IsSurrogate);

    private static void Same(TensorSource expected, byte[] bytes, SafetensorsFile file)
    {
        var tensor = file.Tensors[expected.Name];
        Assert.Equal(expected.Dtype, tensor.Dtype);
        Assert.Equal(expected.Shape, tensor.Shape);
        Assert.Equal(bytes, Bytes(file, tensor));
    }

    private static TensorSource Copy(SafetensorsFile file, TensorInfo tensor) =>
        TensorSource.FromBytes(tensor.Name, tensor.Dtype, tensor.Shape, Bytes(file, tensor));

    private static byte[] Bytes(SafetensorsFile file, TensorInfo tensor)
    {
        var bytes = new byte[tensor.ByteLength];
        file.Read(tensor, bytes);
        return bytes;
    }

    internal static string GoldenFolder()
    {
        var above = new DirectoryInfo(AppContext.BaseDirectory);
        while (!Directory.Exists(Path.Combine(above.FullName, "tests", "golden")))
        {
            above = above.Parent ?? throw new DirectoryNotFoundException("There is no tests/golden above the tests.");
        }
        return Path.Combine(above.FullName, "tests", "golden");
    }
}

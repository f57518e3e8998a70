using System.Text;
using CLGRPO.Training.Checkpoints.Safetensors;

namespace CLGRPO.Training.Tests.Checkpoints.Safetensors;

public sealed class SafetensorsWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_TwoTensors_GivesTheFormatsBytes()
    {
        var path = _folder.File("a.safetensors");
        SafetensorsWriter.Write(
            path,
            [Bytes("b", 1, 2), TensorSource.FromBytes("a", SafetensorsDtype.I16, [], new byte[] { 3, 4 })],
            new Dictionary<string, string>(StringComparer.Ordinal) { ["z"] = "é\"<", ["format"] = "pt" }
        );
        const string Header =
            """{"__metadata__":{"format":"pt","z":"é\"<"},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"a":{"dtype":"I16","shape":[],"data_offsets":[2,4]}}""";
        var file = File.ReadAllBytes(path);
        var length = BitConverter.ToInt32(file);
        Assert.Equal(0, length % 8);
        Assert.Equal(Header, Encoding.UTF8.GetString(file, 8, length).TrimEnd(' '));
        Assert.Equal([1, 2, 3, 4], file[(8 + length)..]);
    }

    [Fact]
    public void Write_SameTensors_GivesTheSameBytes()
    {
        var tensors = new[] { Bytes("b", 1, 2), Bytes("a", 3) };
        SafetensorsWriter.Write(_folder.File("1.safetensors"), tensors, Metadata("x", "y"));
        SafetensorsWriter.Write(_folder.File("2.safetensors"), tensors, Metadata("y", "x"));
        Assert.Equal(
            File.ReadAllBytes(_folder.File("1.safetensors")),
            File.ReadAllBytes(_folder.File("2.safetensors"))
        );
    }

    [Fact] // serialize_to_same_path_with_active_mmap
    [Trait("Id", "A-ST-1")]
    public void Write_OverAnOpenFile_LeavesItsReaderTheOldBytes()
    {
        var path = _folder.File("a.safetensors");
        SafetensorsWriter.Write(path, [Bytes("a", 1, 2)]);
        using var old = SafetensorsFile.Open(path);
        SafetensorsWriter.Write(path, [Bytes("a", 9)]);
        var bytes = new byte[2];
        old.Read(old.Tensors["a"], bytes);
        Assert.Equal([1, 2], bytes);
        using var current = SafetensorsFile.Open(path);
        Assert.Equal(1, current.Tensors["a"].ByteLength);
    }

    [Theory]
    [Trait("Id", "REL-SAVE-2")]
    [InlineData(1)]
    [InlineData(3)]
    public void Write_SourceOfWrongLength_LeavesTheOldFileAndNothingElse(int written)
    {
        var path = _folder.File("a.safetensors");
        SafetensorsWriter.Write(path, [Bytes("a", 1, 2)]);
        var old = File.ReadAllBytes(path);
        var wrong = new TensorSource("a", SafetensorsDtype.U8, [2], stream => stream.Write(new byte[written]));
        Assert.Throws<InvalidDataException>(() => SafetensorsWriter.Write(path, [Bytes("b", 1), wrong]));
        Assert.Equal(old, File.ReadAllBytes(path));
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    [Trait("Id", "REL-SAVE-2")]
    public void Write_SourceThrows_LeavesNothing()
    {
        var poison = new TensorSource("a", SafetensorsDtype.U8, [1], _ => throw new TimeoutException("poison"));
        Assert.Throws<TimeoutException>(() =>
            SafetensorsWriter.Write(_folder.File("a.safetensors"), [Bytes("b", 1), poison])
        );
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    [Trait("Id", "REL-SAVE-3")]
    public void Write_LargeTensor_KeepsNoSecondCopy()
    {
        const int Pieces = 64;
        var piece = new byte[1024 * 1024];
        var source = new TensorSource(
            "a",
            SafetensorsDtype.U8,
            [Pieces, piece.Length],
            stream =>
            {
                for (var i = 0; i < Pieces; i++)
                {
                    stream.Write(piece);
                }
            }
        );
        var before = GC.GetAllocatedBytesForCurrentThread();
        SafetensorsWriter.Write(_folder.File("a.safetensors"), [source]);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 * 1024 * 1024);
    }

    [Theory]
    [InlineData("a", SafetensorsError.DuplicateKey)]
    [InlineData("__metadata__", SafetensorsError.DuplicateKey)]
    public void Write_NameThatCannotBe_IsRefused(string name, SafetensorsError expected)
    {
        var path = _folder.File("a.safetensors");
        var error = Assert.Throws<SafetensorsException>(() =>
            SafetensorsWriter.Write(path, [Bytes("a", 1), Bytes(name, 1)])
        );
        Assert.Equal(expected, error.Error);
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void Write_LoneSurrogate_IsRefused()
    {
        // Made here: in an attribute the compiler would replace it.
        var name = ((char)0xD800).ToString();
        var error = Assert.Throws<SafetensorsException>(() =>
            SafetensorsWriter.Write(_folder.File("a.safetensors"), [Bytes(name, 1)])
        );
        Assert.Equal(SafetensorsError.InvalidHeader, error.Error);
    }

    [Theory]
    [InlineData(SafetensorsDtype.F64, new[] { long.MaxValue, 2L }, SafetensorsError.ValidationOverflow)]
    [InlineData(SafetensorsDtype.F4, new[] { 3L }, SafetensorsError.MisalignedSlice)]
    [InlineData(SafetensorsDtype.U8, new[] { 1L, 1, 1, 1, 1, 1, 1, 1, 1 }, SafetensorsError.LimitExceeded)]
    public void Write_ShapeThatCannotBe_IsRefused(SafetensorsDtype dtype, long[] shape, SafetensorsError expected)
    {
        var source = new TensorSource("a", dtype, shape, _ => Assert.Fail("nothing is written"));
        var error = Assert.Throws<SafetensorsException>(() =>
            SafetensorsWriter.Write(_folder.File("a.safetensors"), [source])
        );
        Assert.Equal(expected, error.Error);
    }

    private static TensorSource Bytes(string name, params byte[] bytes) =>
        TensorSource.FromBytes(name, SafetensorsDtype.U8, [bytes.Length], bytes);

    private static Dictionary<string, string> Metadata(params string[] keys) =>
        keys.ToDictionary(key => key, key => key, StringComparer.Ordinal);
}

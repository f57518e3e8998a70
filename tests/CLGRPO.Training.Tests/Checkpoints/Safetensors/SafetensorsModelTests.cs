using System.Text;
using CLGRPO.Training.Checkpoints.Safetensors;

namespace CLGRPO.Training.Tests.Checkpoints.Safetensors;

[Trait("Id", "A-ST-2")]
public sealed class SafetensorsModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_GoldenShards_FindsTheTensorsOfAll()
    {
        var shards = Directory.GetFiles(
            SafetensorsRoundTripTests.GoldenFolder(),
            "*.safetensors.index.json",
            SearchOption.AllDirectories
        );
        Assert.NotEmpty(shards);
        foreach (var index in shards)
        {
            using var model = SafetensorsModel.Open(Path.GetDirectoryName(index)!);
            Assert.True(model.Files.Count > 1);
            Assert.Equal(SafetensorsIndex.Read(index).WeightMap.Count, model.Tensors.Count);
            var tensor = model.Tensors.Values.Last();
            model.Read(tensor, new byte[tensor.ByteLength]);
        }
    }

    [Fact]
    public void Open_TotalSizeThatLies_IsNotUsed()
    {
        Shard("model-1.safetensors", "a");
        Index("""{"metadata":{"total_size":9223372036854775807},"weight_map":{"a":"model-1.safetensors"}}""");
        using var model = SafetensorsModel.Open(_folder.Path);
        Assert.Single(model.Tensors);
    }

    [Theory]
    [InlineData("../../x.safetensors")]
    [InlineData("..\\\\x.safetensors")]
    [InlineData("/etc/x.safetensors")]
    [InlineData("C:\\\\x.safetensors")]
    [InlineData("C:x.safetensors")]
    [InlineData("sub/x.safetensors")]
    [InlineData("x.safetensors\\u0000.safetensors")]
    [InlineData(".safetensors")]
    [InlineData("..safetensors")]
    [InlineData("pytorch_model.bin")]
    [InlineData("x.safetensors.bin")]
    [InlineData("%2e%2e%2fx.safetensors")]
    [InlineData("x∕y.safetensors")]
    [InlineData("")]
    public void Open_FileNameThatIsNoLeaf_IsRefused(string name)
    {
        Index($$$"""{"weight_map":{"a":"{{{name}}}"}}""");
        Refuses(SafetensorsError.InvalidIndex);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("")]
    [InlineData("{\"weight_map\":{}}")]
    [InlineData("{\"weight_map\":[]}")]
    [InlineData("{\"weight_map\":{\"a\":1}}")]
    [InlineData("{\"weight_map\":{\"a\":\"model-1.safetensors\",\"a\":\"model-1.safetensors\"}}")]
    [InlineData("{\"weight_map\":{\"\\ud800\":\"model-1.safetensors\"}}")]
    public void Open_MalformedIndex_IsRefused(string json)
    {
        Shard("model-1.safetensors", "a");
        Index(json);
        Refuses(SafetensorsError.InvalidIndex);
    }

    [Fact]
    public void Open_MissingShard_IsRefused()
    {
        Shard("model-1.safetensors", "a");
        Index("""{"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}}""");
        Refuses(SafetensorsError.InvalidIndex);
    }

    [Fact]
    public void Open_TensorTheShardLacks_IsRefused()
    {
        Shard("model-1.safetensors", "a");
        Index("""{"weight_map":{"a":"model-1.safetensors","b":"model-1.safetensors"}}""");
        Refuses(SafetensorsError.InvalidIndex);
    }

    [Fact]
    public void Open_TensorTheIndexLacks_IsRefused()
    {
        Shard("model-1.safetensors", "a", "b");
        Index("""{"weight_map":{"a":"model-1.safetensors"}}""");
        Refuses(SafetensorsError.InvalidIndex);
    }

    [Fact]
    public void Open_TensorInTwoShards_IsRefused()
    {
        Shard("model-1.safetensors", "a", "b");
        Shard("model-2.safetensors", "b");
        Index("""{"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}}""");
        Refuses(SafetensorsError.DuplicateKey);
    }

    [Fact]
    [Trait("Id", "A-ST-4")]
    public void Open_FolderWithPickleOnly_SaysWhatIsRead()
    {
        _folder.File("pytorch_model.bin", [0x80, 2]);
        var error = Assert.Throws<FileNotFoundException>(() => SafetensorsModel.Open(_folder.Path));
        Assert.Contains("safetensors", error.Message, StringComparison.Ordinal);
    }

    private void Shard(string file, params string[] names) =>
        SafetensorsWriter.Write(
            _folder.File(file),
            [.. names.Select(name => TensorSource.FromBytes(name, SafetensorsDtype.U8, [1], new byte[1]))]
        );

    private void Index(string json) => _folder.File("model.safetensors.index.json", Encoding.UTF8.GetBytes(json));

    private void Refuses(SafetensorsError expected) =>
        Assert.Equal(expected, Assert.Throws<SafetensorsException>(() => SafetensorsModel.Open(_folder.Path)).Error);
}

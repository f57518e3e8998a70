using CLGRPO.Training.Checkpoints.Safetensors;

namespace CLGRPO.Training.Tests.Checkpoints.Safetensors;

[Trait("Id", "A-ST-1")]
public sealed class SafetensorsFuzzTests
{
    [Fact]
    public void Parse_MutatedFiles_OpensSoundlyOrIsRefused()
    {
        const string Header =
            """{"__metadata__":{"format":"pt","k":"\u00e9"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[0],"data_offsets":[8,8]},"c":{"dtype":"F4","shape":[2],"data_offsets":[8,9]}} """;
        byte[][] corpus =
        [
            RawFile.Bytes(Header, 9),
            RawFile.Bytes("{}"),
            RawFile.Bytes(" {\"a\":{\"shape\":[],\"dtype\":\"I64\",\"data_offsets\":[0,8]}}\n", 8),
        ];
        Fuzzing.Run(corpus, 20_000, Check);
    }

    private static void Check(byte[] bytes)
    {
        SafetensorsHeader header;
        try
        {
            var length = SafetensorsHeader.ReadLength(bytes, bytes.Length);
            header = SafetensorsHeader.Parse(bytes.AsSpan(8, length), bytes.Length);
        }
        catch (SafetensorsException)
        {
            return;
        }
        // What opens covers the file exactly.
        var end = header.Tensors.Count == 0 ? 8 + SafetensorsHeader.ReadLength(bytes, bytes.Length) : 0L;
        foreach (var tensor in header.Tensors.Values)
        {
            Assert.True(end == 0 || tensor.Offset == end);
            end = tensor.Offset + tensor.ByteLength;
        }
        Assert.Equal(bytes.Length, end);
    }
}

using System.Text.Json;
using System.Text.Json.Nodes;
using CLGRPO.Training.Checkpoints.Safetensors;

namespace CLGRPO.Training.Checkpoints.Layouts;

/// <summary>Writes a model's tensors into one safetensors file, or into shards with an index, as transformers does.</summary>
internal static class WeightFiles
{
    // transformers refuses files without it.
    private static readonly Dictionary<string, string> Metadata = new(StringComparer.Ordinal) { ["format"] = "pt" };

    /// <param name="folder">Where to.</param>
    /// <param name="tensors">What, in the order of the files.</param>
    /// <param name="dtype">Type in the file.</param>
    /// <param name="maxShardBytes">A shard is closed before it would grow beyond; a larger tensor has one of its own.</param>
    /// <param name="read">Gives the values, piece by piece, when a tensor's turn comes.</param>
    /// <param name="stem">The part of the file names before <c>.safetensors</c>.</param>
    public static void Write(
        string folder,
        IReadOnlyList<FileTensor> tensors,
        SafetensorsDtype dtype,
        long maxShardBytes,
        RowReader read,
        string stem = "model"
    )
    {
        var shards = Shards(tensors, dtype, maxShardBytes);
        var buffers = new Buffers();
        var map = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < shards.Count; i++)
        {
            var name =
                shards.Count == 1 ? $"{stem}.safetensors" : $"{stem}-{i + 1:D5}-of-{shards.Count:D5}.safetensors";
            SafetensorsWriter.Write(
                Path.Combine(folder, name),
                [.. shards[i].Select(tensor => Source(tensor, dtype, buffers, read))],
                Metadata
            );
            foreach (var tensor in shards[i])
                map.Add(tensor.Name, name);
        }
        if (shards.Count > 1)
            WriteIndex(
                Path.Combine(folder, $"{stem}.safetensors.index.json"),
                map,
                tensors.Sum(tensor => tensor.Count),
                tensors.Sum(tensor => Bytes(tensor, dtype))
            );
    }

    private static List<List<FileTensor>> Shards(
        IReadOnlyList<FileTensor> tensors,
        SafetensorsDtype dtype,
        long maxShardBytes
    )
    {
        var shards = new List<List<FileTensor>> { new() };
        var size = 0L;
        foreach (var tensor in tensors)
        {
            var bytes = Bytes(tensor, dtype);
            if (shards[^1].Count > 0 && size + bytes > maxShardBytes)
            {
                shards.Add([]);
                size = 0;
            }
            shards[^1].Add(tensor);
            size += bytes;
        }
        return shards;
    }

    private static TensorSource Source(FileTensor tensor, SafetensorsDtype dtype, Buffers buffers, RowReader read) =>
        new(
            tensor.Name,
            dtype,
            tensor.Shape,
            stream =>
            {
                foreach (var part in tensor.Parts)
                {
                    foreach (var piece in part.Pieces())
                    {
                        var (values, bytes) = buffers.For(piece.Elements, dtype);
                        read(part, piece, values);
                        var written = bytes.AsSpan(0, piece.Elements * dtype.Bits() / 8);
                        WeightDtype.FromFloats(dtype, values.AsSpan(0, piece.Elements), written);
                        stream.Write(written);
                    }
                }
            }
        );

    private static void WriteIndex(
        string path,
        SortedDictionary<string, string> map,
        long totalParameters,
        long totalBytes
    )
    {
        var index = new JsonObject
        {
            ["metadata"] = new JsonObject { ["total_parameters"] = totalParameters, ["total_size"] = totalBytes },
            ["weight_map"] = new JsonObject(map.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
        };
        File.WriteAllText(path, index.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
    }

    private static long Bytes(FileTensor tensor, SafetensorsDtype dtype) => tensor.Count * dtype.Bits() / 8;

    /// <summary>Room for one piece, used again for the next.</summary>
    private sealed class Buffers
    {
        private float[] _values = [];
        private byte[] _bytes = [];

        public (float[] Values, byte[] Bytes) For(int elements, SafetensorsDtype dtype)
        {
            var bytes = elements * dtype.Bits() / 8;
            if (_values.Length < elements)
                _values = new float[elements];
            if (_bytes.Length < bytes)
                _bytes = new byte[bytes];
            return (_values, _bytes);
        }
    }
}

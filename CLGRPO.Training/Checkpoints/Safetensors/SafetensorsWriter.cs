using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace CLGRPO.Training.Checkpoints.Safetensors;

/// <summary>Writes safetensors files: streamed tensor by tensor, complete or not there at all.</summary>
public static class SafetensorsWriter
{
    private static readonly UTF8Encoding StrictUtf8 = new(
        encoderShouldEmitUTF8Identifier: false,
        throwOnInvalidBytes: true
    );

    /// <summary>
    /// Writes <paramref name="tensors"/> in the given order. The bytes depend on the arguments alone. The file is
    /// written under a temporary name beside <paramref name="path"/>, flushed to the disk and renamed; whoever has the old
    /// file open keeps reading the old one. The caller flushes the folder if the new name must survive a power cut.
    /// </summary>
    /// <param name="tensors">At most one tensor's bytes are in flight; nothing is buffered whole.</param>
    /// <param name="metadata">Free text; written sorted by key.</param>
    /// <exception cref="SafetensorsException">A name is used twice, or a shape or name is out of the format's range.</exception>
    /// <exception cref="InvalidDataException">A source wrote more or fewer bytes than its shape takes.</exception>
    public static void Write(
        string path,
        IReadOnlyList<TensorSource> tensors,
        IReadOnlyDictionary<string, string>? metadata = null
    )
    {
        var lengths = tensors.Select(ByteLength).ToArray();
        var header = Header(tensors, lengths, metadata);
        var temporary = $"{path}.tmp-{Guid.NewGuid():N}";
        try
        {
            WriteFile(temporary, header, tensors, lengths);
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static void WriteFile(
        string path,
        ReadOnlyMemory<byte> header,
        IReadOnlyList<TensorSource> tensors,
        long[] lengths
    )
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.None,
            BufferSize = 1024 * 1024,
            // A full disk shows here, before the first tensor is copied.
            PreallocationSize = header.Length + lengths.Sum(),
        };
        using var file = new FileStream(path, options);
        file.Write(header.Span);
        for (var i = 0; i < tensors.Count; i++)
        {
            using var bounded = new BoundedStream(file, lengths[i], tensors[i].Name);
            tensors[i].WriteTo(bounded);
            bounded.RequireFull();
        }
        file.Flush(flushToDisk: true);
    }

    private static long ByteLength(TensorSource tensor)
    {
        SafetensorsHeader.Limit(tensor.Shape.Length, SafetensorsLimits.Rank, "dimensions of one tensor");
        if (tensor.Shape.Any(dimension => dimension < 0))
        {
            throw new ArgumentException($"Tensor '{tensor.Name}' has a negative dimension.", nameof(tensor));
        }
        var shape = Array.ConvertAll(tensor.Shape, dimension => (ulong)dimension);
        return checked((long)SafetensorsHeader.ByteLength(tensor.Name, tensor.Dtype, shape));
    }

    // The length, then the JSON, padded with spaces so that the tensors begin at a multiple of 8.
    private static byte[] Header(
        IReadOnlyList<TensorSource> tensors,
        long[] lengths,
        IReadOnlyDictionary<string, string>? metadata
    )
    {
        var buffer = new ArrayBufferWriter<byte>();
        var options = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var json = new Utf8JsonWriter(buffer, options))
        {
            json.WriteStartObject();
            WriteMetadata(json, metadata);
            WriteTensors(json, tensors, lengths);
            json.WriteEndObject();
        }
        var padded = (buffer.WrittenCount + 7) / 8 * 8;
        SafetensorsHeader.Limit(padded, SafetensorsLimits.HeaderBytes, "bytes");
        var header = new byte[8 + padded];
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)padded);
        buffer.WrittenSpan.CopyTo(header.AsSpan(8));
        header.AsSpan(8 + buffer.WrittenCount).Fill((byte)' ');
        return header;
    }

    private static void WriteMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string>? metadata)
    {
        if (metadata is not { Count: > 0 })
        {
            return;
        }
        SafetensorsHeader.Limit(metadata.Count, SafetensorsLimits.MetadataEntries, "metadata entries");
        var characters = metadata.Sum(pair => (long)pair.Key.Length + pair.Value.Length);
        SafetensorsHeader.Limit(characters, SafetensorsLimits.MetadataCharacters, "characters of metadata");
        json.WriteStartObject("__metadata__");
        foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            RequireEncodable(key);
            RequireEncodable(value);
            json.WriteString(key, value);
        }
        json.WriteEndObject();
    }

    private static void WriteTensors(Utf8JsonWriter json, IReadOnlyList<TensorSource> tensors, long[] lengths)
    {
        SafetensorsHeader.Limit(tensors.Count, SafetensorsLimits.Tensors, "tensors");
        var names = new HashSet<string>(StringComparer.Ordinal) { "__metadata__" };
        var offset = 0L;
        for (var i = 0; i < tensors.Count; i++)
        {
            var tensor = tensors[i];
            RequireEncodable(tensor.Name);
            SafetensorsHeader.CheckName(tensor.Name);
            if (!names.Add(tensor.Name))
            {
                throw new SafetensorsException(
                    SafetensorsError.DuplicateKey,
                    $"The tensor name {SafetensorsException.Show(tensor.Name)} is taken already."
                );
            }
            json.WriteStartObject(tensor.Name);
            json.WriteString("dtype", tensor.Dtype.ToString());
            WriteNumbers(json, "shape", tensor.Shape);
            WriteNumbers(json, "data_offsets", [offset, checked(offset + lengths[i])]);
            json.WriteEndObject();
            offset += lengths[i];
        }
    }

    private static void WriteNumbers(Utf8JsonWriter json, string field, ReadOnlySpan<long> numbers)
    {
        json.WriteStartArray(field);
        foreach (var number in numbers)
        {
            json.WriteNumberValue(number);
        }
        json.WriteEndArray();
    }

    // A lone surrogate has no UTF-8 form; the JSON writer would silently write another character.
    private static void RequireEncodable(string text)
    {
        try
        {
            _ = StrictUtf8.GetByteCount(text);
        }
        catch (EncoderFallbackException e)
        {
            throw new SafetensorsException(
                SafetensorsError.InvalidHeader,
                $"The text {SafetensorsException.Show(text)} cannot be written as UTF-8.",
                e
            );
        }
    }
}

using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace CLGRPO.Training.Checkpoints.Safetensors;

/// <summary>Reads and checks the header of a safetensors file. Nothing is allocated by a size that is not yet checked.</summary>
/// <remarks>Source: the rules of safetensors' <c>tensor.rs</c>, in its order, plus limits and the refusal of duplicate names.</remarks>
internal sealed class SafetensorsHeader
{
    private const string MetadataName = "__metadata__";

    private readonly List<Entry> _entries = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    private SafetensorsHeader() { }

    /// <summary>The tensors in the order of their bytes in the file.</summary>
    public OrderedDictionary<string, TensorInfo> Tensors { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    /// <summary>Rules 1 to 3: the header's length in bytes, from the first bytes of a file.</summary>
    public static int ReadLength(ReadOnlySpan<byte> start, long fileLength)
    {
        if (fileLength < 8 || start.Length < 8)
        {
            throw Error(
                SafetensorsError.HeaderTooSmall,
                $"The file has {fileLength} bytes; a safetensors file begins with an 8-byte header length."
            );
        }
        var length = BinaryPrimitives.ReadUInt64LittleEndian(start);
        if (length > SafetensorsLimits.HeaderBytes)
        {
            throw ForeignFormat.Recognize(start) is { } format
                ? ForeignFormat.Refuse($"The file is {format}, which is")
                : Error(
                    SafetensorsError.HeaderTooLarge,
                    $"The header claims {length} bytes; at most {SafetensorsLimits.HeaderBytes} are read."
                );
        }
        if ((long)length > fileLength - 8)
        {
            throw Error(
                SafetensorsError.InvalidHeaderLength,
                $"The header claims {length} bytes, but only {fileLength - 8} follow; the file is cut short or not safetensors."
            );
        }
        return (int)length;
    }

    /// <summary>Rules 4 to 10: checks the JSON and every tensor against the length of the file.</summary>
    /// <param name="json">The header, white-space padding included.</param>
    /// <param name="fileLength">Bytes of the whole file.</param>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long fileLength)
    {
        if (!Utf8.IsValid(json))
        {
            throw Error(SafetensorsError.InvalidHeader, "The header is not UTF-8.");
        }
        var header = new SafetensorsHeader();
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 8 });
            header.ReadObject(ref reader);
        }
        // The reader reports lone surrogates in an escaped string as an invalid operation.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new SafetensorsException(
                SafetensorsError.InvalidHeaderDeserialization,
                "The header is not valid JSON.",
                e
            );
        }
        header.CheckLayout(dataStart: 8 + json.Length, fileLength);
        return header;
    }

    private void ReadObject(ref Utf8JsonReader reader)
    {
        reader.Read();
        Expect(reader.TokenType == JsonTokenType.StartObject, "The header must be a JSON object.");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            Distinct(_names.Add(name), name);
            reader.Read();
            if (name == MetadataName)
            {
                ReadMetadata(ref reader);
            }
            else
            {
                CheckName(name);
                Limit(_entries.Count + 1, SafetensorsLimits.Tensors, "tensors");
                _entries.Add(ReadTensor(name, ref reader));
            }
        }
        // A second value after the object would be an error of the JSON, which only reading on reveals.
        reader.Read();
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return;
        }
        Expect(reader.TokenType == JsonTokenType.StartObject, $"{MetadataName} must be an object of strings.");
        var characters = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            Expect(reader.TokenType == JsonTokenType.String, $"{MetadataName} must be an object of strings.");
            var value = reader.GetString()!;
            characters += key.Length + value.Length;
            Limit(characters, SafetensorsLimits.MetadataCharacters, "characters of metadata");
            Limit(Metadata.Count + 1, SafetensorsLimits.MetadataEntries, "metadata entries");
            Distinct(Metadata.TryAdd(key, value), key);
        }
    }

    private static Entry ReadTensor(string name, ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, $"Tensor {Show(name)} must be an object.");
        SafetensorsDtype? dtype = null;
        List<ulong>? shape = null;
        List<ulong>? offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = reader.GetString()!;
            reader.Read();
            switch (field)
            {
                case "dtype":
                    Distinct(dtype is null, field);
                    dtype = ReadDtype(name, ref reader);
                    break;
                case "shape":
                    Distinct(shape is null, field);
                    shape = ReadNumbers(name, field, SafetensorsLimits.Rank, ref reader);
                    break;
                case "data_offsets":
                    Distinct(offsets is null, field);
                    offsets = ReadNumbers(name, field, 2, ref reader);
                    break;
                default:
                    throw Malformed($"Tensor {Show(name)} has an unknown field {Show(field)}.");
            }
        }
        Expect(dtype is not null, $"Tensor {Show(name)} has no dtype.");
        Expect(shape is not null, $"Tensor {Show(name)} has no shape.");
        Expect(offsets is { Count: 2 }, $"Tensor {Show(name)} has no two data_offsets.");
        return new Entry(name, dtype!.Value, [.. shape!], offsets![0], offsets[1]);
    }

    private static SafetensorsDtype ReadDtype(string name, ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType == JsonTokenType.String, $"The dtype of tensor {Show(name)} must be a string.");
        var text = reader.GetString()!;
        return SafetensorsDtypes.TryParse(text, out var dtype)
            ? dtype
            : throw Malformed($"Tensor {Show(name)} has the unknown dtype {Show(text)}.");
    }

    private static List<ulong> ReadNumbers(string name, string field, int most, ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType == JsonTokenType.StartArray, $"The {field} of tensor {Show(name)} must be an array.");
        var numbers = new List<ulong>(4);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Limit(numbers.Count + 1, most, $"numbers in the {field} of tensor {Show(name)}");
            // Digits only: -1, 1.0, 1e3 and "1" are not counts.
            var isCount =
                reader.TokenType == JsonTokenType.Number
                && !reader.ValueSpan.ContainsAnyExceptInRange((byte)'0', (byte)'9');
            Expect(isCount, $"The {field} of tensor {Show(name)} must hold whole numbers from 0.");
            numbers.Add(
                reader.TryGetUInt64(out var number)
                    ? number
                    : throw Error(
                        SafetensorsError.ValidationOverflow,
                        $"A number in the {field} of tensor {Show(name)} does not fit 64 bits."
                    )
            );
        }
        return numbers;
    }

    // Rules 6 to 10. The sort is stable, so empty tensors at one offset stay in the header's order.
    private void CheckLayout(long dataStart, long fileLength)
    {
        var end = 0UL;
        foreach (var entry in _entries.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End))
        {
            var bytes = entry.CheckAt(end);
            end = entry.End;
            // An end past the file is refused below; until then no offset may leave the range of a long.
            if (end > (ulong)(fileLength - dataStart))
            {
                break;
            }
            Tensors.Add(
                entry.Name,
                new TensorInfo(
                    entry.Name,
                    entry.Dtype,
                    Array.ConvertAll(entry.Shape, dimension => (long)dimension),
                    dataStart + (long)entry.Begin,
                    (long)bytes
                )
            );
        }
        if (end != (ulong)(fileLength - dataStart))
        {
            throw Error(
                SafetensorsError.MetadataIncompleteBuffer,
                $"The header describes {end} bytes of tensors, the file holds {fileLength - dataStart}; it is cut short or has bytes appended."
            );
        }
    }

    internal static void CheckName(string name)
    {
        // Three bytes per character at most: the exact count only where it can matter.
        if (name.Length * 3 > SafetensorsLimits.NameBytes)
        {
            Limit(Encoding.UTF8.GetByteCount(name), SafetensorsLimits.NameBytes, "bytes in the name of a tensor");
        }
    }

    /// <summary>Rules 7 and 8: the bytes that a shape takes.</summary>
    internal static ulong ByteLength(string name, SafetensorsDtype dtype, ReadOnlySpan<ulong> shape)
    {
        var bits = 1UL;
        try
        {
            foreach (var dimension in shape)
            {
                bits = checked(bits * dimension);
                _ = checked((long)dimension);
            }
            bits = checked(bits * (ulong)dtype.Bits());
        }
        catch (OverflowException)
        {
            throw Error(SafetensorsError.ValidationOverflow, $"The shape of tensor {Show(name)} overflows 64 bits.");
        }
        return bits % 8 == 0
            ? bits / 8
            : throw Error(
                SafetensorsError.MisalignedSlice,
                $"Tensor {Show(name)} of {dtype} takes {bits} bits, which are no whole bytes."
            );
    }

    private static void Expect(bool condition, string message)
    {
        if (!condition)
        {
            throw Malformed(message);
        }
    }

    private static void Distinct(bool condition, string name)
    {
        if (!condition)
        {
            throw Error(SafetensorsError.DuplicateKey, $"The header has the name {Show(name)} twice.");
        }
    }

    internal static void Limit(long value, long most, string what)
    {
        if (value > most)
        {
            throw Error(SafetensorsError.LimitExceeded, $"The header has {value} {what}; at most {most} are read.");
        }
    }

    private static string Show(string name) => SafetensorsException.Show(name);

    private static SafetensorsException Malformed(string message) =>
        Error(SafetensorsError.InvalidHeaderDeserialization, message);

    private static SafetensorsException Error(SafetensorsError error, string message) => new(error, message);

    private sealed record Entry(string Name, SafetensorsDtype Dtype, ulong[] Shape, ulong Begin, ulong End)
    {
        /// <summary>Rules 6 to 9, for a tensor that must begin where the one before it ended.</summary>
        public ulong CheckAt(ulong previousEnd)
        {
            if (Begin != previousEnd || End < Begin)
            {
                throw Error(
                    SafetensorsError.InvalidOffset,
                    $"Tensor {Show(Name)} lies at [{Begin}, {End}), but must begin at {previousEnd}: holes and overlaps are refused."
                );
            }
            var bytes = ByteLength(Name, Dtype, Shape);
            return bytes == End - Begin
                ? bytes
                : throw Error(
                    SafetensorsError.TensorInvalidInfo,
                    $"Tensor {Show(Name)} of {Dtype} [{string.Join(", ", Shape)}] takes {bytes} bytes, its offsets give {End - Begin}."
                );
        }
    }
}

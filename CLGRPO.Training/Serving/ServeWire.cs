using System.Buffers;
using System.IO.Pipelines;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CLGRPO.Training.Serving;

/// <summary>Both ends of the inference process's socket: lines of JSON; after a request's line the bytes of its images.</summary>
public static class ServeWire
{
    private const int LongestLine = 8 << 20;
    private const int MostImages = 64;
    private const int MostImageBytes = 256 << 20;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    /// <summary>Asks.</summary>
    /// <param name="images">Encoded pictures, in the order of the messages' image parts.</param>
    public static async Task SendAsync(
        Stream stream,
        ServeRequest request,
        IReadOnlyList<ReadOnlyMemory<byte>> images,
        CancellationToken stop
    )
    {
        await stream.WriteAsync(Line(request with { Images = [.. images.Select(image => image.Length)] }), stop);
        foreach (var image in images)
            await stream.WriteAsync(image, stop);
        await stream.FlushAsync(stop);
    }

    /// <summary>Takes a request.</summary>
    /// <returns>null: the other end hung up before it asked.</returns>
    /// <exception cref="JsonException">The line is no request of this version.</exception>
    /// <exception cref="InvalidDataException">Too long, or cut off.</exception>
    public static async Task<(ServeRequest Request, IReadOnlyList<byte[]> Images)?> ReceiveAsync(
        PipeReader reader,
        CancellationToken stop
    )
    {
        if (await ReadAsync<ServeRequest>(reader, stop) is not { } request)
            return null;
        if (request.Version != ServeRequest.CurrentVersion)
            throw new JsonException(
                $"The request has version {request.Version}; this process speaks {ServeRequest.CurrentVersion}. Run site and process from the same build."
            );
        if (
            request.Images.Count > MostImages
            || request.Images.Any(length => length < 0)
            || request.Images.Sum(length => (long)length) > MostImageBytes
        )
            throw new InvalidDataException("A request's images are too many or too large.");
        var images = new List<byte[]>();
        foreach (var length in request.Images)
        {
            var read = await reader.ReadAtLeastAsync(length, stop);
            if (read.Buffer.Length < length)
                throw new InvalidDataException("The connection ended in the middle of an image.");
            var image = read.Buffer.Slice(0, length);
            images.Add(image.ToArray());
            reader.AdvanceTo(image.End);
        }
        return (request, images);
    }

    /// <summary>An event as a line, its end included.</summary>
    public static byte[] Line(ServeEvent told) => Line<ServeEvent>(told);

    /// <summary>The next event.</summary>
    /// <returns>null: the process is gone.</returns>
    /// <exception cref="JsonException">The line is no event.</exception>
    /// <exception cref="InvalidDataException">The line is too long.</exception>
    public static ValueTask<ServeEvent?> NextAsync(PipeReader reader, CancellationToken stop) =>
        ReadAsync<ServeEvent>(reader, stop);

    private static byte[] Line<T>(T value) => [.. JsonSerializer.SerializeToUtf8Bytes(value, Json), (byte)'\n'];

    private static async ValueTask<T?> ReadAsync<T>(PipeReader reader, CancellationToken stop)
        where T : class
    {
        while (true)
        {
            var read = await reader.ReadAsync(stop);
            if (read.Buffer.PositionOf((byte)'\n') is { } end)
            {
                var value = Parse<T>(read.Buffer.Slice(0, end));
                reader.AdvanceTo(read.Buffer.GetPosition(1, end));
                return value;
            }
            if (read.IsCompleted)
                return null; // a cut-off line is of one who went
            if (read.Buffer.Length > LongestLine)
                throw new InvalidDataException($"A line is longer than {LongestLine >> 20} MiB.");
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static T Parse<T>(ReadOnlySequence<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        return JsonSerializer.Deserialize<T>(ref reader, Json) ?? throw new JsonException("The line is null.");
    }
}

using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using CLGRPO.Data.Files;

namespace CLGRPO.Data.Importing.Formats;

/// <summary>Reads JSON of a source with limits, and lists of rows element by element.</summary>
internal static class JsonFile
{
    private const int MaxDepth = 32;
    private const int MaxLineLength = 1 << 20; // characters

    private static readonly JsonDocumentOptions Options = new()
    {
        MaxDepth = MaxDepth,
        AllowDuplicateProperties = false,
    };
    private static readonly JsonSerializerOptions Streaming = new() { MaxDepth = MaxDepth };

    /// <exception cref="ImportException">The file is missing, too large, or no JSON.</exception>
    public static JsonDocument Read(ISourceFiles files, string path, long limit)
    {
        var bytes = files.Read(path, limit);
        try
        {
            return JsonDocument.Parse(bytes, Options);
        }
        catch (JsonException e)
        {
            throw new ImportException($"'{path}' is not valid JSON (line {e.LineNumber + 1}).", e);
        }
    }

    /// <summary>The elements of a file that is one JSON list, read as a stream. What is broken ends the file with a problem.</summary>
    public static async IAsyncEnumerable<(long Line, JsonElement Element, string? Problem)> List(
        ISourceFiles files,
        string path,
        [EnumeratorCancellation] CancellationToken stop
    )
    {
        await using var stream = files.Open(path);
        await using var elements = JsonSerializer
            .DeserializeAsyncEnumerable<JsonElement>(stream, Streaming, stop)
            .GetAsyncEnumerator(stop);
        for (long line = 1; ; line++)
        {
            string? problem = null;
            try
            {
                if (!await elements.MoveNextAsync())
                    yield break;
            }
            catch (JsonException e)
            {
                problem = $"not valid JSON at line {e.LineNumber + 1}; nothing after it was read";
            }
            yield return (line, problem is null ? elements.Current : default, problem);
            if (problem is not null)
                yield break;
        }
    }

    /// <summary>The objects of a JSONL file, each of which stands or falls alone. Empty lines are no rows.</summary>
    public static async IAsyncEnumerable<(long Line, JsonElement Element, string? Problem)> Lines(
        ISourceFiles files,
        string path,
        [EnumeratorCancellation] CancellationToken stop
    )
    {
        using var reader = new StreamReader(
            files.Open(path),
            new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: false)
        );
        var lines = new BoundedLines(reader, MaxLineLength);
        for (long line = 1; ; line++)
        {
            if (await lines.Read(stop) is not (var text, var isWhole))
                yield break;
            if (string.IsNullOrWhiteSpace(text))
                continue;
            var (element, problem) = isWhole
                ? Parse(text)
                : (default, $"the line has more than {MaxLineLength} characters");
            yield return (line, element, problem);
        }
    }

    private static (JsonElement, string?) Parse(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, Options);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? (document.RootElement.Clone(), null)
                : (default, "a JSON object is expected");
        }
        catch (JsonException e)
        {
            return (default, $"not valid JSON: {e.Message}");
        }
    }

    /// <summary>A text property; null where it is absent or null.</summary>
    /// <exception cref="ImportException">It is there and no text.</exception>
    public static string? Text(JsonElement owner, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (!owner.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
                continue;
            return value.ValueKind == JsonValueKind.String
                ? value.GetString()
                : throw new ImportException($"'{name}' must be text");
        }
        return null;
    }

    /// <summary>A row's id, which many write as a number; null where there is none.</summary>
    public static string? Id(JsonElement owner) =>
        owner.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.Number
            ? id.GetRawText()
            : Text(owner, "id");
}

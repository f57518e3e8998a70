using System.Text.Json;
using CLGRPO.Data.Datasets;

namespace CLGRPO.Data.Tests.Teachers;

/// <summary>A request as a fake teacher received it.</summary>
/// <param name="Authorization">The header; null for none.</param>
/// <param name="ImageHash">SHA-256 of the image's bytes; empty where there is no image.</param>
/// <param name="Try">How often the very same question came before, from 0.</param>
internal sealed record FakeRequest(
    string? Authorization,
    string? Model,
    string System,
    string Text,
    string MediaType,
    byte[] Image,
    string ImageHash,
    bool Stream,
    bool IncludeUsage,
    bool Logprobs,
    long Seed,
    int Try
)
{
    /// <summary>What makes two requests the same question.</summary>
    public string Question => $"{ImageHash} {Seed} {System} {Text}";

    /// <summary>Reads a body as strictly as a server does that is sure of its format.</summary>
    /// <exception cref="FormatException">It is no chat request.</exception>
    public static FakeRequest Read(string json, string? authorization)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        var (system, text, mediaType, image) = ("", "", "", Array.Empty<byte>());
        foreach (var message in root.GetProperty("messages").EnumerateArray())
        {
            var role = message.GetProperty("role").GetString();
            var content = message.GetProperty("content");
            if (content.ValueKind == JsonValueKind.String)
            {
                (system, text) = role is "system" or "developer"
                    ? (content.GetString()!, text)
                    : (system, content.GetString()!);
                continue;
            }
            foreach (var part in content.EnumerateArray())
            {
                switch (part.GetProperty("type").GetString())
                {
                    case "text" when role is "system" or "developer":
                        system += part.GetProperty("text").GetString();
                        break;
                    case "text":
                        text += part.GetProperty("text").GetString();
                        break;
                    case "image_url":
                        (mediaType, image) = ReadDataUrl(part.GetProperty("image_url").GetProperty("url").GetString()!);
                        break;
                    case var other:
                        throw new FormatException($"A part of type '{other}'.");
                }
            }
        }
        return new FakeRequest(
            authorization,
            root.TryGetProperty("model", out var model) ? model.GetString() : null,
            system,
            text,
            mediaType,
            image,
            image.Length > 0 ? DatasetHash.Of(image) : "",
            root.TryGetProperty("stream", out var stream) && stream.GetBoolean(),
            root.TryGetProperty("stream_options", out var options)
                && options.TryGetProperty("include_usage", out var usage)
                && usage.GetBoolean(),
            root.TryGetProperty("logprobs", out var logprobs) && logprobs.GetBoolean(),
            root.TryGetProperty("seed", out var seed) ? seed.GetInt64() : 0,
            Try: 0
        );
    }

    private static (string MediaType, byte[] Image) ReadDataUrl(string url)
    {
        var comma = url.IndexOf(";base64,", StringComparison.Ordinal);
        return url.StartsWith("data:image/", StringComparison.Ordinal) && comma > 0
            ? (url[5..comma], Convert.FromBase64String(url[(comma + 8)..]))
            : throw new FormatException("An image that is no data URL.");
    }
}

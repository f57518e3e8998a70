using System.Text.Json;
using CLGRPO.Data.Images;

namespace CLGRPO.Web.Inference.OpenAI;

/// <summary>Reads the messages of a chat; pictures come in them as data URLs, and are looked at before they are decoded.</summary>
internal static class ChatMessages
{
    private const int MostMessages = 128;
    private const int MostImages = 8;
    private const int MostCharacters = 400_000;
    private const string Base64 = ";base64,";

    // A developer's message is what newer models of OpenAI call a system message.
    private static readonly Dictionary<string, string> Roles = new(StringComparer.Ordinal)
    {
        ["system"] = "system",
        ["developer"] = "system",
        ["user"] = "user",
        ["assistant"] = "assistant",
    };

    /// <exception cref="ChatRequestException">They are none, or beyond a limit.</exception>
    public static IReadOnlyList<InferenceMessage> Read(JsonElement body)
    {
        if (!body.TryGetProperty("messages", out var list) || list.ValueKind != JsonValueKind.Array)
            throw Wrong("messages must be a list of messages.");
        var count = list.GetArrayLength();
        if (count is 0 or > MostMessages)
            throw Wrong($"messages has {count} messages; 1 to {MostMessages} are taken.");
        List<InferenceMessage> messages = [.. list.EnumerateArray().Select(Message)];
        if (messages[^1].Role != "user")
            throw Wrong("The last message must be the user's.");
        var parts = messages.SelectMany(message => message.Parts).ToList();
        if (parts.OfType<InferenceImage>().Count() > MostImages)
            throw Wrong($"At most {MostImages} images are taken.");
        if (parts.OfType<InferenceText>().Sum(part => (long)part.Text.Length) > MostCharacters)
            throw Wrong($"The messages are longer than {MostCharacters} characters.");
        return messages;
    }

    private static InferenceMessage Message(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
            throw Wrong("Each message must be an object with role and content.");
        var role =
            json.TryGetProperty("role", out var given) && given.ValueKind == JsonValueKind.String
                ? given.GetString()
                : null;
        if (role is null || !Roles.TryGetValue(role, out var known))
            throw Wrong($"Each message's role must be one of {string.Join(", ", Roles.Keys)}.");
        var parts = Content(json);
        if (known == "assistant")
            parts.InsertRange(0, Reasoning(json));
        return parts.Exists(part => part is InferenceImage) && known != "user"
            ? throw Wrong("Only the user's messages may hold images.")
            : new InferenceMessage(known, parts);
    }

    private static List<InferencePart> Content(JsonElement message)
    {
        if (!message.TryGetProperty("content", out var content) || content.ValueKind == JsonValueKind.Null)
            return [];
        return content.ValueKind switch
        {
            JsonValueKind.String => [new InferenceText(content.GetString()!)],
            JsonValueKind.Array => [.. content.EnumerateArray().Select(Part)],
            _ => throw Wrong("A message's content must be a text or a list of parts."),
        };
    }

    /// <summary>What the assistant thought before, under either name, written as the model writes it.</summary>
    private static IEnumerable<InferencePart> Reasoning(JsonElement message)
    {
        foreach (var name in (string[])["reasoning", "reasoning_content"])
        {
            if (message.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String)
                return [new InferenceText($"<think>{text.GetString()}</think>")];
        }
        return [];
    }

    private static InferencePart Part(JsonElement json)
    {
        var type = json.ValueKind == JsonValueKind.Object ? new Fields(json).Text("type") : null;
        return type switch
        {
            "text" when json.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String =>
                new InferenceText(text.GetString()!),
            "image_url" => Image(json),
            _ => throw Wrong(
                "Each part of a content must be {\"type\":\"text\",\"text\":…} or {\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,…\"}}."
            ),
        };
    }

    private static InferenceImage Image(JsonElement part)
    {
        var url =
            part.TryGetProperty("image_url", out var image)
            && image.ValueKind == JsonValueKind.Object
            && image.TryGetProperty("url", out var text)
            && text.ValueKind == JsonValueKind.String
                ? text.GetString()!
                : throw Wrong("An image part must hold image_url.url.");
        if (!url.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
            throw Wrong(
                "Images are taken as data URLs alone (data:image/png;base64,…); nothing is fetched from other addresses."
            );
        var begin = url.AsSpan(0, Math.Min(url.Length, 200)).IndexOf(Base64, StringComparison.OrdinalIgnoreCase);
        if (begin < 0)
            throw Wrong("An image's data URL must be in base64: data:image/png;base64,….");
        return new InferenceImage(Decoded(url.AsSpan(begin + Base64.Length)));
    }

    private static byte[] Decoded(ReadOnlySpan<char> base64)
    {
        if (base64.Length / 4 * 3L > ImageLimits.Default.MaxBytes + 3L)
            throw new ChatRequestException(
                $"An image is larger than {ImageLimits.Default.MaxBytes >> 20} MiB.",
                "messages",
                StatusCodes.Status413PayloadTooLarge
            );
        var bytes = new byte[(base64.Length + 3) / 4 * 3];
        if (!Convert.TryFromBase64Chars(base64, bytes, out var length))
            throw Wrong("An image's base64 cannot be read.");
        Array.Resize(ref bytes, length);
        try
        {
            _ = ImageDecoder.Size(bytes);
        }
        catch (ImageException e)
        {
            throw Wrong(e.Message);
        }
        return bytes;
    }

    private static ChatRequestException Wrong(string message) => new(message, "messages");
}

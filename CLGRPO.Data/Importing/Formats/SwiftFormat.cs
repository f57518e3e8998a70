using System.Text.Json;

namespace CLGRPO.Data.Importing.Formats;

/// <summary>ms-swift's rows: <c>{"messages": [{"role", "content"}], "images": ["path"], "solution"}</c>.</summary>
public sealed class SwiftFormat : JsonRowsFormat
{
    public override string Name => "ms-swift";

    protected override bool Fits(JsonElement row) => row.TryGetProperty("messages", out _);

    protected override SourceRow Row(JsonElement row)
    {
        if (!row.TryGetProperty("messages", out var messages) || messages.ValueKind != JsonValueKind.Array)
            throw new ImportException("'messages' must be a list");
        if (!row.TryGetProperty("images", out var images))
            throw new ImportException("'images' is missing");
        var replies = messages
            .EnumerateArray()
            .Where(turn => turn.ValueKind == JsonValueKind.Object && JsonFile.Text(turn, "role") == "assistant")
            .Select(turn => JsonFile.Text(turn, "content"))
            .ToList();
        var label = JsonFile.Text(row, "label", "solution");
        var image = JsonRows.OnlyImage(images, "images");
        return replies switch
        {
            [{ } reply] => ConversationRow.Of(image, reply, label, JsonFile.Id(row)),
            [] when label is not null => new SourceRow
            {
                Key = JsonFile.Id(row),
                Image = image,
                Label = label,
            },
            _ => throw new ImportException(
                $"the messages hold {replies.Count} replies of the assistant; one is expected, or none with a 'solution'"
            ),
        };
    }
}

/// <summary>What rows of several forms have alike.</summary>
internal static class JsonRows
{
    /// <exception cref="ImportException">There is not exactly one picture.</exception>
    public static string OnlyImage(JsonElement images, string key)
    {
        string?[] paths = images.ValueKind switch
        {
            JsonValueKind.String => [images.GetString()],
            JsonValueKind.Array =>
            [
                .. images
                    .EnumerateArray()
                    .Select(image =>
                        image.ValueKind == JsonValueKind.Object ? JsonFile.Text(image, "path") : TextOf(image)
                    ),
            ],
            _ => [],
        };
        return paths is [{ } path]
            ? path
            : throw new ImportException($"'{key}' names {paths.Length} pictures; a sample has exactly one");
    }

    private static string? TextOf(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

using System.Text.Json;

namespace CLGRPO.Data.Importing.Formats;

/// <summary>LLaVA's and ShareGPT's rows: <c>{"id", "image", "conversations": [{"from": "human", "value"}, {"from": "gpt", "value"}]}</c>.</summary>
public sealed class LlavaFormat : JsonRowsFormat
{
    public override string Name => "llava";

    protected override bool Fits(JsonElement row) => row.TryGetProperty("conversations", out _);

    protected override SourceRow Row(JsonElement row)
    {
        if (!row.TryGetProperty("conversations", out var turns) || turns.ValueKind != JsonValueKind.Array)
            throw new ImportException("'conversations' must be a list");
        var replies = turns
            .EnumerateArray()
            .Where(turn =>
                turn.ValueKind == JsonValueKind.Object && JsonFile.Text(turn, "from") is "gpt" or "assistant"
            )
            .Select(turn => JsonFile.Text(turn, "value"))
            .ToList();
        return replies is [{ } reply]
            ? ConversationRow.Of(Image(row), reply, JsonFile.Text(row, "label"), JsonFile.Id(row))
            : throw new ImportException($"the conversation has {replies.Count} replies of 'gpt'; one is expected");
    }

    private static string Image(JsonElement row) =>
        row.TryGetProperty("image", out var image) && image.ValueKind == JsonValueKind.Array
            ? JsonRows.OnlyImage(image, "image")
            : JsonFile.Text(row, "image") ?? throw new ImportException("'image' is missing");
}

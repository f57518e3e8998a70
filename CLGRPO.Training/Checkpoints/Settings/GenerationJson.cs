using System.Text.Json.Nodes;
using CLGRPO.Training.Models;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Checkpoints.Settings;

/// <summary>generation_config.json: which tokens end a completion.</summary>
internal static class GenerationJson
{
    /// <summary>
    /// The tokens that end a completion: those of the file and always <c>&lt;|im_end|&gt;</c>. A file that names
    /// <c>&lt;|endoftext|&gt;</c> alone is the published mistake and says nothing. Source: reference/internvl.md §6.
    /// </summary>
    /// <exception cref="ModelException">eos_token_id is neither an id nor a list of ids.</exception>
    public static IReadOnlyList<int> StopTokens(JsonObject? generation, SpecialTokens special)
    {
        var given = Given(generation?["eos_token_id"]);
        return given is [] || (given is [var only] && only == special.EndOfText)
            ? [special.ImEnd]
            : [.. given.Append(special.ImEnd).Distinct()];
    }

    /// <summary>The source's file, with an end token that ends; or a new one.</summary>
    public static JsonObject Write(JsonObject? source, SpecialTokens special)
    {
        if (source is null)
            return new JsonObject { ["eos_token_id"] = special.ImEnd, ["pad_token_id"] = special.EndOfText };
        var generation = source.DeepClone().AsObject();
        var stops = StopTokens(source, special);
        if (!Given(source["eos_token_id"]).Contains(special.ImEnd))
            generation["eos_token_id"] = stops is [var one]
                ? one
                : new JsonArray([.. stops.Select(id => (JsonNode)id)]);
        return generation;
    }

    private static List<int> Given(JsonNode? ids)
    {
        var list =
            ids is JsonArray array ? [.. array]
            : ids is null ? new List<JsonNode?>()
            : [ids];
        return
        [
            .. list.Select(id =>
                id is JsonValue value && value.TryGetValue(out int number)
                    ? number
                    : throw new ModelException(
                        $"generation_config.json: 'eos_token_id' is {ids!.ToJsonString()}; it must be an id or a list of ids."
                    )
            ),
        ];
    }
}

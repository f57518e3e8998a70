using System.Text.Json;
using static TorchSharp.torch;

namespace CLGRPO.Golden;

/// <summary>Prompts with their completions, in the order in which a batch of groups lays them out.</summary>
internal sealed class InternVlGroups
{
    /// <param name="grpo">Has <c>prompts</c>, and <c>completions</c> that name theirs by number.</param>
    public InternVlGroups(JsonElement grpo)
    {
        var completions = grpo.GetProperty("completions")
            .EnumerateArray()
            .Select((item, row) => (Prompt: item.GetProperty("prompt").GetInt32(), Ids: Json.Ints(item, "ids"), row))
            .ToLookup(completion => completion.Prompt);
        Rows =
        [
            .. grpo.GetProperty("prompts")
                .EnumerateArray()
                .Select(
                    (prompt, i) =>
                        (
                            Json.Ints(prompt, "input_ids"),
                            (IReadOnlyList<int[]>)[.. completions[i].Select(completion => completion.Ids)]
                        )
                ),
        ];
        Order = tensor(Rows.SelectMany((_, i) => completions[i]).Select(completion => (long)completion.row).ToArray());
    }

    public IReadOnlyList<(int[] Prompt, IReadOnlyList<int[]> Completions)> Rows { get; }

    /// <summary>[completions], int64: the row of the stored tensors that belongs to each.</summary>
    public Tensor Order { get; }
}

using System.Text.Json;
using CLGRPO.Training.Rollouts;
using TorchSharp;

namespace CLGRPO.Golden;

/// <summary>training/sampling.json: the probabilities that transformers' logits processors leave.</summary>
internal sealed class SamplingGolden : IGoldenWalker
{
    private const double Tolerance = 1e-6;

    private static readonly string[] OurOrder = ["repetition_penalty", "temperature", "top_k", "top_p", "min_p"];

    public string Folder => "training";

    public GoldenResult Walk(string folder)
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "sampling.json")));
        using var tensors = new GoldenTensors(Path.Combine(folder, "sampling.safetensors"));
        var tally = new CaseTally();
        foreach (var item in file.RootElement.EnumerateArray())
        {
            var number = item.GetProperty("case").GetInt32();
            tally.Case($"sampling.json[{number}]", () => Check(item, tensors, number));
        }
        return tally.Result;
    }

    private static void Check(JsonElement item, GoldenTensors tensors, int number)
    {
        var order = item.GetProperty("order").EnumerateArray().Select(step => step.GetString()!);
        Expect.SameItems("order", [.. order], OurOrder);
        using var scope = torch.NewDisposeScope();
        var logits = tensors[$"{number}.logits"];
        var seen = torch
            .zeros_like(logits)
            .scatter(1, tensors[$"{number}.seen_ids"], torch.ones_like(logits))
            .to(torch.@bool);
        using var sampler = new TokenSampler(Config(item), (int)logits.shape[1]);

        var probabilities = sampler.Probabilities(logits, seen);

        Expect.Close(
            "probabilities",
            [.. tensors.Floats($"{number}.probabilities").Select(value => (double)value)],
            [.. probabilities.data<float>().ToArray().Select(value => (double)value)],
            Tolerance
        );
    }

    private static SamplingConfig Config(JsonElement item) =>
        new()
        {
            Temperature = item.GetProperty("temperature").GetDouble(),
            TopK = (int)(Json.Optional(item, "top_k") ?? 0),
            TopP = Json.Optional(item, "top_p") ?? 1,
            MinP = Json.Optional(item, "min_p") ?? 0,
            RepetitionPenalty = Json.Optional(item, "repetition_penalty") ?? 1,
        };
}

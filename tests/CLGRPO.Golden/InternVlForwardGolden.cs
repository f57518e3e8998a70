using System.Text.Json;
using CLGRPO.Data.Images;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Models;
using CLGRPO.Training.Rollouts;
using TorchSharp;
using static TorchSharp.torch;

namespace CLGRPO.Golden;

/// <summary>internvl/model.json, cases: transformers' prompts, tiles, image features, logits and greedy tokens.</summary>
internal sealed class InternVlForwardGolden : InternVlWalker
{
    private const double Tolerance = 1e-4;

    protected override void Walk(InternVlModel model, CaseTally tally)
    {
        tally.Case($"{model.Name} shape", () => Shape(model));
        foreach (var item in Json.Cases(model.Description, "cases"))
        {
            var number = item.GetProperty("case").GetInt32();
            var name = $"{model.Name}.json cases[{number}]";
            tally.Case($"{name} prompt", () => Prompt(model, item));
            if (item.GetProperty("images").GetArrayLength() > 0)
                tally.Case($"{name} tiles", () => InternVlTiles.Check(model, item, $"{number}"));
            tally.Case($"{name} forward", () => Forward(model, item, number));
            tally.Case($"{name} greedy", () => Greedy(model, item, number));
        }
    }

    private static void Shape(InternVlModel model)
    {
        var (config, images) = (model.Model.Config, model.Pretrained.Images);
        int Number(string name) => model.Description.GetProperty(name).GetInt32();
        Expect.Same("tile", Number("tile"), images.TileSize);
        Expect.Same("max_tiles", Number("max_tiles"), images.MaxTiles);
        Expect.Same("tokens_per_tile", Number("tokens_per_tile"), config.TokensPerTile);
        Expect.Same("image_token_id", Number("image_token_id"), config.ImageTokenId);
        Expect.Same("parameters", Number("parameters"), model.Model.Parameters.Count);
    }

    private static void Prompt(InternVlModel model, JsonElement item)
    {
        var prompt = model.Prompt(item);
        Expect.Same("prompt", item.GetProperty("prompt").GetString(), prompt.Text);
        Expect.SameItems("input_ids", Json.Ints(item, "input_ids"), prompt.Ids);
    }

    private static void Forward(InternVlModel model, JsonElement item, int number)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var features = model.Features($"{number}");
        if (features is not null)
            Within("image_features", model.Model.Projector.Forward(features));
        var ids = Json.Ints(item, "input_ids");
        // One more target, so that the last position predicts too.
        var batch = TokenBatch.OfSequences([(ids[..1], [.. ids[1..], 0])], model.Model.Config, CPU);
        var hidden = model.Model.Forward(batch, features);
        var result = new TokenLogprobs(model.Model.Decoder.Head).Forward(hidden, batch.Targets);
        var last = model.Tensors[$"{number}.last_logits"].shape[0];
        Within(
            "last_logits",
            nn.functional.linear(hidden.narrow(0, ids.Length - last, last), model.Model.Decoder.Head)
        );
        Within("logps", result.Logprobs.narrow(0, 0, ids.Length - 1));
        Within("entropies", result.Entropies.narrow(0, 0, ids.Length - 1));

        void Within(string what, Tensor actual) =>
            Expect.Within(what, model.Tensors[$"{number}.{what}"], actual, Tolerance);
    }

    private static void Greedy(InternVlModel model, JsonElement item, int number)
    {
        using var scope = NewDisposeScope();
        using var sampler = new RolloutSampler(
            model.Model,
            SamplingConfig.Greedy,
            Json.Ints(item, "stop_token_ids").ToHashSet(),
            [.. Json.Ints(item, "suppress_token_ids"), .. model.IdsBeyondTheTokenizer()]
        );
        var written = sampler
            .Sample(
                [new Prompt(Json.Ints(item, "input_ids"), Sample: 0, Stream: 0)],
                groupSize: 1,
                item.GetProperty("max_new_tokens").GetInt32(),
                _ => model.Features($"{number}")
            )[0]
            .Completions[0];
        Expect.SameItems("greedy", Json.Ints(item, "greedy"), written.Ids);
        Expect.Same(
            "greedy_text",
            item.GetProperty("greedy_text").GetString(),
            model.Pretrained.Tokenizer.Decode([.. written.Ids])
        );
    }
}

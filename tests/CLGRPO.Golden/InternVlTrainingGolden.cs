using System.Text.Json;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Grpo;
using CLGRPO.Training.Models;
using CLGRPO.Training.Tokenization;
using static TorchSharp.torch;

namespace CLGRPO.Golden;

/// <summary>internvl/model.json, sft and grpo: transformers' and TRL's losses, log-probabilities, metrics and gradients.</summary>
internal sealed class InternVlTrainingGolden : InternVlWalker
{
    private const int Masked = -100;
    private const double LossTolerance = 1e-5;
    private const double LogprobTolerance = 1e-4;

    protected override void Walk(InternVlModel model, CaseTally tally)
    {
        model.Model.Parameters.EnableGradients(
            new HashSet<ModelPart> { ModelPart.Vision, ModelPart.Projector, ModelPart.Language }
        );
        WalkSft(model, tally);
        WalkGrpo(model, tally);
    }

    private static void WalkSft(InternVlModel model, CaseTally tally)
    {
        var sft = model.Description.GetProperty("sft");
        foreach (var (i, sample) in Json.Cases(sft, "samples").Index())
        {
            tally.Case($"{model.Name}.json sft.samples[{i}] tokens", () => Tokens(model, sample));
            tally.Case(
                $"{model.Name}.json sft.samples[{i}] tiles",
                () => InternVlTiles.Check(model, sample, $"sft.{i}")
            );
        }
        tally.Case($"{model.Name}.json sft loss and gradients", () => Sft(model, sft));
    }

    private static void Tokens(InternVlModel model, JsonElement sample)
    {
        var prompt = model.Prompt(sample).Ids;
        var completion = new ChatTemplate(model.Pretrained.Tokenizer).Completion(
            sample.GetProperty("completion").GetString()!
        );
        Expect.SameItems("input_ids", Json.Ints(sample, "input_ids"), [.. prompt, .. completion]);
        Expect.SameItems(
            "labels",
            Json.Ints(sample, "labels"),
            [.. Enumerable.Repeat(Masked, prompt.Length), .. completion]
        );
    }

    private static void Sft(InternVlModel model, JsonElement sft)
    {
        using var scope = NewDisposeScope();
        model.Model.Parameters.Gradients!.zero_();
        var samples = sft.GetProperty("samples").EnumerateArray().Select(Sequence).ToList();
        var batch = TokenBatch.OfSequences(samples, model.Model.Config, CPU);
        var head = new TokenLogprobs(model.Model.Decoder.Head);
        var features = model.Features(samples.Select((_, i) => $"sft.{i}"));

        var result = head.Forward(model.Model.Forward(batch, features), batch.Targets);
        var loss = result.Logprobs.mean().neg();
        loss.backward();
        head.Backward(result);

        Json.Close(sft, "loss", loss.item<float>(), LossTolerance);
        var sums = batch.Padded(result.Logprobs).sum(1).data<float>().ToArray();
        Expect.Close(
            "sample_losses",
            Json.Doubles(sft, "sample_losses"),
            [.. sums.Select((sum, i) => -(double)sum / samples[i].Target.Length)],
            LossTolerance
        );
        using var gradients = new GoldenTensors(model.Beside("-sft-gradients.safetensors"));
        new InternVlGradients(model.Model).Check(gradients);
    }

    private static (int[] Prompt, int[] Target) Sequence(JsonElement sample)
    {
        var (ids, labels) = (Json.Ints(sample, "input_ids"), Json.Ints(sample, "labels"));
        var start = Array.FindIndex(labels, label => label != Masked);
        Expect.SameItems("labels after the first", ids[start..], labels[start..]);
        return (ids[..start], ids[start..]);
    }

    private static void WalkGrpo(InternVlModel model, CaseTally tally)
    {
        var grpo = model.Description.GetProperty("grpo");
        foreach (var (i, prompt) in Json.Cases(grpo, "prompts").Index())
        {
            tally.Case(
                $"{model.Name}.json grpo.prompts[{i}] tiles",
                () =>
                {
                    InternVlTiles.Check(model, prompt, $"grpo.{i}");
                    var placeholders = Json.Ints(prompt, "input_ids")
                        .Count(id => id == model.Model.Config.ImageTokenId);
                    var tiles = Json.Ints(prompt, "num_tiles").Sum();
                    Expect.Same("image tokens", tiles * model.Model.Config.TokensPerTile, placeholders);
                }
            );
        }
        foreach (var item in Json.Cases(grpo, "cases"))
        {
            var number = item.GetProperty("case").GetInt32();
            tally.Case($"{model.Name}.json grpo.cases[{number}]", () => Grpo(model, grpo, item, number));
        }
    }

    private static void Grpo(InternVlModel model, JsonElement grpo, JsonElement item, int number)
    {
        using var scope = NewDisposeScope();
        model.Model.Parameters.Gradients!.zero_();
        var groups = new InternVlGroups(grpo);
        var batch = TokenBatch.OfGroups(groups.Rows, model.Model.Config, CPU);
        var head = new TokenLogprobs(model.Model.Decoder.Head, item.GetProperty("temperature").GetDouble());
        var features = model.Features(groups.Rows.Select((_, i) => $"grpo.{i}"));

        var result = head.Forward(model.Model.Forward(batch, features), batch.Targets);
        Tensor Stored(string what) => model.Tensors[$"grpo.{number}.{what}"].index_select(0, groups.Order);
        var micro = new GrpoBatch(
            batch.Padded(result.Logprobs),
            Stored("old_logps"),
            Stored("ref_logps"),
            Stored("advantages"),
            batch.Padded(ones_like(result.Entropies)),
            batch.Padded(result.Entropies)
        );
        var padding = micro.Mask.eq(0);
        void Within(string what, Tensor actual) =>
            Expect.Within(what, Stored(what).masked_fill(padding, 0), actual.masked_fill(padding, 0), LogprobTolerance);
        Within("logps", micro.Logprobs);
        Within("entropies", micro.Entropies!);
        var share = GrpoCase
            .Loss(item)
            .Share(micro, new StepTotals((int)groups.Order.shape[0], batch.Targets.shape[0]));
        share.Loss.backward();
        head.Backward(result);

        Json.Close(item, "loss", share.Loss.item<float>(), LossTolerance);
        GrpoCase.CheckMetrics(item, micro, share, LossTolerance);
        var found = new InternVlGradients(model.Model);
        found.CheckNorms(item.GetProperty("gradient_norms"));
        if (number == 0) // the others' gradients are too much to keep
        {
            using var gradients = new GoldenTensors(model.Beside("-grpo-gradients.safetensors"));
            found.Check(gradients);
        }
    }
}

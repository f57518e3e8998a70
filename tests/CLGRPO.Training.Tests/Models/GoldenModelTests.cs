using System.Text.Json.Nodes;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Grpo;
using CLGRPO.Training.Models;
using CLGRPO.Training.Rollouts;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Models;

// Golden values: golden/README.md, folder internvl: transformers and TRL in float32 on the CPU.
public sealed class GoldenModelTests
{
    private const double Tolerance = 1e-4;
    private static readonly HashSet<ModelPart> AllParts = [ModelPart.Vision, ModelPart.Projector, ModelPart.Language];

    public static TheoryData<string> Names => [.. GoldenModel.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Forward_OfEveryCase_IsTransformers(string name)
    {
        using var golden = new GoldenModel(name);
        var walked = 0;
        foreach (var item in golden.Description["cases"]!.AsArray())
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            AssertForward(golden, $"{item!["case"]}", Ints(item["input_ids"]!));
            walked++;
        }
        Assert.True(walked > 0, "The file holds no case.");
    }

    private static void AssertForward(GoldenModel golden, string number, int[] ids)
    {
        var model = golden.Model;
        var features = golden.Features(number);
        if (features is not null)
            Tiny.Close(
                golden.Tensors[number + ".image_features"],
                model.Projector.Forward(features),
                Tolerance,
                $"case {number}, image_features"
            );
        // One more target, so that the last position predicts too.
        var batch = TokenBatch.OfSequences([(ids[..1], [.. ids[1..], 0])], model.Config, CPU);
        var hidden = model.Forward(batch, features);
        var result = new TokenLogprobs(model.Decoder.Head).Forward(hidden, batch.Targets);
        var last = nn.functional.linear(hidden.narrow(0, ids.Length - 4, 4), model.Decoder.Head);
        Tiny.Close(golden.Tensors[number + ".last_logits"], last, Tolerance, $"case {number}, last_logits");
        Tiny.Close(
            golden.Tensors[number + ".logps"],
            result.Logprobs.narrow(0, 0, ids.Length - 1),
            Tolerance,
            $"case {number}, logps"
        );
        Tiny.Close(
            golden.Tensors[number + ".entropies"],
            result.Entropies.narrow(0, 0, ids.Length - 1),
            Tolerance,
            $"case {number}, entropies"
        );
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Sample_Greedily_WritesWhatTransformersWrites(string name)
    {
        using var golden = new GoldenModel(name);
        foreach (var item in golden.Description["cases"]!.AsArray())
        {
            using var scope = NewDisposeScope();
            int[] banned = [.. Ints(item!["suppress_token_ids"]!), .. Beyond(golden)];
            using var sampler = new RolloutSampler(
                golden.Model,
                SamplingConfig.Greedy,
                Ints(item["stop_token_ids"]!).ToHashSet(),
                banned
            );
            var features = golden.Features($"{item["case"]}");
            var prompt = new Prompt(Ints(item["input_ids"]!), 0, 0);

            var written = sampler
                .Sample([prompt], groupSize: 1, item["max_new_tokens"]!.GetValue<int>(), _ => features)[0]
                .Completions[0];

            Assert.Equal(Ints(item["greedy"]!), written.Ids);
        }
    }

    private static IEnumerable<int> Beyond(GoldenModel golden) =>
        Enumerable
            .Range(0, golden.Model.Config.Language.VocabularySize)
            .Skip(golden.Pretrained.Tokenizer.VocabularySize);

    [Theory]
    [MemberData(nameof(Names))]
    public void SftLoss_OfAPaddedBatch_IsTransformersWithItsGradients(string name)
    {
        using var golden = new GoldenModel(name);
        using var scope = NewDisposeScope();
        golden.Model.Parameters.EnableGradients(AllParts);
        var sft = golden.Description["sft"]!;
        var samples = sft["samples"]!.AsArray().Select(sample => Sequence(sample!)).ToList();
        var batch = TokenBatch.OfSequences(samples, golden.Model.Config, CPU);
        var head = new TokenLogprobs(golden.Model.Decoder.Head);
        var features = golden.Features([.. Enumerable.Range(0, samples.Count).Select(i => $"sft.{i}")]);

        var result = head.Forward(golden.Model.Forward(batch, features), batch.Targets);
        var loss = result.Logprobs.mean().neg();
        loss.backward();
        head.Backward(result);

        Assert.Equal(sft["loss"]!.GetValue<double>(), loss.item<float>(), 1e-5 * sft["loss"]!.GetValue<double>());
        var rows = Tiny.Floats(batch.Padded(result.Logprobs).sum(1));
        for (var i = 0; i < rows.Length; i++)
            Assert.Equal(sft["sample_losses"]![i]!.GetValue<double>(), -rows[i] / samples[i].Target.Length, 1e-4);
        using var gradients = golden.Gradients("sft");
        golden.AssertGradients(gradients);
    }

    private static (int[] Prompt, int[] Target) Sequence(JsonNode sample)
    {
        var (ids, labels) = (Ints(sample["input_ids"]!), Ints(sample["labels"]!));
        var start = Array.FindIndex(labels, label => label != -100);
        Assert.Equal(ids[start..], labels[start..]);
        return (ids[..start], ids[start..]);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void GrpoLoss_OverGroups_IsTrlsWithItsGradients(string name)
    {
        using var golden = new GoldenModel(name);
        golden.Model.Parameters.EnableGradients(AllParts);
        foreach (var item in golden.Description["grpo"]!["cases"]!.AsArray())
        {
            using var scope = NewDisposeScope();
            golden.Model.Parameters.Gradients!.zero_();
            AssertGrpo(golden, item!, $"grpo.{item!["case"]}");
            if (item["case"]!.GetValue<int>() != 0)
                continue;
            using var gradients = golden.Gradients("grpo");
            golden.AssertGradients(gradients);
        }
    }

    private static void AssertGrpo(GoldenModel golden, JsonNode item, string key)
    {
        var grpo = golden.Description["grpo"]!;
        var completions = grpo["completions"]!
            .AsArray()
            .ToLookup(completion => completion!["prompt"]!.GetValue<int>(), completion => Ints(completion!["ids"]!));
        var groups = grpo["prompts"]!
            .AsArray()
            .Select((prompt, i) => (Ints(prompt!["input_ids"]!), (IReadOnlyList<int[]>)[.. completions[i]]))
            .ToList();
        var batch = TokenBatch.OfGroups(groups, golden.Model.Config, CPU);
        var head = new TokenLogprobs(golden.Model.Decoder.Head, item["temperature"]!.GetValue<double>());
        var features = golden.Features([.. Enumerable.Range(0, groups.Count).Select(i => $"grpo.{i}")]);

        var result = head.Forward(golden.Model.Forward(batch, features), batch.Targets);
        var micro = new GrpoBatch(
            batch.Padded(result.Logprobs),
            golden.Tensors[key + ".old_logps"],
            golden.Tensors[key + ".ref_logps"],
            golden.Tensors[key + ".advantages"],
            batch.Padded(ones_like(result.Entropies)),
            batch.Padded(result.Entropies)
        );
        AssertWhereReal(golden, key + ".logps", micro.Logprobs, micro.Mask);
        AssertWhereReal(golden, key + ".entropies", micro.Entropies!, micro.Mask);
        var share = Loss(item)
            .Share(micro, new StepTotals(groups.Sum(group => group.Item2.Count), batch.Targets.shape[0]));
        share.Loss.backward();
        head.Backward(result);

        Assert.Equal(item["loss"]!.GetValue<double>(), share.Loss.item<float>(), 1e-5);
    }

    private static void AssertWhereReal(GoldenModel golden, string key, Tensor actual, Tensor mask) =>
        Tiny.Close(golden.Tensors[key] * mask, actual * mask, Tolerance, key);

    private static GrpoLoss Loss(JsonNode item) =>
        new(
            new ClipRange(
                item["epsilon_low"]!.GetValue<double>(),
                item["epsilon_high"]!.GetValue<double>(),
                item["delta"]?.GetValue<double>()
            ),
            item["beta"]!.GetValue<double>(),
            Enum.Parse<LossType>(
                item["loss_type"]!.GetValue<string>().Replace("_", "", StringComparison.Ordinal),
                ignoreCase: true
            ),
            Enum.Parse<ImportanceSamplingLevel>(
                item["importance_sampling_level"]!.GetValue<string>(),
                ignoreCase: true
            ),
            item["max_completion_length"]!.GetValue<int>()
        );

    private static int[] Ints(JsonNode array) => [.. array.AsArray().Select(value => value!.GetValue<int>())];
}

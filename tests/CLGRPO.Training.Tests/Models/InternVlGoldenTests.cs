using System.Text.Json.Nodes;
using CLGRPO.Golden;

namespace CLGRPO.Training.Tests.Models;

// Golden values: golden/README.md, folder internvl: transformers and TRL in float32 on the CPU.
public sealed class InternVlGoldenTests
{
    private static readonly string s_model = InternVlModel.Names(GoldenSet.GivenInternVl).First();

    private static IGoldenWalker[] Walkers => [new InternVlForwardGolden(), new InternVlTrainingGolden()];

    [Fact]
    public void Walk_GivenSet_FindsNoDifference()
    {
        foreach (var walker in Walkers)
        {
            var result = walker.Walk(GoldenSet.GivenInternVl);
            Assert.Empty(result.Failures);
            Assert.True(result.Passed > 0, $"{walker} found no case.");
        }
    }

    [Fact]
    public void Walk_GivenSetInBfloat16_IsAsNearAsTransformers()
    {
        var result = new InternVlBfloat16Golden().Walk(GoldenSet.GivenInternVl);
        Assert.Empty(result.Failures);
        Assert.True(result.Passed > 0, "No model has bfloat16 numbers.");
    }

    [Fact]
    public void Walk_OneModelUnderAnotherName_FindsItsCasesAndNoDifference()
    {
        using var set = new GoldenSet((s_model, "another.name"));
        foreach (var walker in Walkers)
        {
            var result = walker.Walk(set.InternVl);
            Assert.Empty(result.Failures);
            Assert.True(result.Passed > 0, $"{walker} found no case.");
        }
    }

    [Fact]
    public void Execute_NoModel_FailsForEachWalker()
    {
        using var set = new GoldenSet();
        using var output = new StringWriter();
        Assert.Equal(1, new GoldenRun(Walkers, set.Root, output).Execute(["internvl"]));
        Assert.Contains($"0 passed, {Walkers.Length} failed", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("no case found", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Execute_NeitherAdapterNorBfloat16InTheSet_IsNoFailure()
    {
        using var set = new GoldenSet((s_model, "plain"));
        set.Change("plain", json => json["bf16_logps_of_case_0"] = null);
        Directory.GetDirectories(set.InternVl, "*-lora").ToList().ForEach(Directory.Delete);
        using var output = new StringWriter();
        var run = new GoldenRun([new InternVlLoraGolden(), new InternVlBfloat16Golden()], set.Root, output);
        Assert.Equal(0, run.Execute(["internvl"]));
        Assert.Equal(2, output.ToString().Split("this set has none").Length - 1);
    }

    public static TheoryData<string, string, Action<JsonNode>> ForwardLies =>
        new()
        {
            { "shape", "parameters", json => json["parameters"] = 1 },
            { "] prompt", "prompt", json => json["cases"]![0]!["prompt"] = "Hello" },
            { "] tiles", "num_tiles", json => Pictured(json)["num_tiles"]![0] = 77 },
            { "] forward", "last_logits", json => json["cases"]![0]!["input_ids"]![1] = 11 },
            { "] greedy", "greedy[3]", json => json["cases"]![0]!["greedy"]![3] = 1 },
            { "", "'cases' holds no case", json => json["cases"] = new JsonArray() },
        };

    public static TheoryData<string, string, Action<JsonNode>> TrainingLies =>
        new()
        {
            { "sft.samples[0] tokens", "input_ids", json => json["sft"]!["samples"]![0]!["completion"] = "?" },
            { "sft loss", "loss", json => json["sft"]!["loss"] = 1.5 },
            { "sft loss", "sample_losses[1]", json => json["sft"]!["sample_losses"]![1] = 1.5 },
            { "", "'samples' holds no case", json => json["sft"]!["samples"] = new JsonArray() },
            { "grpo.prompts[0]", "num_tiles", json => json["grpo"]!["prompts"]![0]!["num_tiles"]![0] = 77 },
            { "grpo.cases[0]", "logps", json => json["grpo"]!["cases"]![0]!["temperature"] = 2 },
            { "grpo.cases[0]", "loss", json => json["grpo"]!["cases"]![0]!["loss"] = 1.5 },
            { "grpo.cases[0]", "kl", json => json["grpo"]!["cases"]![0]!["metrics"]!["kl"] = 9 },
            { "grpo.cases[0]", "gradient norm", json => FirstNorm(json, 1e4) },
            { "", "'cases' holds no case", json => json["grpo"]!.AsObject().Remove("cases") },
        };

    [Theory]
    [MemberData(nameof(ForwardLies))]
    public void Walk_WrongForwardNumber_FailsWhereItIs(string where, string what, Action<JsonNode> lie) =>
        AssertFails(new InternVlForwardGolden(), where, what, lie);

    [Theory]
    [MemberData(nameof(TrainingLies))]
    public void Walk_WrongTrainingNumber_FailsWhereItIs(string where, string what, Action<JsonNode> lie) =>
        AssertFails(new InternVlTrainingGolden(), where, what, lie);

    private static void AssertFails(IGoldenWalker walker, string where, string what, Action<JsonNode> lie)
    {
        using var set = new GoldenSet((s_model, "liar"));
        set.Change("liar", lie);
        Assert.Contains(
            walker.Walk(set.InternVl).Failures,
            failure =>
                failure.Contains(where, StringComparison.Ordinal) && failure.Contains(what, StringComparison.Ordinal)
        );
    }

    private static JsonNode Pictured(JsonNode json) =>
        json["cases"]!.AsArray().First(item => item!["images"]!.AsArray().Count > 0)!;

    private static void FirstNorm(JsonNode json, double value)
    {
        var norms = json["grpo"]!["cases"]![0]!["gradient_norms"]!.AsObject();
        norms[norms.First().Key] = value;
    }

    [Fact]
    public void Walk_GradientThatIsMissing_Fails()
    {
        using var set = new GoldenSet((s_model, "liar"));
        File.Copy(
            Path.Combine(set.InternVl, "liar.safetensors"),
            Path.Combine(set.InternVl, "liar-sft-gradients.safetensors"),
            overwrite: true
        );
        var failure = Assert.Single(new InternVlTrainingGolden().Walk(set.InternVl).Failures);
        Assert.Contains("names of gradients", failure, StringComparison.Ordinal);
    }
}

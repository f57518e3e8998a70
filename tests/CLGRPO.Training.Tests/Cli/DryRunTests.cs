using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using CLGRPO.Data.Datasets;
using CLGRPO.Training.Planning;
using CLGRPO.Training.Stages;
using CLGRPO.Training.Tests.Checkpoints.Safetensors;
using CLGRPO.Training.Tests.Stages;

namespace CLGRPO.Training.Tests.Cli;

public sealed class DryRunTests : IDisposable
{
    private const string Recipe = """
        name: mid
        dataset: emoscenes
        model:
          preset: nano
          vision: { image_size: 224, patch_size: 14, hidden_size: 192, num_hidden_layers: 6, num_attention_heads: 6, intermediate_size: 768 }
          language: { hidden_size: 384, num_hidden_layers: 6, num_attention_heads: 6, num_key_value_heads: 2, intermediate_size: 1536, tie_word_embeddings: false }
        prompt: { system: "", cot: "Which emotion? Think.", answer: "Which of {labels}?" }
        stages:

        """;

    private readonly TemporaryFolder _folder = new();
    private readonly DatasetVersion _dataset;
    private readonly string _datasets;

    public DryRunTests(TinyEmoScenes data) => (_dataset, _datasets) = (data.Version, data.Root);

    [Fact]
    public async Task DryRun_RecipeThatFits_ShowsEveryStageAndBeginsNoRun()
    {
        var (code, output, error) = await Run(
            "  - { name: stage-1, from: none, kind: sft, epochs: 1 }\n  - { name: stage-2, from: stage-1, kind: grpo, steps: 1 }\n"
        );

        Assert.Equal((0, ""), (code, error));
        Assert.Contains("stage-1 (sft)", output, StringComparison.Ordinal);
        Assert.Contains("stage-2 (grpo)", output, StringComparison.Ordinal);
        Assert.Contains("reference policy", output, StringComparison.Ordinal);
        Assert.Contains("longest: train-", output, StringComparison.Ordinal);
        Assert.EndsWith("All stages fit.\n", output, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(_folder.Path));
    }

    [Fact]
    public async Task DryRun_TooLittleMemory_NamesTheSettingAndFails()
    {
        var (code, output, _) = await Run(
            "  - { name: stage-1, from: none, kind: sft, epochs: 1 }\n",
            "--host-memory",
            "2GB",
            "--workers",
            "1"
        );

        Assert.Equal(1, code);
        Assert.Matches(@"stage-1 needs [\d.]+ GB of host memory; there is 2\.00 GB", output);
        Assert.Matches(@"micro_batch_size 64 → \d+ saves [\d.]+ GB, which is enough", output);
    }

    [Theory]
    [InlineData("24")]
    [InlineData("-1GB")]
    [InlineData("manyGB")]
    public async Task DryRun_SizeThatIsNone_IsRefused(string size)
    {
        var (code, _, error) = await Run(
            "  - { name: stage-1, from: none, kind: sft, epochs: 1 }\n",
            "--device-memory",
            size
        );
        Assert.Equal(1, code);
        Assert.Contains($"--device-memory is '{size}'; give a size such as 24GB", error, StringComparison.Ordinal);
    }

    // In a process of its own, whose memory is no other test's. Bounds: docs/training.md says within a quarter.
    [Theory]
    [InlineData("kind: sft, epochs: 1, batch_size: 32, micro_batch_size: 16")]
    [InlineData("kind: sft, epochs: 1, batch_size: 64, micro_batch_size: 32, trainable: { vision: false }")]
    [InlineData("kind: grpo, steps: 1, micro_batch_size: 32, max_completion_tokens: 32")]
    public void Measure_MidSizeModel_IsNearTheEstimate(string stage)
    {
        var path = Write($"  - {{ name: stage-1, from: none, {stage} }}\n");

        using var process = RunProcess.Train(path, "--datasets", _datasets, "--dry-run", "--measure");

        Assert.Equal(0, process.WaitForEnd());
        var ratio = Regex.Match(
            process.Output,
            @"estimate / measured: (?<ratio>[\d.]+)",
            RegexOptions.ExplicitCapture,
            TimeSpan.FromSeconds(1)
        );
        Assert.True(ratio.Success, process.Output);
        Assert.InRange(double.Parse(ratio.Groups["ratio"].Value, CultureInfo.InvariantCulture), 0.75, 1.33);
    }

    [Fact]
    public void ToJson_Plan_HoldsEveryPart()
    {
        var recipe = RecipeReader.Parse(Recipe + "  - { name: stage-1, from: none, kind: sft, epochs: 1 }\n");
        var plan = new RecipePlanner(recipe, _dataset, workers: 1, new MachineMemory(1000, null)).Plan();

        var stage = JsonDocument.Parse(plan.ToJson()).RootElement.GetProperty("stages")[0];

        Assert.False(plan.Fits);
        Assert.Equal("host", stage.GetProperty("shortfalls")[0].GetProperty("place").GetString());
        Assert.Equal("vision", stage.GetProperty("parts")[0].GetProperty("part").GetString());
        Assert.Equal(64, stage.GetProperty("tokens").GetProperty("tokens_per_tile").GetInt32());
        Assert.Contains(
            stage.GetProperty("memory").GetProperty("items").EnumerateArray(),
            item =>
                item.GetProperty("part").GetString() == "activations"
                && item.GetProperty("phase").GetString() == "update"
        );
    }

    public void Dispose() => _folder.Dispose();

    private Task<(int Code, string Output, string Error)> Run(string stages, params string[] options) =>
        SmallRun.RunAsync(["train", Write(stages), "--datasets", _datasets, "--dry-run", .. options]);

    private string Write(string stages)
    {
        var path = _folder.File("mid.yaml");
        File.WriteAllText(path, Recipe + stages);
        return path;
    }
}

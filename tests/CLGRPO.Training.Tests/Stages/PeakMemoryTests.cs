using System.Globalization;
using CLGRPO.Data.Images;
using CLGRPO.Data.Runs;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Models;
using CLGRPO.Training.Stages;
using CLGRPO.Training.Tests.Checkpoints.Safetensors;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Stages;

/// <summary>What the built program takes at most, as the kernel counts it, on models whose one dimension is large.</summary>
public sealed class PeakMemoryTests(TinyEmoScenes data, ITestOutputHelper output) : IDisposable
{
    private const int LargeVocabulary = 150_000;
    private const long Megabyte = 1 << 20;
    private readonly TemporaryFolder _folder = new();

    // Fine-tuning, the reference, rollouts, the update and an evaluation, each with thousands of tokens.
    [Theory]
    [Trait("Id", "REL-RUN-1")]
    [InlineData("fp32")]
    [InlineData("bf16")]
    public void Train_WithALargeVocabulary_TakesLessThanTheLogitsOfOneBatchWould(string precision)
    {
        SaveModel(
            new()
            {
                HiddenSize = 16,
                Layers = 1,
                IntermediateSize = 32,
                VocabularySize = LargeVocabulary,
            }
        );
        var peak = Peak(
            "vocabulary",
            $"""
            precision: {precision}
            sample_at_once: 64
            prompt: {"{"} system: "{string.Join(
                ' ',
                Enumerable.Repeat("Look closely.", 40)
            )}", cot: "Think.", answer: "Which emotion?" {"}"}
            stages:
              - {"{"} name: sft, kind: sft, from: none, completion: cot, max_steps: 1, batch_size: 64, micro_batch_size: 64, validate_every: 0 {"}"}
              - {"{"} name: grpo, kind: grpo, from: sft, completion: cot, steps: 1, prompts_per_step: 4, group_size: 16, mini_batches: 1, num_iterations: 2, micro_batch_size: 64, max_completion_tokens: 64, beta: 0.1 {"}"}
            """
        );
        foreach (var step in RunEvents.EffectiveSteps(RunDirectory.Open(_folder.File("vocabulary"))))
        {
            var tokens = step.Metrics!.TryGetValue("num_tokens", out var learned) ? learned : 64 * 64;
            var logits = (long)tokens * LargeVocabulary * sizeof(float);
            Assert.True(
                peak < logits,
                $"{step.Stage}: the process took {peak / Megabyte} MB, the logits of {tokens} tokens are {logits / Megabyte} MB."
            );
        }
    }

    [Theory]
    [InlineData("fp32")]
    [InlineData("bf16")]
    public void Train_WithGradientCheckpointing_TakesFarLessThanWithout(string precision)
    {
        SaveModel(
            new()
            {
                HiddenSize = 128,
                Layers = 24,
                IntermediateSize = 512,
                VocabularySize = 0,
            }
        );
        long Of(bool checkpointing) =>
            Peak(
                $"checkpointing-{checkpointing}",
                $"""
                precision: {precision}
                prompt: {"{"} system: "{string.Join(
                    ' ',
                    Enumerable.Repeat("Look closely.", 20)
                )}", cot: "Think.", answer: "Which emotion?" {"}"}
                stages:
                  - {"{"} name: sft, kind: sft, from: none, completion: cot, max_steps: 1, batch_size: 16, micro_batch_size: 16, validate_every: 0, gradient_checkpointing: {checkpointing.ToString().ToLowerInvariant()} {"}"}
                """
            );
        var (plain, kept) = (Of(checkpointing: false), Of(checkpointing: true));
        Assert.True(
            plain - kept > 400 * Megabyte,
            $"{plain / Megabyte} MB without, {kept / Megabyte} MB with gradient checkpointing."
        );
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Runs a recipe.</summary>
    /// <returns>The most memory that the process had in use, in bytes.</returns>
    private long Peak(string name, string settings)
    {
        var recipe = _folder.File(name + ".yaml");
        File.WriteAllText(
            recipe,
            $"name: {name}\nseed: 1\ndataset: emoscenes\nmodel: {"{"} path: {_folder.File("model")} {"}"}\n{settings}\n"
        );
        _ = data.Version; // is there when the process looks for it
        using var process = RunProcess.Train(recipe, "--run", _folder.File(name), "--datasets", data.Root);
        var peak = 0L;
        process.WaitUntil(() =>
        {
            peak = Math.Max(peak, HighWaterMark(process.Id));
            return false;
        });
        Assert.True(process.WaitForEnd() == 0, process.Output);
        output.WriteLine($"{name}: {peak / Megabyte} MB");
        return peak;
    }

    private static long HighWaterMark(int process)
    {
        var path = $"/proc/{process}/status";
        var line = File.Exists(path) ? File.ReadLines(path).FirstOrDefault(IsHighWaterMark) : null;
        return line is null ? 0 : 1024 * long.Parse(line.Split(' ')[^2], CultureInfo.InvariantCulture);
    }

    private static bool IsHighWaterMark(string line) => line.StartsWith("VmHWM:", StringComparison.Ordinal);

    /// <summary>Random weights of a shape; a vocabulary of 0 is the tokenizer's own.</summary>
    private void SaveModel(Shape shape)
    {
        using var nano = NanoModel.Create(TinyRecipe.Parse(TinyRecipe.Sft), data.Version, CPU);
        var config = nano.Model.Config with
        {
            Language = nano.Model.Config.Language with
            {
                HiddenSize = shape.HiddenSize,
                Layers = shape.Layers,
                Heads = 2,
                KeyValueHeads = 1,
                IntermediateSize = shape.IntermediateSize,
                VocabularySize = Math.Max(shape.VocabularySize, nano.Model.Config.Language.VocabularySize),
            },
        };
        using var model = VisionLanguageModel.Create(config);
        model.Parameters.Initialize(seed: 1, config);
        (nano with { Model = model }).Save(_folder.File("model"));
    }

    private sealed record Shape
    {
        public required int HiddenSize { get; init; }
        public required int Layers { get; init; }
        public required int IntermediateSize { get; init; }
        public required int VocabularySize { get; init; }
    }
}

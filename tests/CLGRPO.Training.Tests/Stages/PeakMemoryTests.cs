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

    private static readonly string LongText = string.Join(' ', Enumerable.Repeat("Look closely.", 40));
    private readonly TemporaryFolder _folder = new();

    // Fine-tuning, the reference, rollouts, the update and evaluations. The plain way holds the logits of a batch and their
    // softmax at least.
    [Fact]
    public void Train_WithALargeVocabulary_TakesLessThanTheLogitsOfABatchAndTheirSoftmax()
    {
        SaveModel(hidden: 16, layers: 1, inner: 32, vocabulary: LargeVocabulary);
        var peak = Peak(
            "vocabulary",
            $$"""
            sample_at_once: 64
            prompt: { system: "{{LongText}}", cot: "Think.", answer: "Which emotion?" }
            stages:
              - { name: sft, kind: sft, from: none, max_steps: 1, batch_size: 64, validate_every: 0 }
              - { name: grpo, kind: grpo, from: sft, steps: 1, prompts_per_step: 4, group_size: 16, mini_batches: 1, micro_batch_size: 64, max_completion_tokens: 32, beta: 0.1 }
            """
        );
        var steps = RunEvents.EffectiveSteps(RunDirectory.Open(_folder.File("vocabulary"))).ToList();
        Assert.Equal(["sft", "grpo"], steps.Select(step => step.Stage));
        foreach (var step in steps)
        {
            var tokens = (long)step.Metrics!["num_tokens"];
            var plain = 2 * tokens * LargeVocabulary * sizeof(float);
            Assert.True(
                peak < plain,
                $"{step.Stage}: the process took {peak / Megabyte} MB, the logits of {tokens} tokens and their softmax {plain / Megabyte} MB."
            );
        }
    }

    [Fact]
    public void Train_WithGradientCheckpointing_TakesFarLessThanWithout()
    {
        SaveModel(hidden: 128, layers: 24, inner: 512, vocabulary: 0);
        long Of(bool checkpointing) =>
            Peak(
                $"checkpointing-{checkpointing}",
                $$"""
                prompt: { system: "{{LongText}}", cot: "Think.", answer: "Which emotion?" }
                stages:
                  - { name: sft, kind: sft, from: none, max_steps: 1, batch_size: 8, validate_every: 0, gradient_checkpointing: {{(
                    checkpointing ? "true" : "false"
                )}} }
                """
            );
        var (plain, kept) = (Of(checkpointing: false), Of(checkpointing: true));
        Assert.True(
            kept < 0.6 * plain,
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
            $$"""
            name: {{name}}
            seed: 1
            dataset: emoscenes
            model: { path: {{_folder.File("model")}} }
            {{settings}}

            """
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

    /// <summary>Random weights of a shape; the vocabulary is the tokenizer's or larger.</summary>
    private void SaveModel(int hidden, int layers, int inner, int vocabulary)
    {
        using var nano = NanoModel.Create(TinyRecipe.Parse(TinyRecipe.Sft), data.Version, CPU);
        var language = nano.Model.Config.Language with
        {
            HiddenSize = hidden,
            Layers = layers,
            Heads = 2,
            KeyValueHeads = 1,
            IntermediateSize = inner,
            VocabularySize = Math.Max(vocabulary, nano.Model.Config.Language.VocabularySize),
        };
        using var model = VisionLanguageModel.Create(nano.Model.Config with { Language = language });
        model.Parameters.Initialize(seed: 1, model.Config);
        (nano with { Model = model }).Save(_folder.File("model"));
    }
}

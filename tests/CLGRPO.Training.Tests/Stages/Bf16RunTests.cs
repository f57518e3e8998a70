using CLGRPO.Data.Runs;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Models;
using CLGRPO.Training.Stages;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Stages;

/// <summary>A run in bfloat16 that computes its layers again on the way back.</summary>
public sealed class StraightBf16Run(TinyEmoScenes data)
    : StraightRun(
        data,
        Precision.Bf16,
        Checkpointed(TinyRecipe.Sft),
        Checkpointed(TinyRecipe.OffPolicy).Replace("from: on-policy", "from: sft", StringComparison.Ordinal),
        TinyRecipe.LoraSync.Replace("from: lora-grpo", "from: off-policy", StringComparison.Ordinal)
    )
{
    private static string Checkpointed(string stage) =>
        stage.Replace("completion: ", "gradient_checkpointing: true, completion: ", StringComparison.Ordinal);
}

public sealed class Bf16RunTests(StraightBf16Run straight) : IClassFixture<StraightBf16Run>
{
    // Master weights, moments, the moving reference (in bfloat16) and the best checkpoint are among what is compared.
    [Fact]
    [Trait("Id", "REL-RESUME-1")]
    public void Train_InBfloat16KilledInEveryStage_EndsBitForBitAsTheStraightRun()
    {
        foreach (var (stage, step) in new[] { ("sft", 7), ("sft", 20), ("off-policy", 3), ("lora-sync", 3) })
        {
            using var process = straight.Start("killed", straight.Recipe);
            Assert.True(
                process.WaitUntil(() =>
                    straight
                        .Events("killed")
                        .Any(item => item.Type == RunEventType.Step && item.Stage == stage && item.Step >= step)
                ),
                process.Output
            );
            process.Kill();
        }
        using var last = straight.Start("killed", straight.Recipe);
        Assert.True(last.WaitForEnd() == 0, last.Output);
        straight.AssertSameAs("killed");
    }

    [Fact]
    public void Train_InBfloat16_SavesBfloat16WeightsThatAreItsMastersRounded()
    {
        var folder = Path.Combine(
            straight.Run.CheckpointsPath,
            new StageLedger(straight.Run).Finished["off-policy"].Checkpoint
        );
        using var weights = SafetensorsModel.Open(folder);
        Assert.All(weights.Tensors.Values, tensor => Assert.Equal(SafetensorsDtype.BF16, tensor.Dtype));
        using var optimizer = SafetensorsFile.Open(Path.Combine(folder, "optimizer.safetensors"));
        Assert.All(optimizer.Tensors.Values, tensor => Assert.Equal(SafetensorsDtype.F32, tensor.Dtype));

        using var model = PretrainedModel.Load(folder, precision: Precision.Bf16);
        foreach (var segment in model.Model.Parameters.Segments.Where(segment => segment.Part == ModelPart.Language))
        {
            var name = $"language.{(segment.Decays ? "decay" : "no_decay")}.master";
            using var scope = NewDisposeScope();
            var values = new float[segment.Count];
            optimizer.Read(
                optimizer.Tensors[name],
                0,
                System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan())
            );
            var rounded = model.Model.Parameters.Weights.narrow(0, segment.Offset, segment.Count);
            Assert.Equal(Tiny.Floats(tensor(values).to(ScalarType.BFloat16)), Tiny.Floats(rounded));
            Assert.NotEqual(values, Tiny.Floats(rounded));
        }
    }

    [Fact]
    public void Train_InBfloat16_Learns()
    {
        var losses = RunEvents
            .EffectiveSteps(straight.Run)
            .Where(step => step.Stage == "sft")
            .Select(step => step.Metrics!["loss"])
            .ToList();
        Assert.Equal(24, losses.Count);
        Assert.True(losses[^1] < 0.5 * losses[0], $"The loss goes from {losses[0]} to {losses[^1]}.");
    }
}

using System.Text.Json.Serialization;
using CLGRPO.Training.Models;

namespace CLGRPO.Training.Planning;

/// <summary>A part of the model in a stage.</summary>
/// <param name="Part">Which.</param>
/// <param name="Parameters">Its weights.</param>
/// <param name="Trainable">Those that learn; of a LoRA stage the adapters'.</param>
public sealed record PartPlan(ModelPart Part, long Parameters, long Trainable)
{
    /// <summary>Elements of the largest flat run that the optimizer moves at once.</summary>
    [JsonIgnore]
    public long LargestSegment { get; init; }

    /// <summary>Elements of the matrices that adapters are merged into for sampling.</summary>
    [JsonIgnore]
    public long Adapted { get; init; }

    /// <summary>Counts a model's parameters, part by part, without taking memory for them.</summary>
    public static IReadOnlyList<PartPlan> Of(ModelConfig model, StageSettings settings) =>
        [
            .. VisionLanguageModel
                .Declare(model)
                .GroupBy(parameter => parameter.Part)
                .OrderBy(part => part.Key)
                .Select(part => Of(part.Key, [.. part], settings)),
        ];

    private static PartPlan Of(ModelPart part, List<Parameter> parameters, StageSettings settings)
    {
        var all = parameters.Sum(parameter => parameter.Count);
        if (!settings.Trains(part))
            return new PartPlan(part, all, 0);
        if (settings.Lora is { } lora)
            return Adapters(part, all, parameters, lora);
        var segments = parameters.GroupBy(p => p.Decays).Select(segment => segment.Sum(p => p.Count));
        return new PartPlan(part, all, all) { LargestSegment = segments.Max() };
    }

    private static PartPlan Adapters(ModelPart part, long all, List<Parameter> parameters, LoraConfig lora)
    {
        var adapted = parameters
            .Where(parameter => parameter.Shape.Length == 2)
            .SelectMany(parameter => parameter.Stored)
            .Where(stored =>
                lora.Targets.Contains(LoraAdapters.TargetOf(LoraAdapters.ModuleOf(stored)), StringComparer.Ordinal)
            )
            .ToList();
        var adapters = adapted.Sum(stored => lora.Rank * (stored.Shape[0] + stored.Shape[1]));
        return new PartPlan(part, all, adapters)
        {
            LargestSegment = adapters,
            Adapted = adapted.Sum(stored => stored.Shape[0] * stored.Shape[1]),
        };
    }
}

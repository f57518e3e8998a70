using System.Text.Json.Serialization;
using CLGRPO.Training.Models;

namespace CLGRPO.Training.Planning;

/// <summary>A part of the model in a stage.</summary>
/// <param name="Part">Which.</param>
/// <param name="Parameters">Its weights.</param>
/// <param name="Trainable">Those that learn, adapters included.</param>
/// <param name="LargestSegment">Those in the largest flat run that the optimizer updates at once.</param>
public sealed record PartPlan(
    [property: JsonConverter(typeof(JsonStringEnumConverter<ModelPart>))] ModelPart Part,
    long Parameters,
    long Trainable,
    [property: JsonIgnore] long LargestSegment = 0
)
{
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
        var trainable = settings.Trains(part) ? all : 0;
        var largest = parameters.GroupBy(p => p.Decays).Max(segment => segment.Sum(p => p.Count));
        return new PartPlan(part, all, trainable, trainable == 0 ? 0 : largest);
    }
}

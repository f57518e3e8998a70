using CLGRPO.Web.Inference;

namespace CLGRPO.Web.Playground;

/// <summary>What is asked: a picture, texts where they are not those of training, and how to sample.</summary>
/// <param name="Question">null: each model is asked what it was trained to be asked.</param>
/// <param name="System">null: as trained.</param>
public sealed record Ask(string? Question, string? System, PlaygroundSettings Settings)
{
    /// <summary>The question to a model in words.</summary>
    public string QuestionTo(ModelChoice model) => Question ?? model.Question ?? "";

    /// <summary>The system message to a model; empty: none.</summary>
    public string SystemTo(ModelChoice model) => System ?? model.System ?? "";

    public InferenceRequest To(ModelChoice model, ReadOnlyMemory<byte> picture)
    {
        var system = SystemTo(model);
        return new InferenceRequest
        {
            Model = model.Id,
            Messages =
            [
                .. system.Length > 0
                    ? [new InferenceMessage("system", [new InferenceText(system)])]
                    : Array.Empty<InferenceMessage>(),
                new InferenceMessage("user", [new InferenceImage(picture), new InferenceText(QuestionTo(model))]),
            ],
            MaxTokens = Settings.MaxTokens,
            Count = Settings.Samples,
            Temperature = Settings.Temperature,
            TopP = Settings.TopP,
            TopK = Settings.TopK,
            Seed = Settings.Seed,
            LabelProbabilities = true,
            Look = Settings.Look,
        };
    }
}

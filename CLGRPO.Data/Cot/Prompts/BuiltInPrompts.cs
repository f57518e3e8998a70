using CLGRPO.Data.Store;

namespace CLGRPO.Data.Cot.Prompts;

/// <summary>The prompts that a new store begins with, as version 1 of their names. Source: METHOD.md, our reading of the paper.</summary>
public static class BuiltInPrompts
{
    public const string Generate = "generate";
    public const string Verify = "verify";

    /// <summary>Generator: sees image, label and annotation, and writes a reasoning that leads to the label.</summary>
    private const string GenerateText = """
        {question}
        Possible answers: {labels}.

        The right answer is "{label}". What is known about the picture: {attributes}.
        Write the reasoning by which someone who sees only the picture would arrive at this answer. Describe what is visible (scene, objects, faces, actions, light and colour), say what it suggests, and conclude. Do not say or hint that the answer or any of this information was given to you.
        Reply in exactly this form, with two to five sentences of reasoning:
        <think>reasoning</think><answer>{label}</answer>
        """;

    /// <summary>Verifier: sees the image and the reasoning with the answer cut off, and must arrive at the label.</summary>
    private const string VerifyText = """
        {question}
        Possible answers: {labels}.

        Somebody reasoned about this picture, and the conclusion was cut off:
        {reasoning}

        Look at the picture, check the reasoning against it, and give the answer that both support. If the reasoning describes things that are not in the picture, trust the picture.
        Reply in exactly this form:
        <think>your check, in a sentence or two</think><answer>one of the possible answers</answer>
        """;

    public static IReadOnlyList<PromptTemplate> All(DateTime now) =>
        [Of(Generate, PromptPurpose.Generate, GenerateText, now), Of(Verify, PromptPurpose.Verify, VerifyText, now)];

    private static PromptTemplate Of(string name, PromptPurpose purpose, string text, DateTime now) =>
        new()
        {
            Name = name,
            Purpose = purpose,
            Version = 1,
            System = "",
            Text = text,
            CreatedBy = "clgrpo",
            CreatedAt = now,
        };
}

using System.Text.RegularExpressions;
using CLGRPO.Training.Stages;

namespace CLGRPO.Web.Recipes;

/// <summary>Every setting that a recipe can have, as the schema says: for programs and for the documentation.</summary>
public static partial class RecipeSettings
{
    // Whatever can be left out is there once, so that its settings are listed.
    private const string Fullest = """
        name: every-setting
        dataset: emoscenes
        prompt: { system: "", cot: "?", answer: "?" }
        stages:
          - { name: sft, kind: sft, from: none, lora: {}, trainable: { vision: false, projector: false } }
          - name: grpo
            kind: grpo
            from: sft
            lora: {}
            trainable: { vision: false, projector: false }
            rewards: [{ name: format }, { name: repetition_penalty }, { name: soft_overlong }]
        """;

    public static IReadOnlyList<RecipeSetting> All { get; } =
    [
        .. RecipeForm
            .Of(RecipeReader.Parse(Fullest))
            .Fields.Select(field => new RecipeSetting(
                Places().Replace(field.Path, "[]"),
                field.Stage switch
                {
                    0 => "sft",
                    null => null,
                    _ => "grpo",
                },
                field.Kind,
                field.Default,
                field.Limits,
                field.Choices,
                field.Guide.Title,
                field.Guide.Unit,
                field.Guide.Text
            ))
            .DistinctBy(setting => (setting.Path, setting.Of)),
    ];

    [GeneratedRegex(@"\[[0-9]+\]", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Places();
}

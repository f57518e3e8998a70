using CLGRPO.Training.Grpo;
using CLGRPO.Training.Stages;

namespace CLGRPO.Training.Tests.Stages;

public sealed class RecipeReaderTests
{
    private const string Head = """
        name: test
        dataset: emoscenes
        prompt: { system: "", cot: "Why?", answer: "What?" }
        stages:

        """;

    private const string Sft = """
          - name: stage-1
            kind: sft
            from: none

        """;

    private static RecipeError Only(string yaml) =>
        Assert.Single(Assert.Throws<RecipeException>(() => RecipeReader.Parse(yaml)).Errors);

    private static string GrpoStage(string settings) =>
        Head + Sft + "  - { name: s, kind: grpo, from: stage-1, " + settings + " }\n";

    [Fact]
    public void Parse_Smallest_TakesTheDefaults()
    {
        var recipe = RecipeReader.Parse(Head + Sft);

        var stage = Assert.Single(recipe.Stages);
        Assert.Equal(new Training.Sft.SftConfig(), stage.Sft);
        Assert.Null(stage.Grpo);
        Assert.Equal("nano", recipe.Model.Preset);
    }

    [Fact]
    public void Parse_ManyMistakes_ReportsAllWithLineAndPath()
    {
        const string Yaml = """
            name: my recipe
            seed: "1"
            dataset: emoscenes
            promt: { system: "", cot: "Why?", answer: "What?" }
            stages:
              - name: stage-1
                kind: sft
                from: nowhere
                learning_rate: fast
                batch_size: 0
                trainable: { vison: true }
              - name: stage-1
                kind: grop
                from: stage-1
            """;

        var error = Assert.Throws<RecipeException>(() => RecipeReader.Parse(Yaml, "bad.yaml"));

        Assert.Equal(
            [
                "line 1: name: 'my recipe' is not a name; use letters, digits, '-', '_' and '.', at most 80, not a dot first.",
                "line 1: prompt: this key is missing.",
                "line 2: seed: '1' is not a whole number.",
                "line 4: promt: unknown key. Did you mean 'prompt'?",
                "line 8: stages[0].from: no earlier stage is called 'nowhere'."
                    + " Give an earlier stage, none, or the path of a checkpoint (with a slash in it).",
                "line 9: stages[0].learning_rate: 'fast' is not a number.",
                "line 10: stages[0].batch_size: 0 is out of range; it must be at least 1.",
                "line 11: stages[0].trainable.vison: unknown key. Did you mean 'vision'?",
                "line 12: stages[1].name: 'stage-1' is taken; every stage needs its own name.",
                "line 13: stages[1].kind: 'grop' is not one of sft, grpo. Did you mean 'grpo'?",
            ],
            error.Errors.Select(e => e.ToString())
        );
        Assert.StartsWith("bad.yaml: 10 errors\n  line 1: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_ClipLowThatCannotAct_IsRefusedAtItsLine()
    {
        var error = Only(GrpoStage("epsilon_high: 0.1, mini_batches: 1, num_iterations: 1"));

        Assert.Equal(8, error.Line);
        Assert.Equal("stages[1].epsilon_high", error.Path);
        Assert.Contains("the clip cannot act", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_SymmetricClipThatCannotAct_Warns()
    {
        var recipe = RecipeReader.Parse(GrpoStage("mini_batches: 1, num_iterations: 1"));
        Assert.StartsWith(
            "stage 's': on-policy: the clip cannot act",
            Assert.Single(recipe.Warnings()),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("epsilon_low: 0.3", 0.3, 0.3)] // TRL's rule: the upper bound falls back to the lower
    [InlineData("epsilon_low: 0.3, epsilon_high: 0.1", 0.3, 0.1)]
    [InlineData("epsilon_high: 0.28", 0.2, 0.28)]
    public void Parse_Epsilons_AreStoredAsNumbers(string settings, double low, double high) =>
        Assert.Equal(new ClipRange(low, high), RecipeReader.Parse(GrpoStage(settings)).Stages[1].Grpo!.Clip);

    [Theory]
    [InlineData("delta: 1.1", "delta is 1.1; it must be above 1 + epsilon_high = 1.2")]
    [InlineData("temperature: 0.5", "unknown key")]
    [InlineData("sampling: { temperature: 0 }", "0 is out of range; it must be above 0")]
    [InlineData("group_size: 1", "must be at least 2")]
    [InlineData("mini_batches: 3", "32 prompts_per_step cannot be cut into 3 equal mini-batches")]
    [InlineData("loss_type: drgrpo", "Did you mean 'dr_grpo'?")]
    [InlineData("rewards: [{ name: acuracy }]", "Did you mean 'accuracy'?")]
    [InlineData("rewards: [{ name: format }, { name: format }]", "'format' is listed 2 times")]
    [InlineData("rewards: [{ name: format, ngram_size: 2 }]", "unknown key")]
    [InlineData("rewards: []", "give at least one of")]
    [InlineData("betas: [0.9]", "give a list of 2 numbers")]
    [InlineData("mask_truncated_completions: yes", "write true or false")]
    [InlineData("trainable: { vision: false, projector: false, language: false }", "nothing is trainable")]
    [InlineData("learning_rate: .nan", "is not a number")]
    [InlineData("steps: 99999999999", "out of range")]
    [InlineData("steps:", "the value is missing")]
    [InlineData("epochs: 2", "unknown key")]
    [InlineData(
        "trainable: { vision_learning_rate: 1e-3 }",
        "vision is frozen; set vision to true, or remove this key"
    )]
    [InlineData("trainable: { language_learning_rate: 2 }", "2 is out of range; it must be at most 1")]
    [InlineData("lora: { rank: 4 }", "projector is trainable, but none of lora.targets lies in it")]
    [InlineData("trainable: { projector: false }, lora: { targets: [q_pro] }", "Did you mean 'q_proj'?")]
    [InlineData("trainable: { projector: false }, lora: { rank: 0 }", "must be at least 1")]
    [InlineData("trainable: { projector: false }, lora: { dropout: 0.1 }", "unknown key")]
    public void Parse_BrokenGrpoSetting_IsTheOnlyError(string settings, string message) =>
        Assert.Contains(message, Only(GrpoStage(settings)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("", "the recipe is empty")]
    [InlineData("- a", "must be a mapping")]
    [InlineData("name: a\nname: b", "this is not YAML")]
    [InlineData("name: [", "this is not YAML")]
    [InlineData("name: a\n---\nname: b", "more than one document")]
    [InlineData("name: &a x\ndataset: *a", "anchors and aliases are not supported")]
    public void Parse_NoRecipe_SaysWhy(string yaml, string message) =>
        Assert.Contains(message, Only(yaml).Message, StringComparison.Ordinal);

    [Fact]
    public void Parse_HostileNesting_IsRefusedWithoutRecursion() =>
        Assert.Contains("nested deeper", Only("a: " + new string('[', 200_000)).Message, StringComparison.Ordinal);

    [Fact]
    public void Parse_TooLong_IsRefused() =>
        Assert.Contains(
            "too long",
            Only(new string('#', RecipeReader.LongestText + 1)).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Parse_EpochsAndMaxSteps_AreNotBothGiven() =>
        Assert.Contains(
            "give one",
            Only(Head + Sft + "    epochs: 2\n    max_steps: 3\n").Message,
            StringComparison.Ordinal
        );
}

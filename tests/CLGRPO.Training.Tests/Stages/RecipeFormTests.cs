using System.Globalization;
using CLGRPO.Training.Stages;
using FsCheck;
using FsCheck.Fluent;

namespace CLGRPO.Training.Tests.Stages;

public sealed class RecipeFormTests
{
    private static readonly string Presets = Path.Combine(Root(), "recipes");

    public static TheoryData<string> Names { get; } =
    [.. Directory.EnumerateFiles(Presets, "*.yaml").Select(path => Path.GetFileName(path))];

    [Theory]
    [MemberData(nameof(Names))]
    public void Yaml_OfEveryPreset_IsTheRecipeSpeltOut(string name)
    {
        var recipe = RecipeReader.ReadFile(Path.Combine(Presets, name));
        var form = RecipeForm.Of(recipe);

        Assert.Equal(recipe.ToYaml(), form.Yaml);
        Assert.Equal(recipe, RecipeReader.Parse(form.Yaml));
        Assert.Equal(recipe, form.Recipe);
        Assert.True(form.IsValid);
        Assert.Empty(RecipeDiff.Of(recipe, form.Recipe));
    }

    [Fact]
    public void Fields_All_HaveAGuideAndASectionThatIsKnown()
    {
        var form = RecipeForm.Of(
            RecipeReader.Parse(
                """
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
                    rewards: [{ name: repetition_penalty }, { name: soft_overlong }]
                """
            )
        );
        var fields = form.Fields.Where(field => field.Kind != FieldKind.List).ToList();

        Assert.Empty(
            fields
                .Where(field => field.Guide.Title.Length == 0 || field.Guide.Text.Length == 0)
                .Select(field => field.Path)
        );
        Assert.Subset(
            SettingGuide.Sections.Select(section => section.Name).ToHashSet(),
            fields.Select(field => field.Guide.Section).ToHashSet()
        );
        Assert.Equal(SettingGuide.Known.Count(), fields.Select(field => field.Guide).Distinct().Count());
    }

    /// <summary>Recipe → form → YAML → recipe is the identity, whatever settings were changed in the form on the way.</summary>
    [Fact]
    public void Yaml_OfAFormWithAnyValidValues_ReadsAsTheFormsRecipe()
    {
        var changes = ArbMap.Default.GeneratorFor<int>().Two().ListOf();
        Prop.ForAll(
                changes.ToArbitrary(),
                seeds =>
                {
                    var form = RecipeForm.Of(RecipeReader.ReadFile(Path.Combine(Presets, "nano-demo.yaml")));
                    foreach (var (which, value) in seeds)
                        ChangeOne(form, (int)((uint)which % (uint)form.Fields.Count), value);
                    if (!form.IsValid)
                        return true; // a rule across settings is broken; what is refused is not read
                    var read = RecipeReader.Parse(form.Yaml);
                    return read == form.Recipe && RecipeForm.Of(read).Yaml == form.Yaml;
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(150));
    }

    [Fact]
    public void Set_WhatCannotBeRead_IsKeptWithItsErrorAndDefault()
    {
        var form = Tiny();

        form.Set("stages[1].group_size", "mány # of: them");

        Assert.Equal("mány # of: them", form.Find("stages[1].group_size")!.Text);
        Assert.Equal(8, form.Recipe.Stages[1].Grpo!.GroupSize);
        var error = Assert.Single(form.Errors);
        Assert.Equal("stages[1].group_size", error.Path);
        Assert.Equal(form.Find("stages[1].group_size")!.Line, error.Line);
    }

    [Fact]
    public void Apply_FixesOfARefusedClip_SetItRight()
    {
        var form = Tiny();
        form.Apply([
            new("stages[1].epsilon_high", "0.1", ""),
            new("stages[1].mini_batches", "1", ""),
            new("stages[1].num_iterations", "1", ""),
        ]);
        var refused = Assert.Single(form.Errors);
        Assert.Equal("stages[1].epsilon_high", refused.Path);
        Assert.Equal(3, refused.Fixes.Count);
        foreach (var fix in refused.Fixes)
        {
            var repaired = Tiny();
            repaired.Apply([
                new("stages[1].epsilon_high", "0.1", ""),
                new("stages[1].mini_batches", "1", ""),
                new("stages[1].num_iterations", "1", ""),
                fix,
            ]);
            Assert.True(repaired.IsValid, fix.Label);
        }
    }

    [Theory]
    [InlineData("stages[0].max_steps", "100", "epochs and max_steps")]
    [InlineData("stages[0].micro_batch_size", "1000", "is more than batch_size")]
    [InlineData("stages[1].mini_batches", "5", "cannot be cut")]
    [InlineData("stages[1].delta", "1.1", "must be above 1 + epsilon_high")]
    [InlineData("stages[1].group_size", "1", "at least 2")]
    [InlineData("stages[1].top", "1", null)]
    public void Fixes_OfWhatIsRefused_EachSetItRight(string path, string value, string? message)
    {
        var form = Tiny();
        form.Set(path, value);
        if (message is null)
        {
            Assert.True(form.IsValid); // a key that no schema asks for is not written
            return;
        }
        var error = Assert.Single(form.Errors);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(error.Fixes);
        foreach (var fix in error.Fixes)
        {
            var repaired = Tiny();
            repaired.Set(path, value);
            repaired.Apply([fix]);
            Assert.True(repaired.IsValid, $"{fix.Label}: {string.Join(' ', repaired.Errors)}");
        }
    }

    [Fact]
    public void Set_KindOfAStage_BringsTheOtherKindsSettings()
    {
        var form = Tiny();

        form.Set("stages[0].kind", "grpo");

        Assert.True(form.IsValid, string.Join(' ', form.Errors));
        Assert.Equal(new Training.Grpo.GrpoConfig().GroupSize, form.Recipe.Stages[0].Grpo!.GroupSize);
        form.AddReward(0, "repetition_penalty");
        form.RemoveReward(0, 0);
        Assert.Equal(
            ["accuracy", "repetition_penalty"],
            form.Recipe.Stages[0].Grpo!.Rewards.Select(reward => reward.Name)
        );
    }

    [Fact]
    public void CopyStage_AndDiff_NameStagesNotPlaces()
    {
        var (form, before) = (Tiny(), Tiny().Recipe);

        form.CopyStage(1);
        form.Set("stages[1].beta", "0.5");

        Assert.True(form.IsValid, string.Join(' ', form.Errors));
        Assert.Equal(
            [new RecipeChange("b.beta", "0.02", "0.5"), new RecipeChange("b-2", null, "grpo stage")],
            RecipeDiff.Of(before, form.Recipe)
        );
        form.RemoveStage(2);
        form.Set("stages[1].beta", "0.02");
        Assert.Empty(RecipeDiff.Of(before, form.Recipe));
    }

    private static RecipeForm Tiny() =>
        RecipeForm.Of(
            RecipeReader.Parse(
                """
                name: tiny
                dataset: emoscenes
                prompt: { system: "", cot: "?", answer: "?" }
                stages:
                  - { name: a, kind: sft, from: none }
                  - { name: b, kind: grpo, from: a }
                """
            )
        );

    /// <summary>Gives a field a value that its limits allow.</summary>
    private static void ChangeOne(RecipeForm form, int which, int seed)
    {
        var field = form.Fields[which];
        var magnitude = Math.Abs((long)seed);
        var value = field.Kind switch
        {
            FieldKind.Whole => (
                (long)Math.Min(field.Least!.Value + (magnitude % 97), field.Most ?? int.MaxValue)
            ).ToString(CultureInfo.InvariantCulture),
            FieldKind.Number => Math.Min((field.Least ?? 0) + ((1 + (magnitude % 999)) / 1000.0), field.Most ?? 1e9)
                .ToString("R", CultureInfo.InvariantCulture),
            FieldKind.Flag or FieldKind.Switch => magnitude % 2 == 0 ? "true" : "false",
            FieldKind.Choice => field.Choices[(int)(magnitude % field.Choices.Count)],
            FieldKind.LongText => $"\"{seed}\" {{labels}}: # — 😀\\\n\t{seed}",
            _ => null,
        };
        if (value is not null)
            form.Set(field.Path, value);
    }

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "CLGRPO.sln")))
            folder = Path.GetDirectoryName(folder)!;
        return folder;
    }
}

using CLGRPO.Training.Models;
using CLGRPO.Training.Planning;
using CLGRPO.Training.Stages;
using CLGRPO.Training.Tests.Stages;

namespace CLGRPO.Training.Tests.Planning;

public sealed class RecipePlannerTests
{
    private const long GB = 1_000_000_000;

    // The sizes that the recipes name, EmoSet's number of images, and chains of thought as long as completions may be.
    [Theory]
    [InlineData("internvl2_5-1b-emoset", 80)]
    [InlineData("internvl3-1b-emoset", 80)]
    [InlineData("internvl2_5-1b-emoset-24gb", 24)]
    [InlineData("internvl3-1b-emoset-24gb", 24)]
    public void Shortfalls_OneBRecipeOnItsGpu_None(string name, long gigabytes) =>
        Assert.All(Stages(name), stage => Assert.Empty(Shortfalls(stage, gigabytes * GB)));

    [Fact]
    public void Shortfalls_LargeRecipeOnASmallGpu_NameSettingsThatSuffice()
    {
        var stage = Stages("internvl3-1b-emoset").Last();

        var shortfall = Assert.Single(Shortfalls(stage, 24 * GB));

        Assert.Equal((MemoryPlace.Device, 24 * GB), (shortfall.Place, shortfall.AvailableBytes));
        Assert.True(shortfall.NeededBytes > 24 * GB);
        var checkpointing = shortfall.Remedies.Single(remedy => remedy.Setting == "gradient_checkpointing");
        Assert.Equal(("false", "true"), (checkpointing.From, checkpointing.To));
        Assert.InRange(checkpointing.SavedBytes, 10 * GB, shortfall.NeededBytes);
        Assert.Contains(shortfall.Remedies, remedy => remedy is { Setting: "micro_batch_size", From: "32", To: "8" });
        // What is said to suffice does.
        if (checkpointing.Suffices)
            Assert.Empty(Shortfalls(stage with { GradientCheckpointing = true }, 24 * GB));
        else
            Assert.NotNull(shortfall.Together);
    }

    [Fact]
    public void Shortfalls_NothingHelps_SaysSo()
    {
        var shortfall = Assert.Single(Shortfalls(Stages("internvl3-1b-emoset").First(), GB));
        Assert.Null(shortfall.Together);
        Assert.DoesNotContain(shortfall.Remedies, remedy => remedy.Suffices);
    }

    private static IEnumerable<StageSettings> Stages(string name)
    {
        var path = RecipeTests
            .Recipes()
            .Select(row => row.Data)
            .Single(path => Path.GetFileNameWithoutExtension(path) == name);
        var recipe = RecipeReader.ReadFile(path);
        Assert.Equal(
            ["baseline", "stage-1", "stage-2", "stage-3", "stage-4"],
            recipe.Stages.Select(stage => stage.Name)
        );
        return recipe.Stages.Select(stage => StageSettings.Of(recipe, stage, workers: 1, isGpu: true));
    }

    private static IReadOnlyList<Shortfall> Shortfalls(StageSettings settings, long device) =>
        RecipePlanner.Shortfalls(
            ModelPreset.InternVl1B,
            settings,
            MemoryEstimatorTests.Tokens(settings, promptTokens: 380),
            new MachineMemory(64 * GB, device)
        );
}

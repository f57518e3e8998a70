using CLGRPO.Training.Planning;
using CLGRPO.Training.Stages;

namespace CLGRPO.Web.Recipes;

/// <summary>A way to make a stage fit.</summary>
/// <param name="Label">Such as <c>micro_batch_size 64 → 16</c>.</param>
/// <param name="Changes">To the recipe; none where it is a setting of the machine.</param>
public sealed record PlanFix(string Label, long SavedBytes, bool Suffices, IReadOnlyList<RecipeFix> Changes);

/// <summary>Turns the remedies of a plan into changes of its recipe.</summary>
public static class PlanFixes
{
    /// <summary>Single changes first, then all that are needed together, as one.</summary>
    /// <param name="stage">The stage's place in the recipe.</param>
    public static IReadOnlyList<PlanFix> Of(Shortfall shortfall, int stage)
    {
        var fixes = shortfall.Remedies.Select(remedy => Of(remedy, stage)).ToList();
        if (shortfall.Together is { } together)
        {
            var all = together.Select(remedy => Of(remedy, stage)).ToList();
            fixes.Add(
                new PlanFix(
                    "all of " + string.Join(", ", all.Select(fix => fix.Label)),
                    all.Sum(fix => fix.SavedBytes),
                    Suffices: all.TrueForAll(fix => fix.Changes.Count > 0),
                    [.. all.SelectMany(fix => fix.Changes)]
                )
            );
        }
        return fixes;
    }

    private static PlanFix Of(Remedy remedy, int stage)
    {
        var within = $"stages[{stage}].";
        RecipeFix Set(string path, string value) => new(path, value, $"Set {path} to {value}");
        IReadOnlyList<RecipeFix> changes = remedy.Setting switch
        {
            "--workers" => [],
            "sample_at_once" or "precision" or "image.max_tiles" => [Set(remedy.Setting, remedy.To)],
            "lora" =>
            [
                Set(within + "lora", "true"),
                Set(within + "trainable.vision", "false"),
                Set(within + "trainable.projector", "false"),
            ],
            _ => [Set(within + remedy.Setting, remedy.To)],
        };
        return new PlanFix(
            $"{remedy.Setting} {remedy.From} → {remedy.To}",
            remedy.SavedBytes,
            remedy.Suffices,
            changes
        );
    }
}

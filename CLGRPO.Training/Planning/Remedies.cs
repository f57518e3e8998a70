using System.Globalization;
using CLGRPO.Training.Models;
using CLGRPO.Training.Optimization;

namespace CLGRPO.Training.Planning;

/// <summary>Finds the settings that make a stage fit: each is changed on paper and the estimate made again.</summary>
/// <param name="model">The model's shape.</param>
/// <param name="tokens">The stage's tokens.</param>
/// <param name="needed">Bytes that an estimate takes of the memory in question.</param>
/// <param name="available">Bytes there are.</param>
internal sealed class Remedies(ModelConfig model, TokenBudget tokens, Func<MemoryEstimate, long> needed, long available)
{
    private delegate StageSettings? Change(StageSettings settings);

    // Those that change nothing but speed come first, then those that change what is learnt.
    private static readonly (string Setting, Func<StageSettings, string> Value, Change Milder)[] Known =
    [
        (
            "micro_batch_size",
            s => Text(s.MicroBatchSize),
            s =>
                s.PromptsPerMicroBatch > 1 ? s with { MicroBatchSize = s.PromptsPerMicroBatch / 2 * s.GroupSize } : null
        ),
        ("gradient_checkpointing", s => s.GradientCheckpointing ? "true" : "false", Checkpointing),
        ("sample_at_once", s => Text(s.SampleAtOnce), SampleFewer),
        ("--workers", s => Text(s.Workers), s => s.Workers > 1 ? s with { Workers = s.Workers / 2 } : null),
        (
            "precision",
            s => s.Precision.ToString().ToLowerInvariant(),
            s => s.Precision == Precision.Bf16 ? null : s with { Precision = Precision.Bf16 }
        ),
        ("image.max_tiles", s => Text(s.MaxTiles), s => s.MaxTiles > 1 ? s with { MaxTiles = s.MaxTiles / 2 } : null),
        ("lora", s => s.Lora is null ? "none" : $"{{ rank: {s.Lora.Rank} }} of the language model alone", Adapters),
        ("trainable.vision", s => s.Trainable.Vision ? "true" : "false", FreezeVision),
        ("beta", s => s.HasReference ? "above 0" : "0", s => s.HasReference ? s with { HasReference = false } : null),
        ("group_size", s => Text(s.GroupSize), HalveGroup),
    ];

    public Shortfall? Of(StageSettings settings, MemoryPlace place)
    {
        var before = Needs(settings);
        if (before <= available)
            return null;
        var singles = Known
            .Select(known => (Known: known, To: Mildest(settings, known.Milder)))
            .Where(change => change.To is not null)
            .Select(change => Remedy(change.Known, settings, change.To!, before))
            .Where(remedy => remedy.SavedBytes > 0)
            .OrderByDescending(remedy => remedy.Suffices)
            .ToList();
        return new Shortfall(
            place,
            before,
            available,
            singles,
            singles.Any(r => r.Suffices) ? null : Together(settings)
        );
    }

    /// <summary>The first value that suffices, else the one that saves most.</summary>
    private StageSettings? Mildest(StageSettings settings, Change milder)
    {
        StageSettings? last = null;
        for (var next = milder(settings); next is not null; next = milder(next))
        {
            last = next;
            if (Needs(next) <= available)
                break;
        }
        return last;
    }

    /// <summary>Changes one setting after the other as far as it helps, until all fits.</summary>
    private List<Remedy>? Together(StageSettings settings)
    {
        var changes = new List<Remedy>();
        foreach (var known in Known)
        {
            var before = Needs(settings);
            if (Mildest(settings, known.Milder) is not { } changed || Needs(changed) >= before)
                continue;
            changes.Add(Remedy(known, settings, changed, before));
            settings = changed;
            if (Needs(settings) <= available)
                return changes;
        }
        return null;
    }

    private Remedy Remedy(
        (string Setting, Func<StageSettings, string> Value, Change Milder) known,
        StageSettings from,
        StageSettings to,
        long before
    ) => new(known.Setting, known.Value(from), known.Value(to), before - Needs(to), Needs(to) <= available);

    private long Needs(StageSettings settings)
    {
        var longest = settings.IsGrpo
            ? tokens.Longest with
            {
                CompletionTokens = settings.MaxCompletionTokens,
            }
            : tokens.Longest;
        return needed(new MemoryEstimator(model, settings, tokens with { Longest = longest }).Estimate());
    }

    private static StageSettings? Adapters(StageSettings s) =>
        s.Lora is null
            ? s with
            {
                Lora = new LoraConfig(),
                Trainable = new TrainableConfig { Vision = false, Projector = false },
                HasReference = false,
            }
            : null;

    private static StageSettings? Checkpointing(StageSettings s) =>
        s.GradientCheckpointing ? null : s with { GradientCheckpointing = true };

    private static StageSettings? SampleFewer(StageSettings s) =>
        s.SampleAtOnce / 2 >= s.GroupSize * s.Workers ? s with { SampleAtOnce = s.SampleAtOnce / 2 } : null;

    private static StageSettings? FreezeVision(StageSettings s) =>
        s.Trainable is { Vision: true } && (s.Trainable.Projector || s.Trainable.Language)
            ? s with
            {
                Trainable = s.Trainable with { Vision = false },
            }
            : null;

    private static StageSettings? HalveGroup(StageSettings s) =>
        s.GroupSize >= 4
            ? s with
            {
                GroupSize = s.GroupSize / 2,
                BatchSize = s.BatchSize / 2,
                MicroBatchSize = Math.Max(1, s.MicroBatchSize / 2),
            }
            : null;

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}

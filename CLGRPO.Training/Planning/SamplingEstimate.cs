using CLGRPO.Training.Models;
using CLGRPO.Training.Rollouts;

namespace CLGRPO.Training.Planning;

/// <summary>Bytes while completions are sampled: in rollouts, and when a stage is validated.</summary>
internal sealed class SamplingEstimate
{
    private const int FullBytes = 4;

    public SamplingEstimate(
        ModelConfig model,
        StageSettings settings,
        LongestSample longest,
        int validationSamples,
        ActivationEstimate activations
    )
    {
        var rollouts = Of(settings.PromptsPerStep, settings.GroupSize);
        var validation = Of(validationSamples, 1);
        (CacheBytes, PrefillBytes, NextTokenBytes) =
            rollouts.Total >= validation.Total ? rollouts.Split : validation.Split;

        Sizes Of(int prompts, int group)
        {
            if (prompts == 0)
                return default;
            var perWorker = (prompts + settings.Workers - 1) / settings.Workers;
            var atOnce = Math.Max(group, settings.SampleAtOnce / settings.Workers);
            long slots = Math.Min(perWorker, Math.Max(1, atOnce / group));
            var rows = slots * group;
            var language = model.Language;
            long keys = language.KeyValueHeads * language.HeadSize,
                bytes = settings.ElementBytes,
                cached = (slots * longest.PromptTokens) + (rows * settings.MaxCompletionTokens);
            var prefilled = Math.Min(slots, RunningBatch.PromptsAtOnce);
            var prefill = activations.WithoutGraph(
                prefilled * longest.PromptTokens,
                activations.CausalScores(prefilled, longest.PromptTokens)
            );
            // Logits, with what is never sampled, probabilities, their running sum, and the first token's for every row of a group.
            var logits = rows * language.VocabularySize * 5L * FullBytes;
            // Without a kernel for ragged rows every row gets its prompt's keys and values, through three copies each.
            var unrolled =
                settings.IsGpu || bytes != FullBytes
                    ? rows * (longest.PromptTokens + settings.MaxCompletionTokens) * keys * 6 * bytes
                    : 0;
            return new Sizes(
                settings.Workers * language.Layers * 2 * keys * bytes * cached,
                settings.Workers * prefill,
                settings.Workers * (logits + unrolled)
            );
        }
    }

    public long CacheBytes { get; }

    public long PrefillBytes { get; }

    /// <summary>Choosing the next token of every completion.</summary>
    public long NextTokenBytes { get; }

    // Prefill is done before tokens are chosen; the larger of the two counts.
    private readonly record struct Sizes(long Cache, long Prefill, long NextToken)
    {
        public long Total => Cache + Math.Max(Prefill, NextToken);

        public (long, long, long) Split => Prefill > NextToken ? (Cache, Prefill, 0) : (Cache, 0, NextToken);
    }
}

using CLGRPO.Training.Batches;
using CLGRPO.Training.Models;
using static TorchSharp.torch;

namespace CLGRPO.Training.Rollouts;

/// <summary>
/// Samples groups of completions: one prefill for each prompt, then one decode step at a time for all running
/// completions; a completion that ends leaves the batch, and waiting prompts take the slots of finished groups.
/// </summary>
/// <param name="model">The policy.</param>
/// <param name="sampling">How a token is chosen from its logits.</param>
/// <param name="stopIds">Tokens that end a completion.</param>
/// <param name="bannedIds">Tokens that are never sampled (image tokens).</param>
/// <param name="maxRows">Completions that run at once.</param>
public sealed class RolloutSampler(
    VisionLanguageModel model,
    SamplingConfig sampling,
    IReadOnlySet<int> stopIds,
    IReadOnlyList<int> bannedIds,
    int maxRows = 512
) : IDisposable
{
    private readonly TokenSampler _tokenSampler = new(
        sampling,
        model.Config.Language.VocabularySize,
        bannedIds,
        model.Device
    );

    /// <summary>Looks on.</summary>
    internal IRolloutObserver? Observer { get; init; }

    /// <summary>Samples <paramref name="groupSize"/> completions of each prompt.</summary>
    /// <param name="prompts">What to continue.</param>
    /// <param name="groupSize">Completions of each prompt (G).</param>
    /// <param name="maxTokens">Tokens at which a completion is cut.</param>
    /// <param name="imageFeatures">Gives the image tokens of some prompts, [image tokens, feature size]; null when they have none.</param>
    /// <returns>One group for each prompt, in their order.</returns>
    public IReadOnlyList<RolloutGroup> Sample(
        IReadOnlyList<Prompt> prompts,
        int groupSize,
        int maxTokens,
        Func<IReadOnlyList<Prompt>, Tensor?> imageFeatures
    )
    {
        if (prompts.Count == 0)
            return [];
        if (DeviceDecoder.Suits(model.Device, sampling))
        {
            using var decoder = new DeviceDecoder(model, _tokenSampler, sampling.Seed, stopIds, maxRows)
            {
                Observer = Observer,
            };
            return decoder.Sample(prompts, groupSize, maxTokens, imageFeatures);
        }
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var slots = Math.Min(prompts.Count, Math.Max(1, maxRows / groupSize));
        var cache = new DecodeCache(
            model.Config.Language,
            slots,
            prompts.Max(p => p.Ids.Length),
            slots * groupSize,
            maxTokens,
            model.Decoder.Head
        );
        var batch = new RunningBatch(prompts, groupSize, slots);
        do
        {
            using var step = NewDisposeScope();
            if (batch.Admit() is { Count: > 0 } admitted)
                Choose(Prefill(cache, admitted, imageFeatures), [.. admitted.SelectMany(rows => rows)]);
            else
                Choose(Decode(cache, batch.Rows), batch.Rows);
            Observer?.Sampled(batch, maxTokens);
            batch.Retire(row => row.Terminated || row.Ids.Count == maxTokens);
        } while (batch.Rows.Count > 0 || batch.Waiting > 0);
        return batch.Groups();
    }

    /// <returns>[rows of the groups, vocabulary]: logits of the first token, the same for a whole group.</returns>
    private Tensor Prefill(
        DecodeCache cache,
        IReadOnlyList<RunningRow[]> groups,
        Func<IReadOnlyList<Prompt>, Tensor?> imageFeatures
    )
    {
        Prompt[] prompts = [.. groups.Select(rows => rows[0].Prompt)];
        var slots = Vector(groups.Select(rows => (long)rows[0].PromptSlot));
        var attention = new PrefillAttention(cache, slots, prompts.Max(p => p.Ids.Length));
        var batch = TokenBatch.OfPrompts([.. prompts.Select(p => p.Ids)], model.Config, attention, model.Device);
        var logits = nn.functional.linear(model.Forward(batch, imageFeatures(prompts)), model.Decoder.Head);
        return logits.repeat_interleave(groups[0].Length, 0);
    }

    /// <returns>[rows, vocabulary].</returns>
    private Tensor Decode(DecodeCache cache, List<RunningRow> rows)
    {
        DecodeRow[] cached =
        [
            .. rows.Select(row => new DecodeRow(row.PromptSlot, row.Prompt.Ids.Length, row.Slot, row.Ids.Count - 1)),
        ];
        var attention = new DecodeAttention(cache, cached, model.Device);
        return model.NextLogits(
            Vector(rows.Select(row => (long)row.Ids[^1])),
            Vector(rows.Select(row => (long)row.Position)),
            attention
        );
    }

    /// <summary>Chooses the next token of every row.</summary>
    private void Choose(Tensor logits, List<RunningRow> rows)
    {
        var tokens = _tokenSampler.Sample(
            logits,
            [.. rows.Select(row => row.Stream)],
            [.. rows.Select(row => row.Ids.Count)],
            Seen(rows)
        );
        var ids = tokens.Ids.cpu().data<long>();
        var logprobs = tokens.Logprobs.cpu().data<float>();
        for (var i = 0; i < rows.Count; i++)
        {
            rows[i].Ids.Add((int)ids[i]);
            rows[i].Logprobs.Add(logprobs[i]);
            rows[i].Terminated = stopIds.Contains((int)ids[i]);
        }
    }

    /// <summary>[rows, vocabulary]: ids of prompt and completion so far, for the repetition penalty; null when there is none.</summary>
    private Tensor? Seen(List<RunningRow> rows)
    {
        if (sampling.RepetitionPenalty == 1)
            return null;
        var vocabulary = model.Config.Language.VocabularySize;
        var seen = new bool[rows.Count * vocabulary];
        for (var row = 0; row < rows.Count; row++)
        {
            foreach (var id in rows[row].Prompt.Ids.Concat(rows[row].Ids))
                seen[(row * vocabulary) + id] = true;
        }
        return tensor(seen, [rows.Count, vocabulary]).to(model.Device);
    }

    public void Dispose() => _tokenSampler.Dispose();

    private Tensor Vector(IEnumerable<long> values) => tensor(values.ToArray()).to(model.Device);
}

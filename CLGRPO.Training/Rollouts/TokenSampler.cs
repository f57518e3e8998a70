using TorchSharp;
using static TorchSharp.torch;

namespace CLGRPO.Training.Rollouts;

/// <summary>Chooses the next token of every row of a batch, on the device that holds the logits.</summary>
/// <remarks>A row's choice depends on its logits and its own random number, never on the rest of the batch. With a
/// temperature alone nothing is sorted: softmax, running sum, binary search.</remarks>
public sealed class TokenSampler : IDisposable
{
    private readonly SamplingConfig _config;
    private readonly int _vocabularySize;
    private readonly Tensor? _bans; // [V]: 0, or −∞ where banned

    /// <param name="vocabularySize">Columns of the logits.</param>
    /// <param name="bannedIds">Ids that are never chosen, such as the image tokens; those outside the vocabulary are ignored.</param>
    /// <exception cref="ArgumentException">A setting is out of range, or every id is banned.</exception>
    public TokenSampler(
        SamplingConfig config,
        int vocabularySize,
        IReadOnlyCollection<int>? bannedIds = null,
        Device? device = null
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 1);
        (_config, _vocabularySize) = (config.Validated(), vocabularySize);
        var banned = (bannedIds ?? []).Where(id => id >= 0 && id < vocabularySize).Distinct().ToArray();
        if (banned.Length == vocabularySize)
        {
            throw new ArgumentException($"All {vocabularySize} ids are banned.", nameof(bannedIds));
        }
        if (banned.Length > 0)
        {
            var bans = new float[vocabularySize];
            Array.ForEach(banned, id => bans[id] = float.NegativeInfinity);
            using var scope = NewDisposeScope(); // takes the copy on the host where there are two
            _bans = tensor(bans).to(device ?? CPU).DetachFromDisposeScope();
        }
    }

    /// <summary>Draws one token per row.</summary>
    /// <param name="logits">[B, V].</param>
    /// <param name="streams">[B]; each row's random numbers, see <see cref="CounterRandom.Stream"/>.</param>
    /// <param name="positions">[B]; each row's position in its stream: the index of the token in the completion.</param>
    /// <param name="seen">[B, V] bool, ids that occurred; needed when repetition_penalty is not 1.</param>
    public SampledTokens Sample(
        Tensor logits,
        ReadOnlySpan<ulong> streams,
        ReadOnlySpan<int> positions,
        Tensor? seen = null
    )
    {
        if (_config.IsGreedy)
        {
            return MostLikely(logits, seen);
        }
        using var uniforms = Uniforms(streams, positions).to(logits.device);
        return Sample(logits, uniforms, seen);
    }

    /// <summary>The random numbers of a decode step: [B, 1], in [0, 1).</summary>
    public Tensor Uniforms(ReadOnlySpan<ulong> streams, ReadOnlySpan<int> positions)
    {
        if (streams.Length != positions.Length)
        {
            throw new ArgumentException(
                $"{streams.Length} streams and {positions.Length} positions.",
                nameof(positions)
            );
        }
        var numbers = new float[streams.Length];
        for (var row = 0; row < numbers.Length; row++)
        {
            numbers[row] = CounterRandom.Uniform(_config.Seed, streams[row], positions[row]);
        }
        return tensor(numbers, [numbers.Length, 1]);
    }

    /// <summary>Draws one token per row by inverse distribution function; tensor operations only.</summary>
    /// <param name="logits">[B, V].</param>
    /// <param name="uniforms">[B, 1] float32 in [0, 1).</param>
    public SampledTokens Sample(Tensor logits, Tensor uniforms, Tensor? seen = null)
    {
        if (_config.IsGreedy)
        {
            return MostLikely(logits, seen);
        }
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var scaled = Scaled(logits);
        var sums = Distribution(logits, scaled, seen).cumsum(-1);
        // The first token whose running sum exceeds u · total; it has a probability above 0.
        var total = sums.narrow(1, _vocabularySize - 1, 1);
        var ids = searchsorted(sums, uniforms * total, right: true).clamp(max: _vocabularySize - 1); // NaN logits end here; their log-probability is NaN and stops the run
        return Chosen(ids, scaled);
    }

    /// <summary>The distribution that is drawn from: after repetition penalty, bans, temperature, top_k, top_p and min_p.</summary>
    /// <returns>[B, V] float32.</returns>
    public Tensor Probabilities(Tensor logits, Tensor? seen = null)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return Distribution(logits, Scaled(logits), seen).MoveToOuterDisposeScope();
    }

    public void Dispose() => _bans?.Dispose();

    private SampledTokens MostLikely(Tensor logits, Tensor? seen)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var scores = logits.to(ScalarType.Float32);
        return Chosen(Banned(Penalized(scores, seen)).argmax(-1, keepdim: true), scores);
    }

    private static SampledTokens Chosen(Tensor ids, Tensor scaled)
    {
        var logprobs = scaled.gather(1, ids) - scaled.logsumexp(-1, keepdim: true);
        return new SampledTokens(
            ids.squeeze(1).MoveToOuterDisposeScope(),
            logprobs.squeeze(1).MoveToOuterDisposeScope()
        );
    }

    private Tensor Scaled(Tensor logits)
    {
        var scores = logits.to(ScalarType.Float32);
        return _config.Temperature is 1 or 0 ? scores : scores / _config.Temperature;
    }

    private Tensor Distribution(Tensor logits, Tensor scaled, Tensor? seen)
    {
        if (!_config.IsTruncated)
        {
            return Banned(scaled).softmax(-1);
        }
        var scores = _config.RepetitionPenalty != 1 ? Scaled(Penalized(logits.to(ScalarType.Float32), seen)) : scaled;
        return Truncation.Apply(Banned(scores), _config).softmax(-1);
    }

    private Tensor Banned(Tensor scores) => _bans is null ? scores : scores + _bans;

    private Tensor Penalized(Tensor scores, Tensor? seen)
    {
        if (_config.RepetitionPenalty == 1)
        {
            return scores;
        }
        var occurred =
            seen ?? throw new ArgumentException("repetition_penalty needs to know which ids occurred.", nameof(seen));
        var penalty = _config.RepetitionPenalty;
        return where(occurred, where(scores.lt(0), scores * penalty, scores / penalty), scores);
    }
}

using CLGRPO.Training.Batches;
using CLGRPO.Training.Rollouts;
using CLGRPO.Training.Tokenization;
using static TorchSharp.torch;

namespace CLGRPO.Training.Serving;

/// <summary>A request on its way through the engine. Its images and texts are read already; its model is loaded.</summary>
/// <param name="asked">What was asked.</param>
/// <param name="model">Who answers.</param>
/// <param name="input">The prompt.</param>
/// <param name="maxTokens">Tokens at which a completion is cut.</param>
/// <param name="tell">Takes an event; returns at once.</param>
/// <param name="isBehind">Whether much of what was told is still to be read: nothing more is written until it is.</param>
internal sealed class ServedRequest(
    ServeRequest asked,
    ServedModel model,
    ChatInput input,
    int maxTokens,
    Action<ServeEvent> tell,
    Func<bool> isBehind
)
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _cancelled;

    public ServeRequest Asked => asked;
    public ServedModel Model => model;
    public ChatInput Input => input;
    public int MaxTokens => maxTokens;

    /// <summary>What it needs of the cache.</summary>
    public CacheSize Needed => new(1, input.Ids.Length, asked.Count, maxTokens);

    /// <summary>How tokens are chosen, but for the seed, which is the rows' own: requests that agree are sampled together.</summary>
    public SamplingConfig Sampling { get; } =
        new SamplingConfig
        {
            Temperature = asked.Temperature,
            TopK = asked.TopK,
            TopP = asked.TopP,
            MinP = asked.MinP,
        }.Validated();

    /// <summary>Completes when the engine has nothing more to do with it.</summary>
    public Task Done => _done.Task;

    public bool IsCancelled => _cancelled;

    public bool IsBehind => isBehind();

    /// <summary>[image tokens, feature size], where label probabilities need them again; null before the prompt is computed, and without an image.</summary>
    public Tensor? Features { get; set; }

    public void Cancel() => _cancelled = true;

    /// <summary>Tells whoever asked, unless they are gone.</summary>
    public void Tell(ServeEvent told)
    {
        if (!_cancelled)
            tell(told);
    }

    /// <summary>The last that the engine does with it.</summary>
    public void End()
    {
        Features?.Dispose();
        _done.TrySetResult();
    }
}

/// <summary>A completion of a request.</summary>
internal sealed class ServedRow(ServedRequest request, int index, RunningRow row, Tokenizer tokenizer)
{
    public ServedRequest Request { get; } = request;
    public int Index { get; } = index;
    public RunningRow Row { get; } = row;
    public CompletionText Text { get; } = new(tokenizer, request.Asked.Stop);

    /// <summary>The row's own random number for its next token.</summary>
    public float NextUniform() => CounterRandom.Uniform(Request.Asked.Seed, Row.Stream, Row.Ids.Count);
}

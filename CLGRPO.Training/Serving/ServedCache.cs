using CLGRPO.Training.Models;
using CLGRPO.Training.Rollouts;
using static TorchSharp.torch;

namespace CLGRPO.Training.Serving;

/// <summary>
/// Keys and values of requests that come and go: a <see cref="DecodeCache"/> and which of its slots are free. It is made anew, larger, when
/// a request does not fit, and given back when nothing runs.
/// </summary>
internal sealed class ServedCache(VisionLanguageModel model, ServeLimits limits)
{
    // Lengths are rounded up, so that the next request, which is a little longer, finds room.
    private const int LengthStep = 64;
    private readonly SortedSet<int> _freePrompts = [];
    private readonly SortedSet<int> _freeRows = [];
    private DecodeCache? _cache;

    /// <summary>The cache; there while a request holds slots.</summary>
    public DecodeCache Held => _cache ?? throw new InvalidOperationException("No request holds a slot of the cache.");

    private LanguageConfig Config => model.Config.Language;

    /// <summary>Whether the slots that some requests need stay within the limit of memory.</summary>
    public bool Fits(CacheSize needed)
    {
        var size = SizeFor(needed);
        var width = 2L * Config.KeyValueHeads * Config.HeadSize * Config.Layers * model.Decoder.Head.element_size();
        var tokens = ((long)size.Prompts * size.PromptTokens) + ((long)size.Rows * size.CompletionTokens);
        return tokens * width <= limits.CacheBytes;
    }

    /// <summary>Makes the cache large enough for some requests at once, so that it grows once for all of them.</summary>
    public void Reserve(CacheSize needed)
    {
        var size = SizeFor(needed);
        if (size != Present())
            Enlarge(size);
    }

    /// <summary>Takes a prompt slot and some completion slots of those that were reserved.</summary>
    public (int Prompt, int[] Rows) Take(int rows)
    {
        var prompt = _freePrompts.Min;
        int[] slots = [.. _freeRows.Take(rows)];
        _freePrompts.Remove(prompt);
        _freeRows.ExceptWith(slots);
        return (prompt, slots);
    }

    public void Return(int row) => _freeRows.Add(row);

    public void ReturnPrompt(int prompt) => _freePrompts.Add(prompt);

    /// <summary>Gives the memory back.</summary>
    public void Clear()
    {
        _cache?.Dispose();
        _cache = null;
        _freePrompts.Clear();
        _freeRows.Clear();
    }

    private CacheSize Present() =>
        _cache is { } cache
            ? new CacheSize(cache.Prompts, cache.PromptTokens, cache.Rows, cache.CompletionTokens)
            : new CacheSize(0, 0, 0, 0);

    private CacheSize SizeFor(CacheSize needed)
    {
        var now = Present();
        return new CacheSize(
            Slots(now.Prompts, _freePrompts.Count, needed.Prompts),
            Math.Max(now.PromptTokens, Rounded(needed.PromptTokens)),
            Slots(now.Rows, _freeRows.Count, needed.Rows),
            Math.Max(now.CompletionTokens, Rounded(needed.CompletionTokens))
        );
    }

    private static int Slots(int now, int free, int needed) =>
        free >= needed ? now : Math.Max(2 * now, now + needed - free);

    private int Rounded(int tokens) => Math.Min((tokens + LengthStep - 1) / LengthStep * LengthStep, Config.Places);

    private void Enlarge(CacheSize size)
    {
        var now = Present();
        using var scope = NewDisposeScope();
        var larger = new DecodeCache(
            Config,
            size.Prompts,
            size.PromptTokens,
            size.Rows,
            size.CompletionTokens,
            model.Decoder.Head
        );
        if (_cache is { } smaller)
        {
            larger.CopyFrom(smaller);
            smaller.Dispose();
        }
        _cache = larger.Detached();
        _freePrompts.UnionWith(Enumerable.Range(now.Prompts, size.Prompts - now.Prompts));
        _freeRows.UnionWith(Enumerable.Range(now.Rows, size.Rows - now.Rows));
    }
}

/// <summary>Slots of a cache, or those that requests need.</summary>
/// <param name="Prompts">Prompts.</param>
/// <param name="PromptTokens">Tokens of the longest.</param>
/// <param name="Rows">Completions.</param>
/// <param name="CompletionTokens">Tokens of the longest.</param>
internal readonly record struct CacheSize(int Prompts, int PromptTokens, int Rows, int CompletionTokens)
{
    /// <summary>Room for both.</summary>
    public CacheSize With(CacheSize other) =>
        new(
            Prompts + other.Prompts,
            Math.Max(PromptTokens, other.PromptTokens),
            Rows + other.Rows,
            Math.Max(CompletionTokens, other.CompletionTokens)
        );
}

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

    /// <summary>Whether a request's slots stay within the limit of memory.</summary>
    public bool Fits(int promptTokens, int rows, int completionTokens)
    {
        var size = SizeFor(promptTokens, rows, completionTokens);
        var width = 2L * Config.KeyValueHeads * Config.HeadSize * Config.Layers * model.Decoder.Head.element_size();
        var tokens = ((long)size.Prompts * size.PromptTokens) + ((long)size.Rows * size.CompletionTokens);
        return tokens * width <= limits.CacheBytes;
    }

    /// <summary>Takes a prompt slot and some completion slots.</summary>
    public (int Prompt, int[] Rows) Take(int promptTokens, int rows, int completionTokens)
    {
        var size = SizeFor(promptTokens, rows, completionTokens);
        if (size != Present())
            Enlarge(size);
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

    private Size Present() =>
        _cache is { } cache
            ? new Size(cache.Prompts, cache.PromptTokens, cache.Rows, cache.CompletionTokens)
            : new Size(0, 0, 0, 0);

    private Size SizeFor(int promptTokens, int rows, int completionTokens)
    {
        var now = Present();
        return new Size(
            _freePrompts.Count > 0 ? now.Prompts : Math.Max(1, 2 * now.Prompts),
            Math.Max(now.PromptTokens, Rounded(promptTokens)),
            _freeRows.Count >= rows ? now.Rows : Math.Max(2 * now.Rows, now.Rows + rows),
            Math.Max(now.CompletionTokens, Rounded(completionTokens))
        );
    }

    private int Rounded(int tokens) => Math.Min((tokens + LengthStep - 1) / LengthStep * LengthStep, Config.Places);

    private void Enlarge(Size size)
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

    private readonly record struct Size(int Prompts, int PromptTokens, int Rows, int CompletionTokens);
}

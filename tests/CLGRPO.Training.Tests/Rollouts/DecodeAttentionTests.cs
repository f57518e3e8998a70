using CLGRPO.Training.Models;
using CLGRPO.Training.Rollouts;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Rollouts;

public sealed class DecodeAttentionTests
{
    [Theory]
    [InlineData(32, 4, 2)]
    [InlineData(32, 4, 4)]
    [InlineData(24, 4, 1)] // heads of 6: less than a vector register
    [InlineData(40, 4, 2)] // heads of 10: a register and a rest
    public void Attend_OverRaggedRows_IsBatchedProducts(int hidden, int heads, int keyValueHeads)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var config = Tiny.Config.Language with
        {
            HiddenSize = hidden,
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            Layers = 1,
        };
        var cache = new DecodeCache(config, prompts: 2, promptTokens: 9, rows: 6, completionTokens: 5, like: zeros(1));
        var layer = cache.Layers[0];
        foreach (var slots in new[] { layer.PromptKeys, layer.PromptValues, layer.Keys, layer.Values })
            slots.copy_(randn(slots.shape, generator: generator));
        DecodeRow[] rows = [new(0, 9, 2, 0), new(1, 4, 3, 4), new(1, 4, 5, 2), new(0, 9, 0, 1)];
        Tensor Random(long width) => randn([rows.Length, width], generator: generator);
        var width = keyValueHeads * config.HeadSize;
        var attention = new DecodeAttention(cache, rows, CPU);
        var queries = Random(hidden);
        var keys = Random(width);

        var mixed = attention.Attend(0, queries, keys, Random(width));

        Tiny.Close(attention.Eager(layer, queries), mixed, 1e-5, "mixed values");
        for (var i = 0; i < rows.Length; i++) // the new keys went where the rows say
            Assert.Equal(Tiny.Floats(keys[i]), Tiny.Floats(layer.Keys[rows[i].Slot, rows[i].Length]));
    }
}

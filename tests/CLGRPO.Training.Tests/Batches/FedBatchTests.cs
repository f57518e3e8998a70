using CLGRPO.Training.Batches;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Batches;

public sealed class FedBatchTests
{
    private static FedPrompt Prompt(int length, params int[] completions) =>
        new(0, Tiny.Ids(length, 1), [.. completions.Select(tokens => new FedCompletion(Tiny.Ids(tokens, 2), true))]);

    private static FedBatch Batch(bool shared, params FedPrompt[] prompts) => new([prompts], shared, _ => null);

    [Fact]
    public void Tokens_OfSequences_AreThoseOfTheTokenBatch()
    {
        using var scope = NewDisposeScope();
        var batch = Batch(shared: false, Prompt(3, 2), Prompt(12, 8), Prompt(1, 1));
        var fed = TokenBatch.OfSequences(
            [.. batch.MicroBatches[0].Select(prompt => (prompt.PromptIds, prompt.Completions[0].Ids))],
            Tiny.Config,
            CPU
        );
        Assert.Equal(fed.Ids.numel(), batch.Tokens);
        Assert.Equal(fed.Targets.numel(), batch.LossTokens);
        Assert.Equal((3, 20), (batch.Rows, batch.Longest));
        Assert.Equal((3 * 19) - (3 + 1) - (12 + 7) - 1, batch.Padding);
    }

    [Fact]
    public void Tokens_OfGroups_AreThoseOfTheTokenBatch()
    {
        using var scope = NewDisposeScope();
        var batch = Batch(shared: true, Prompt(6, 7, 1, 4), Prompt(11, 9, 2, 9));
        var fed = TokenBatch.OfGroups(
            [
                .. batch
                    .MicroBatches[0]
                    .Select(prompt =>
                        (prompt.PromptIds, (IReadOnlyList<int[]>)[.. prompt.Completions.Select(one => one.Ids)])
                    ),
            ],
            Tiny.Config,
            CPU
        );
        Assert.Equal(fed.Ids.numel(), batch.Tokens);
        Assert.Equal(fed.Targets.numel(), batch.LossTokens);
        Assert.Equal((6, 20), (batch.Rows, batch.Longest));
        Assert.Equal((22 - 17) + ((6 * 8) - (6 + 0 + 3 + 8 + 1 + 8)), batch.Padding);
    }

    [Fact]
    public void PaddingOf_AllRows_IsThePadding()
    {
        var batch = Batch(shared: false, Prompt(3, 2), Prompt(12, 8), Prompt(1, 1));
        var sum = batch
            .MicroBatches[0]
            .Sum(prompt => batch.PaddingOf(batch.MicroBatches[0], prompt, prompt.Completions[0]).AfterCompletion);
        Assert.Equal(batch.Padding, sum);
    }

    [Fact]
    public void LossTokens_OfACompletionThatDoesNotCount_AreNone()
    {
        var batch = new FedBatch(
            [
                [new FedPrompt(0, [1, 2], [new FedCompletion([3, 4], true), new FedCompletion([5, 6, 7], false)])],
            ],
            true,
            _ => null
        );
        Assert.Equal(2, batch.LossTokens);
    }
}

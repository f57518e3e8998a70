using CLGRPO.Training.Models;
using static TorchSharp.torch;

namespace CLGRPO.Training.Tests.Models;

public sealed class TokenLogprobsTests
{
    // The graph that log_softmax and gather record, over the whole [tokens, vocabulary] at once.
    [Theory]
    [InlineData(1.0, 1L << 25)]
    [InlineData(1.0, 3 * 29L)]
    [InlineData(0.7, 29L)]
    [InlineData(1.3, 1L)]
    public void Backward_InChunks_IsAutogradThroughLogSoftmax(double temperature, long chunkElements)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(4);
        var source = randn([11, 6], generator: generator).requires_grad_();
        var weights = randn([29, 6], generator: generator);
        var upstream = randn([11], generator: generator);
        var targets = randint(0, 29, [11], dtype: ScalarType.Int64, generator: generator);

        var plainHead = weights.clone().requires_grad_();
        var all = (nn.functional.linear(source, plainHead) / temperature).log_softmax(-1);
        var expected = all.gather(1, targets.unsqueeze(1)).squeeze(1);
        (expected * upstream).sum().backward();
        var (sourceGradient, headGradient) = (source.grad!.clone(), plainHead.grad!.clone());

        source.grad!.zero_();
        var chunkedHead = weights.clone().requires_grad_();
        chunkedHead.grad = zeros_like(weights);
        var logprobs = new TokenLogprobs(chunkedHead, temperature, chunkElements);
        var result = logprobs.Forward(source * 1, targets);
        (result.Logprobs * upstream).sum().backward();
        logprobs.Backward(result);

        Tiny.Close(expected, result.Logprobs, 1e-5, "log-probabilities");
        Tiny.Close((all.exp() * all).sum(1).neg(), result.Entropies, 1e-5, "entropies");
        Tiny.Close(sourceGradient, source.grad!, 1e-5, "gradient of the hidden states");
        Tiny.Close(headGradient, chunkedHead.grad!, 1e-5, "gradient of the head");
    }

    [Fact]
    public void Backward_WithoutALoss_SaysWhatIsMissing()
    {
        using var scope = NewDisposeScope();
        var logprobs = new TokenLogprobs(zeros(3, 2));
        var result = logprobs.Forward(zeros(1, 2), tensor(new[] { 1L }));
        var error = Assert.Throws<InvalidOperationException>(() => logprobs.Backward(result));
        Assert.Contains("loss.backward()", error.Message, StringComparison.Ordinal);
    }
}

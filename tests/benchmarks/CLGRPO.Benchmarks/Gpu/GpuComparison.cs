using System.Text.Json;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Models;
using CLGRPO.Training.Rollouts;
using static TorchSharp.torch;

namespace CLGRPO.Benchmarks.Gpu;

/// <summary>Log-probabilities and greedy tokens of one prompt with an image, in float32, beside transformers'.</summary>
internal static class GpuComparison
{
    /// <summary>Float32 on both sides; each picks its kernels, and 48 layers round differently.</summary>
    private const double Tolerance = 2e-3;

    private const int GreedyTokens = 24;

    /// <returns>Whether the two agree; what was found is written.</returns>
    public static bool Agrees(PretrainedModel model, Workload work, PeerProcess transformers, TextWriter output)
    {
        var prompt = work.Rollouts.Prompts[0];
        var continuation = work.Grpo.Completions[0];
        var (ours, greedy) = Ours(model.Model, work, prompt, continuation);
        var theirs = transformers.Ask(
            JsonSerializer.Serialize(
                new
                {
                    op = "check",
                    continuation,
                    greedy_tokens = GreedyTokens,
                }
            )
        );
        var logprobs = theirs.GetProperty("logprobs").EnumerateArray().Select(value => value.GetDouble()).ToArray();
        var tokens = theirs.GetProperty("greedy").EnumerateArray().Select(value => value.GetInt32()).ToArray();
        var worst = ours.Zip(logprobs, (a, b) => Math.Abs(a - b)).Max();
        var same = greedy.Zip(tokens).TakeWhile(pair => pair.First == pair.Second).Count();
        var agrees = worst <= Tolerance && same == GreedyTokens;
        output.WriteLine(
            $"{(agrees ? "equal" : "DIFFERENT")}: log-probabilities of {ours.Length} tokens off by at most {worst:G3} ({Tolerance:G1} allowed), {same} of {GreedyTokens} greedy tokens the same"
        );
        return agrees;
    }

    private static (float[] Logprobs, int[] Greedy) Ours(
        VisionLanguageModel model,
        Workload work,
        int[] prompt,
        int[] continuation
    )
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var pixels = work.Values[work.Rollouts.PixelValues];
        var size = pixels.Data.Length / (int)pixels.Shape[0];
        var tile = tensor(pixels.Data[..size], [1, .. pixels.Shape[1..]]).to(model.Device);
        var features = model.ImageFeatures(tile);
        var batch = TokenBatch.OfSequences([(prompt, continuation)], model.Config, model.Device);
        var result = new TokenLogprobs(model.Decoder.Head).Forward(model.Forward(batch, features), batch.Targets);
        using var sampler = new RolloutSampler(model, SamplingConfig.Greedy, new HashSet<int>(), []);
        var greedy = sampler.Sample([new Prompt(prompt, 0, 0)], 1, GreedyTokens, _ => features)[0].Completions[0];
        return (result.Logprobs.cpu().data<float>().ToArray(), greedy.Ids);
    }
}

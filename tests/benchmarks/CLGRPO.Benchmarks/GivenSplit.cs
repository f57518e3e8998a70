using System.Globalization;
using CLGRPO.Data.Cot;
using CLGRPO.Data.Datasets;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Grpo;
using CLGRPO.Training.Rewards;
using CLGRPO.Training.Stages;
using static TorchSharp.torch;

namespace CLGRPO.Benchmarks;

/// <summary>A workload's tokens and pixels in the form in which a stage reads a data set; sample i has the pixels' tile i.</summary>
internal static class GivenSplit
{
    /// <param name="pixels">[prompts, 3, size, size], normalised.</param>
    public static PreparedSplit OfPrompts(int[][] prompts, FloatTensor pixels) =>
        Split(prompts.Select(ids => (ids, Array.Empty<int>())), pixels);

    /// <param name="inputIds">Prompt and target of each row.</param>
    /// <param name="labels">As the input ids; −100 over the prompt.</param>
    /// <param name="pixels">[rows, 3, size, size], normalised.</param>
    public static PreparedSplit OfLabels(int[][] inputIds, int[][] labels, FloatTensor pixels) =>
        Split(
            inputIds.Zip(
                labels,
                (ids, learned) =>
                {
                    var prompt = learned.TakeWhile(label => label < 0).Count();
                    return (ids[..prompt], ids[prompt..]);
                }
            ),
            pixels
        );

    private static PreparedSplit Split(IEnumerable<(int[] Prompt, int[] Target)> rows, FloatTensor pixels) =>
        new(
            [.. rows.Select((row, i) => new PreparedSample(Sample(i), Tiles: 1, row.Prompt, row.Target))],
            labels: [],
            new GivenTiles(pixels),
            CompletionStyle.Cot
        );

    private static Sample Sample(int index) =>
        new(
            index.ToString(CultureInfo.InvariantCulture),
            Image: "",
            Label: "",
            new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
        );

    private sealed class GivenTiles(FloatTensor pixels) : IImageTiles
    {
        public int TileCount(Sample sample) => 1;

        public Tensor Load(IReadOnlyList<Sample> samples, AugmentTiles? augment = null)
        {
            var size = pixels.Data.Length / (int)pixels.Shape[0];
            var values = new float[samples.Count * size];
            for (var i = 0; i < samples.Count; i++)
            {
                var index = int.Parse(samples[i].Id, CultureInfo.InvariantCulture);
                pixels.Data.AsSpan(index * size, size).CopyTo(values.AsSpan(i * size));
            }
            return tensor(values, [samples.Count, .. pixels.Shape[1..]]);
        }
    }
}

/// <summary>Steps are called one by one here, and nobody listens.</summary>
internal sealed class NoMonitor : IStageMonitor
{
    public StageProgress StepCompleted(
        StageProgress progress,
        int totalSteps,
        IReadOnlyDictionary<string, double> metrics
    ) => progress;

    public void RolloutsScored(int step, IReadOnlyList<ScoredGroup> groups) { }
}

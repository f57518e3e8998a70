namespace CLGRPO.Benchmarks;

/// <summary>Batches of one tile a prompt, random ids and pixels from a seed; the sizes of the nano model's recipes unless given.</summary>
/// <param name="Prompts">Groups of a rollout batch.</param>
/// <param name="NewTokens">Tokens of a completion.</param>
/// <param name="SftRows">Rows of an SFT batch.</param>
/// <param name="MicroBatchRows">Completions of a micro-batch of the peer's GRPO step; null for all.</param>
internal sealed record NanoWorkload(int Prompts = 32, int NewTokens = 48, int SftRows = 64, int? MicroBatchRows = null)
{
    public const int GroupSize = 8;
    private const int TextTokensInPrompt = 14;

    public Workload Create(ModelShape shape, int threads, int seed = 0)
    {
        var random = new Random(seed);
        var prompts = Rows(Prompts, () => Prompt(shape, random));
        // Completions end at different places, as sampled ones do.
        var completions = Rows(
            Prompts * GroupSize,
            () => Ids(shape, random, random.Next(NewTokens / 2, NewTokens + 1))
        );
        var sftPrompts = Rows(SftRows, () => Prompt(shape, random));
        var sftAnswers = Rows(SftRows, () => Ids(shape, random, random.Next(NewTokens / 2, NewTokens + 1)));
        var longest = completions.Max(row => row.Length);
        return new Workload(
            Model: "model",
            Tensors: "batch.safetensors",
            Threads: threads,
            Seed: seed,
            new RolloutWork(prompts, GroupSize, "pixel_values", NewTokens, Banned: [shape.ImageTokenId]),
            new SftWork(
                sftPrompts.Zip(sftAnswers, (prompt, answer) => (int[])[.. prompt, .. answer]).ToArray(),
                sftPrompts
                    .Zip(sftAnswers, (prompt, answer) => (int[])[.. Enumerable.Repeat(-100, prompt.Length), .. answer])
                    .ToArray(),
                "sft_pixel_values",
                TrainVision: true,
                Lr: 1e-5,
                Betas: [0.9, 0.98],
                WeightDecay: 0.05,
                MaxGradNorm: 1
            ),
            new GrpoWork(
                prompts,
                GroupSize,
                completions,
                "pixel_values",
                TrainVision: true,
                "old_logps",
                "ref_logps",
                "advantages",
                Temperature: 1,
                MiniBatches: 2,
                Iterations: 2,
                MicroBatchRows,
                LossType: "dapo",
                MaxCompletionLength: NewTokens,
                EpsilonLow: 0.2,
                EpsilonHigh: 0.2,
                Beta: 0.02,
                Lr: 1e-5,
                Betas: [0.9, 0.95],
                WeightDecay: 0,
                MaxGradNorm: 1
            )
        )
        {
            Values = new Dictionary<string, FloatTensor>(StringComparer.Ordinal)
            {
                ["pixel_values"] = Normal([Prompts, 3, shape.ImageSide, shape.ImageSide], random),
                ["sft_pixel_values"] = Normal([SftRows, 3, shape.ImageSide, shape.ImageSide], random),
                // About an untrained model's log-probability, so that some ratios are clipped and some are not.
                ["old_logps"] = Normal([completions.Length, longest], random, -Math.Log(shape.Vocabulary), 0.2),
                ["ref_logps"] = Normal([completions.Length, longest], random, -Math.Log(shape.Vocabulary), 0.2),
                ["advantages"] = Normal([completions.Length], random),
            },
        };
    }

    private static int[] Prompt(ModelShape shape, Random random) =>
        [
            .. Ids(shape, random, TextTokensInPrompt / 2),
            .. Enumerable.Repeat(shape.ImageTokenId, shape.ImageTokens),
            .. Ids(shape, random, TextTokensInPrompt - TextTokensInPrompt / 2),
        ];

    private static int[] Ids(ModelShape shape, Random random, int count) =>
        Rows(
            count,
            () =>
            {
                var id = random.Next(shape.Vocabulary - 1);
                return id < shape.ImageTokenId ? id : id + 1;
            }
        );

    private static T[] Rows<T>(int count, Func<T> make) => Enumerable.Range(0, count).Select(_ => make()).ToArray();

    private static FloatTensor Normal(long[] shape, Random random, double mean = 0, double deviation = 1)
    {
        var data = new float[shape.Aggregate(1L, (product, size) => product * size)];
        for (var i = 0; i < data.Length; i++)
        {
            var radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            data[i] = (float)(mean + deviation * radius * Math.Cos(2 * Math.PI * random.NextDouble()));
        }
        return new FloatTensor(shape, data);
    }
}

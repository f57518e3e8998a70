using CLGRPO.Training.Models;
using static TorchSharp.torch;

namespace CLGRPO.Training.Batches;

/// <summary>Tokens as the decoder takes them: flat rows, their positions, and which of them predict which target.</summary>
public sealed class TokenBatch
{
    private TokenBatch() { }

    /// <summary>[tokens], int64.</summary>
    public required Tensor Ids { get; init; }

    /// <summary>[tokens], int64: place in the row's sequence.</summary>
    public required Tensor Positions { get; init; }

    /// <summary>[image tokens], int64: rows whose embedding an image feature replaces; null when there are none.</summary>
    public Tensor? ImagePositions { get; init; }
    public int ImageTokens { get; init; }

    public required IAttention Attention { get; init; }

    /// <summary>[targets], int64: the row that predicts each target.</summary>
    public required Tensor Predictors { get; init; }

    /// <summary>[targets], int64.</summary>
    public required Tensor Targets { get; init; }

    /// <summary>For each target, row · width + column in a right-padded [rows, width] matrix of the targets.</summary>
    public required Tensor TargetCells { get; init; }

    /// <summary>[rows, width] of the targets.</summary>
    public required (int Rows, int Width) TargetShape { get; init; }

    /// <summary>Spreads one value for each target over a right-padded matrix; padding is 0.</summary>
    /// <param name="values">[targets].</param>
    /// <returns>[rows, width].</returns>
    public Tensor Padded(Tensor values) =>
        zeros((long)TargetShape.Rows * TargetShape.Width, dtype: values.dtype, device: values.device)
            .index_copy(0, TargetCells, values)
            .view(TargetShape.Rows, TargetShape.Width);

    /// <summary>Whole sequences, right-padded: prompt and what is to be learned.</summary>
    /// <param name="sequences">Each a prompt's ids and its target ids, which follow it.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="device">Where.</param>
    public static TokenBatch OfSequences(
        IReadOnlyList<(int[] Prompt, int[] Target)> sequences,
        ModelConfig config,
        Device device
    )
    {
        // The last target is predicted, never read.
        var width = sequences.Max(s => s.Prompt.Length + s.Target.Length) - 1;
        var rows = new RowBuilder(config.ImageTokenId);
        for (var row = 0; row < sequences.Count; row++)
        {
            var (prompt, target) = sequences[row];
            rows.Add(prompt, 0, prompt.Length);
            rows.Add(target.AsSpan(0, Math.Max(target.Length - 1, 0)), prompt.Length, width - prompt.Length);
            for (var t = 0; t < target.Length; t++)
                rows.Predict(row * width + prompt.Length + t - 1, target[t], row, t);
        }
        return rows.Build(new CausalAttention(new HeadShape(config.Language), sequences.Count, width, device), device);
    }

    /// <summary>Prompts, each computed once for its whole group of completions.</summary>
    /// <param name="groups">Each a prompt's ids and the ids of its completions, the same number for every prompt.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="device">Where.</param>
    public static TokenBatch OfGroups(
        IReadOnlyList<(int[] Prompt, IReadOnlyList<int[]> Completions)> groups,
        ModelConfig config,
        Device device
    )
    {
        var group = groups[0].Completions.Count;
        var promptWidth = groups.Max(g => g.Prompt.Length);
        var completionWidth = Math.Max(1, groups.Max(g => g.Completions.Max(c => c.Length)) - 1);
        var completionStart = groups.Count * promptWidth;
        var rows = new RowBuilder(config.ImageTokenId);
        foreach (var (prompt, _) in groups)
            rows.Add(prompt, 0, promptWidth);
        for (var row = 0; row < groups.Count * group; row++)
        {
            var prompt = groups[row / group].Prompt;
            var completion = groups[row / group].Completions[row % group];
            rows.Add(completion.AsSpan(0, Math.Max(completion.Length - 1, 0)), prompt.Length, completionWidth);
            for (var t = 0; t < completion.Length; t++)
            {
                var predictor =
                    t == 0
                        ? row / group * promptWidth + prompt.Length - 1
                        : completionStart + row * completionWidth + t - 1;
                rows.Predict(predictor, completion[t], row, t);
            }
        }
        int[] lengths = [.. groups.Select(g => g.Prompt.Length)];
        var heads = new HeadShape(config.Language);
        IAttention attention = FusedAttention.Suits(device)
            ? new FusedGroupAttention(heads, groups.Count, promptWidth, group, completionWidth, lengths, device)
            : new GroupAttention(heads, groups.Count, promptWidth, group, completionWidth, lengths, device);
        return rows.Build(attention, device);
    }

    /// <summary>Prompts alone; the last token of each predicts what comes next.</summary>
    /// <param name="prompts">Ids of each.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="attention">Mixes [prompts, longest prompt] tokens.</param>
    /// <param name="device">Where.</param>
    public static TokenBatch OfPrompts(
        IReadOnlyList<int[]> prompts,
        ModelConfig config,
        IAttention attention,
        Device device
    )
    {
        var width = prompts.Max(p => p.Length);
        var rows = new RowBuilder(config.ImageTokenId);
        for (var row = 0; row < prompts.Count; row++)
        {
            rows.Add(prompts[row], 0, width);
            rows.Predict(row * width + prompts[row].Length - 1, target: 0, row, column: 0);
        }
        return rows.Build(attention, device);
    }

    /// <summary>Collects the rows of a batch.</summary>
    private sealed class RowBuilder(int imageToken)
    {
        private readonly List<long> _ids = [];
        private readonly List<long> _positions = [];
        private readonly List<long> _imagePositions = [];
        private readonly List<(long Predictor, long Target, int Row, int Column)> _predictions = [];

        /// <summary>Appends tokens and padding up to <paramref name="width"/>; padding repeats token 0 and is never seen.</summary>
        public void Add(ReadOnlySpan<int> ids, int firstPosition, int width)
        {
            for (var i = 0; i < width; i++)
            {
                if (i < ids.Length && ids[i] == imageToken)
                    _imagePositions.Add(_ids.Count);
                _ids.Add(i < ids.Length ? ids[i] : 0);
                _positions.Add(i < ids.Length ? firstPosition + i : 0);
            }
        }

        public void Predict(long predictor, int target, int row, int column) =>
            _predictions.Add((predictor, target, row, column));

        public TokenBatch Build(IAttention attention, Device device)
        {
            Tensor Vector(IEnumerable<long> values) => tensor(values.ToArray()).to(device);
            var width = _predictions.Max(p => p.Column) + 1;
            return new TokenBatch
            {
                Ids = Vector(_ids),
                Positions = Vector(_positions),
                ImagePositions = _imagePositions.Count > 0 ? Vector(_imagePositions) : null,
                ImageTokens = _imagePositions.Count,
                Attention = attention,
                Predictors = Vector(_predictions.Select(p => p.Predictor)),
                Targets = Vector(_predictions.Select(p => p.Target)),
                TargetCells = Vector(_predictions.Select(p => (long)p.Row * width + p.Column)),
                TargetShape = (_predictions.Max(p => p.Row) + 1, width),
            };
        }
    }
}

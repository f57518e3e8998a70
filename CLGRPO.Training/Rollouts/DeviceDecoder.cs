using CLGRPO.Training.Batches;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Models;
using static TorchSharp.torch;

namespace CLGRPO.Training.Rollouts;

/// <summary>
/// Samples groups of completions without asking the device about every token: a decode step, its random numbers and its
/// choice included, is tensor operations over a <see cref="DeviceBatch"/>, recorded once as a CUDA graph and replayed.
/// Every few steps the processor looks which rows are done. What it writes is what <see cref="RolloutSampler"/> writes
/// token by token: the same random numbers, the same distribution.
/// </summary>
/// <param name="model">The policy.</param>
/// <param name="sampler">Chooses tokens from logits.</param>
/// <param name="seed">Where random numbers come from.</param>
/// <param name="stopIds">Tokens that end a completion.</param>
/// <param name="maxRows">Completions that run at once.</param>
/// <param name="fewRows">A batch of so few rows is not made smaller: a step would not be faster.</param>
internal sealed class DeviceDecoder(
    VisionLanguageModel model,
    TokenSampler sampler,
    long seed,
    IReadOnlySet<int> stopIds,
    int maxRows,
    int fewRows = 64
) : IDisposable
{
    // A row that ends idles for half as many steps on average; a look costs one wait for the device.
    private const int StepsBetweenLooks = 8;

    // Completion tokens that attention looks at begin here and double: each width is recorded anew.
    private const int SmallestWidth = 64;

    private readonly DeviceRandom _random = new(model.Device);
    private DeviceBatch _batch = null!;
    private int[] _slotOf = []; // a running row's slot in the first batch → in the present one
    private CudaGraph? _graph;
    private (int Slots, long Width) _recorded;
    private Tensor _stops = null!;

    /// <summary>Looks on.</summary>
    public IRolloutObserver? Observer { get; init; }

    /// <summary>Whether sampling on this device should go this way.</summary>
    public static bool Suits(Device device, SamplingConfig sampling) =>
        device.type == TorchSharp.DeviceType.CUDA && sampling.RepetitionPenalty == 1; // the penalty needs each row's past tokens

    /// <inheritdoc cref="RolloutSampler.Sample"/>
    public IReadOnlyList<RolloutGroup> Sample(
        IReadOnlyList<Prompt> prompts,
        int groupSize,
        int maxTokens,
        Func<IReadOnlyList<Prompt>, Tensor?> imageFeatures
    )
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var slots = Math.Min(prompts.Count, Math.Max(1, maxRows / groupSize));
        _batch = new DeviceBatch(
            model.Config.Language,
            slots,
            groupSize,
            prompts.Max(prompt => prompt.Ids.Length),
            maxTokens,
            model.Decoder.Head
        );
        _slotOf = [.. Enumerable.Range(0, slots)];
        _stops = Vector(stopIds.Select(id => (long)id));
        var running = new RunningBatch(prompts, groupSize, slots);
        try
        {
            do
            {
                using var step = NewDisposeScope();
                while (running.Admit() is { Count: > 0 } admitted)
                    Enter(admitted, imageFeatures);
                var counts = Look();
                if (Observer is { IsWatching: true })
                    ReadProgress(running, counts);
                ReadFinished(running, counts);
                Observer?.Sampled(running, maxTokens);
                running.Retire(row => counts[RowOf(row)] == 0);
                if (running.Waiting == 0)
                    Shrink(running);
                if (running.Rows.Count > 0)
                    Advance([.. counts.Where(count => count > 0)]);
            } while (running.Rows.Count > 0 || running.Waiting > 0);
        }
        finally
        {
            Forget();
            _batch.Dispose();
        }
        return running.Groups();
    }

    public void Dispose() => _random.Dispose();

    private int RowOf(RunningRow row) => (_slotOf[row.PromptSlot] * _batch.Group) + (row.Slot % _batch.Group);

    /// <summary>Computes prompts into their slots and chooses their groups' first tokens.</summary>
    private void Enter(IReadOnlyList<RunningRow[]> groups, Func<IReadOnlyList<Prompt>, Tensor?> imageFeatures)
    {
        using var scope = NewDisposeScope();
        Prompt[] prompts = [.. groups.Select(rows => rows[0].Prompt)];
        int[] slotNumbers = [.. groups.Select(rows => _slotOf[rows[0].PromptSlot])];
        var slots = Vector(slotNumbers.Select(slot => (long)slot));
        var rows = Vector(_batch.RowsOf(slotNumbers));
        var lengths = Vector(prompts.Select(prompt => (long)prompt.Ids.Length));

        var beyond = arange(_batch.PromptTokens, dtype: ScalarType.Int64, device: model.Device)
            .unsqueeze(0)
            .ge(lengths.unsqueeze(1));
        _batch.PromptMask.index_copy_(
            0,
            slots,
            zeros(beyond.shape, dtype: ScalarType.Float32, device: model.Device)
                .masked_fill_(beyond, float.NegativeInfinity)
        );
        _batch.PromptLengths.index_copy_(0, rows, lengths.repeat_interleave(_batch.Group, 0));
        var keys = Vector(groups.SelectMany(group => group).Select(row => DeviceRandom.Key(seed, row.Stream)));
        _batch.RandomKeys.index_copy_(0, rows, keys);

        var attention = new DevicePrefillAttention(_batch, slots, prompts.Max(prompt => prompt.Ids.Length));
        var batch = TokenBatch.OfPrompts([.. prompts.Select(p => p.Ids)], model.Config, attention, model.Device);
        var logits = nn.functional.linear(model.Forward(batch, imageFeatures(prompts)), model.Decoder.Head);
        var first = zeros_like(keys);
        var tokens = sampler.Sample(logits.repeat_interleave(_batch.Group, 0), _random.Uniform(keys, first));
        _batch.Ids.index_copy_(0, rows, tokens.Ids);
        _batch.SampledIds.narrow(1, 0, 1).index_copy_(0, rows, tokens.Ids.unsqueeze(1));
        _batch.SampledLogprobs.narrow(1, 0, 1).index_copy_(0, rows, tokens.Logprobs.unsqueeze(1));
        _batch.Counts.index_copy_(0, rows, first + 1);
        _batch.Done.index_copy_(0, rows, Ended(tokens.Ids, first + 1));
    }

    /// <summary>Waits for the device and reads how far it is: [rows], tokens sampled, 0 for a row that is done.</summary>
    private long[] Look() => _batch.Counts.masked_fill(_batch.Done, 0).cpu().data<long>().ToArray();

    /// <summary>A few decode steps.</summary>
    /// <param name="counts">Tokens of the rows in progress.</param>
    private void Advance(long[] counts)
    {
        var steps = (int)Math.Min(StepsBetweenLooks, _batch.CompletionTokens - counts.Min());
        var width = (long)SmallestWidth;
        while (width < counts.Max() + steps)
            width *= 2;
        var place = (_batch.Slots, Math.Min(width, _batch.CompletionTokens));
        if (_recorded != place)
        {
            Forget();
            Step(place.Item2); // once for real before it is recorded
            steps--;
            _graph = CudaGraph.Record(model.Device, () => Step(place.Item2));
            _recorded = place;
        }
        for (var i = 0; i < steps; i++)
        {
            if (_graph is null)
                Step(place.Item2);
            else
                _graph.Replay();
        }
    }

    /// <summary>One token for every row; tensor operations only, all results written in place.</summary>
    private void Step(long width)
    {
        using var scope = NewDisposeScope();
        var positions = _batch.PromptLengths + _batch.Counts - 1;
        var logits = model.NextLogits(_batch.Ids, positions, new DeviceAttention(_batch, width));
        var tokens = sampler.Sample(logits, _random.Uniform(_batch.RandomKeys, _batch.Counts));
        var column = _batch.Counts.unsqueeze(1); // a row that is done writes behind its end
        _batch.SampledIds.scatter_(1, column, tokens.Ids.unsqueeze(1));
        _batch.SampledLogprobs.scatter_(1, column, tokens.Logprobs.unsqueeze(1));
        _batch.Ids.copy_(tokens.Ids);
        _batch.Counts.add_(_batch.Done.logical_not().to(ScalarType.Int64));
        _batch.Done.logical_or_(Ended(tokens.Ids, _batch.Counts));
    }

    /// <summary>[rows], bool.</summary>
    private Tensor Ended(Tensor ids, Tensor counts) =>
        ids.unsqueeze(1).eq(_stops.unsqueeze(0)).any(1).logical_or(counts.ge(_batch.CompletionTokens));

    /// <summary>Reads what the rows in progress have that the processor does not know yet.</summary>
    private void ReadProgress(RunningBatch running, long[] progress)
    {
        using var scope = NewDisposeScope();
        var growing = running.Rows.Where(row => progress[RowOf(row)] > row.Ids.Count).ToList();
        if (growing.Count == 0)
            return;
        var first = growing.Min(row => row.Ids.Count);
        var width = (int)growing.Max(row => progress[RowOf(row)]) - first;
        var rows = Vector(growing.Select(row => (long)RowOf(row)));
        var ids = _batch.SampledIds.narrow(1, first, width).index_select(0, rows).cpu().data<long>().ToArray();
        for (var i = 0; i < growing.Count; i++)
        {
            var known = growing[i].Ids.Count;
            var more = ids.AsSpan((i * width) + known - first, (int)progress[RowOf(growing[i])] - known);
            growing[i].Ids.AddRange(more.ToArray().Select(id => (int)id));
        }
    }

    /// <summary>Reads the rows that are done.</summary>
    private void ReadFinished(RunningBatch running, long[] progress)
    {
        using var scope = NewDisposeScope();
        var finished = running.Rows.Where(row => progress[RowOf(row)] == 0).ToList();
        if (finished.Count == 0)
            return;
        var rows = Vector(finished.Select(row => (long)RowOf(row)));
        var counts = _batch.Counts.index_select(0, rows).cpu().data<long>().ToArray();
        var ids = _batch.SampledIds.index_select(0, rows).cpu().data<long>().ToArray();
        var logprobs = _batch.SampledLogprobs.index_select(0, rows).cpu().data<float>().ToArray();
        for (var i = 0; i < finished.Count; i++)
        {
            var (start, count) = (i * (_batch.CompletionTokens + 1), (int)counts[i]);
            var known = finished[i].Ids.Count;
            finished[i].Ids.AddRange(ids.AsSpan(start + known, count - known).ToArray().Select(id => (int)id));
            finished[i].Logprobs.AddRange(logprobs.AsSpan(start, count));
            finished[i].Terminated = stopIds.Contains(finished[i].Ids[^1]);
        }
    }

    /// <summary>Moves what still runs into a smaller batch, once that has half of the slots or fewer.</summary>
    private void Shrink(RunningBatch running)
    {
        int[] live = [.. running.Rows.Select(row => row.PromptSlot).Distinct()];
        if (live.Length == 0 || live.Length > _batch.Slots / 2 || _batch.Rows <= fewRows)
            return;
        Forget();
        _batch = _batch.Keep([.. live.Select(slot => _slotOf[slot])]);
        for (var i = 0; i < live.Length; i++)
            _slotOf[live[i]] = i;
    }

    private void Forget()
    {
        _graph?.Dispose();
        (_graph, _recorded) = (null, default);
    }

    private Tensor Vector(IEnumerable<long> values) => tensor(values.ToArray()).to(model.Device);
}

using CLGRPO.Training.Rollouts;

namespace CLGRPO.Training.Batches;

/// <summary>Which samples a step trains on: every pass over the data in an order of its own, a function of seed and pass.</summary>
/// <param name="samples">Indexes of the samples.</param>
/// <param name="seed">Everything random follows from it.</param>
public sealed class EpochOrder(int[] samples, long seed)
{
    private (int Epoch, int[] Order) _current = (-1, []);

    public int Count => samples.Length;

    /// <summary>The samples of a step; a batch may begin in one pass and end in the next.</summary>
    /// <returns>Indexes, and the pass of the first.</returns>
    public (int[] Samples, int Epoch) Batch(int step, int size)
    {
        var first = (long)step * size;
        var batch = new int[size];
        for (var i = 0; i < size; i++)
            batch[i] = At(first + i);
        return (batch, (int)(first / samples.Length));
    }

    private int At(long place)
    {
        var epoch = (int)(place / samples.Length);
        if (_current.Epoch != epoch)
            _current = (epoch, Shuffled(epoch));
        return _current.Order[place % samples.Length];
    }

    private int[] Shuffled(int epoch)
    {
        var keys = Array.ConvertAll(samples, sample => CounterRandom.Hash(seed, CounterRandom.Stream(epoch), sample));
        var order = (int[])samples.Clone();
        Array.Sort(keys, order);
        return order;
    }
}

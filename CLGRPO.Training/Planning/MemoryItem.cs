namespace CLGRPO.Training.Planning;

/// <summary>Where memory is taken.</summary>
public enum MemoryPlace
{
    /// <summary>Where the model computes: the GPU's memory, or the machine's where there is no GPU in use.</summary>
    Device,

    /// <summary>The machine's memory.</summary>
    Host,
}

/// <summary>When memory is taken; a stage needs what it always holds and the largest of the rest.</summary>
public enum MemoryPhase
{
    /// <summary>As long as the stage lasts.</summary>
    Always,

    /// <summary>Sampling completions, in rollouts and evaluations.</summary>
    Sampling,

    /// <summary>Forward and backward.</summary>
    Update,

    /// <summary>The optimizer's step.</summary>
    Optimizer,
}

/// <summary>Memory of one part.</summary>
/// <param name="Part">Such as <c>weights</c>.</param>
/// <param name="Place">Where.</param>
/// <param name="Phase">When.</param>
/// <param name="Bytes">How much.</param>
public sealed record MemoryItem(string Part, MemoryPlace Place, MemoryPhase Phase, long Bytes);

/// <summary>What a stage takes, part by part.</summary>
/// <param name="Items">Those of 0 bytes are left out.</param>
public sealed record MemoryEstimate(IReadOnlyList<MemoryItem> Items)
{
    /// <summary>The most that is taken at once on the device.</summary>
    public long DeviceBytes => Peak(item => item.Place == MemoryPlace.Device);

    /// <summary>The most that is taken at once of the machine's memory besides the device's part.</summary>
    public long HostBytes => Peak(item => item.Place == MemoryPlace.Host);

    /// <summary>The most that is taken at once where device and host are one: a run on the processor.</summary>
    public long TotalBytes => Peak(_ => true);

    private long Peak(Func<MemoryItem, bool> counts)
    {
        var byPhase = Items.Where(counts).ToLookup(item => item.Phase, item => item.Bytes);
        return byPhase[MemoryPhase.Always].Sum()
            + byPhase.Where(phase => phase.Key != MemoryPhase.Always).Select(phase => phase.Sum()).Append(0).Max();
    }
}

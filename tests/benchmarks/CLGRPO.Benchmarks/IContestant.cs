namespace CLGRPO.Benchmarks;

/// <summary>One side of the comparison: the same model, weights, batch and threads on both.</summary>
internal interface IContestant : IDisposable
{
    /// <summary>What it is, with its version.</summary>
    string Name { get; }

    /// <summary>Numbers of the initial weights, to show that both sides compute the same; called before anything is timed.</summary>
    CheckValues Check();

    /// <summary>Samples <see cref="Workload.Rollouts"/>; returns seconds.</summary>
    double Rollouts();

    /// <summary>One optimizer step over <see cref="Workload.Sft"/>; returns seconds.</summary>
    double SftStep();

    /// <summary>All optimizer steps over the rollout batch <see cref="Workload.Grpo"/>; returns seconds.</summary>
    double GrpoUpdate();

    /// <summary>The most memory its process has held so far, in MB.</summary>
    double PeakMegabytes { get; }
}

/// <param name="SftLoss">Mean over the labelled tokens of the SFT batch.</param>
/// <param name="LogprobSum">Sum over all tokens of the GRPO batch's completions.</param>
/// <param name="GrpoLoss">Of the whole GRPO batch as one mini-batch.</param>
internal sealed record CheckValues(double SftLoss, double LogprobSum, double GrpoLoss)
{
    /// <summary>Float32 on both sides, summed in different orders.</summary>
    private const double RelativeTolerance = 1e-4;

    /// <exception cref="InvalidOperationException">A number differs: the two sides do not do the same work.</exception>
    public void MustEqual(CheckValues other)
    {
        Compare("SFT loss", SftLoss, other.SftLoss);
        Compare("sum of log-probabilities", LogprobSum, other.LogprobSum);
        Compare("GRPO loss", GrpoLoss, other.GrpoLoss);
    }

    private static void Compare(string what, double ours, double peer)
    {
        var limit = RelativeTolerance * Math.Max(1, Math.Abs(peer));
        if (!(Math.Abs(ours - peer) <= limit))
        {
            throw new InvalidOperationException(
                $"The two sides disagree on the {what}: ours {ours:G9}, the peer's {peer:G9}. They would not be measured on the same work."
            );
        }
    }
}

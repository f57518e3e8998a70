namespace CLGRPO.Benchmarks;

/// <summary>Measures both sides in one run, turn by turn, so that a busy moment of the machine hits both.</summary>
internal sealed class Comparison(IContestant ours, IContestant peer, ModelShape shape, Workload work)
{
    private const int Repeats = 7;

    public BenchmarkReport Run(int threads)
    {
        ours.Check().MustEqual(peer.Check());
        var rollouts = Interleave(side => side.Rollouts());
        var sft = Interleave(side => side.SftStep());
        var grpo = Interleave(side => side.GrpoUpdate());
        // Before the limits are measured: their buffers belong to neither side.
        var memory = new Medians(ours.PeakMegabytes, peer.PeakMegabytes);
        var limits = MachineLimits.Measure(threads);
        var steps = work.Grpo.OptimizerSteps;
        return new BenchmarkReport(
            MachineLimits.Machine(threads),
            limits,
            [
                Rate("rollouts", "tokens/s", work.Rollouts.Tokens, rollouts, Arithmetic.Rollouts(shape, work.Rollouts)),
                Duration("SFT step", 1, sft, Arithmetic.SftStep(shape, work.Sft)),
                Duration("GRPO step", steps, grpo, Arithmetic.GrpoUpdate(shape, work.Grpo)),
                Row("peak memory", "MB", memory.Ours, memory.Peer, lowerIsBetter: true, share: null),
            ]
        );

        BenchmarkRow Rate(string name, string unit, double amount, Medians seconds, double flops) =>
            Row(name, unit, amount / seconds.Ours, amount / seconds.Peer, lowerIsBetter: false, Share(flops, seconds));

        BenchmarkRow Duration(string name, int parts, Medians seconds, double flops) =>
            Row(
                name,
                "ms",
                seconds.Ours * 1000 / parts,
                seconds.Peer * 1000 / parts,
                lowerIsBetter: true,
                Share(flops, seconds)
            );

        double Share(double flops, Medians seconds) => flops / seconds.Ours / (limits.SgemmGflops * 1e9);
    }

    private BenchmarkRow Row(
        string name,
        string unit,
        double value,
        double peerValue,
        bool lowerIsBetter,
        double? share
    ) => new(name, unit, value, peer.Name, peerValue, lowerIsBetter ? peerValue / value : value / peerValue, share);

    private Medians Interleave(Func<IContestant, double> run)
    {
        run(ours); // one warm-up each
        run(peer);
        var (mine, others) = (new double[Repeats], new double[Repeats]);
        for (var i = 0; i < Repeats; i++)
        {
            mine[i] = run(ours);
            others[i] = run(peer);
        }
        return new Medians(Median(mine), Median(others));
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    private sealed record Medians(double Ours, double Peer);
}

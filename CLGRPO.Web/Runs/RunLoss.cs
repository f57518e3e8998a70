using CLGRPO.Data.Runs;

namespace CLGRPO.Web.Runs;

/// <summary>What is lost with runs that are deleted.</summary>
/// <param name="Pinned">How many of the checkpoints somebody wanted to keep.</param>
/// <param name="Steps">Steps whose rollouts are stored.</param>
/// <param name="RestBytes">Metrics, log, evaluations of stages and first batches.</param>
public sealed record RunLoss(
    int Checkpoints,
    int Pinned,
    long CheckpointBytes,
    int Steps,
    long RolloutBytes,
    long RestBytes
)
{
    public static RunLoss Of(IEnumerable<RunDirectory> runs) =>
        runs.Select(Of)
            .Aggregate(
                new RunLoss(0, 0, 0, 0, 0, 0),
                (all, one) =>
                    new RunLoss(
                        all.Checkpoints + one.Checkpoints,
                        all.Pinned + one.Pinned,
                        all.CheckpointBytes + one.CheckpointBytes,
                        all.Steps + one.Steps,
                        all.RolloutBytes + one.RolloutBytes,
                        all.RestBytes + one.RestBytes
                    )
            );

    private static RunLoss Of(RunDirectory run)
    {
        var checkpoints = RunCheckpoints.List(run);
        var (weights, rollouts) = (Files(run.CheckpointsPath), Files(run.RolloutsPath));
        var (weightBytes, rolloutBytes) = (Bytes(weights), Bytes(rollouts));
        return new RunLoss(
            checkpoints.Count,
            checkpoints.Count(checkpoint => checkpoint.Pinned),
            weightBytes,
            rollouts.Count,
            rolloutBytes,
            Bytes(Files(run.Path)) - weightBytes - rolloutBytes
        );
    }

    private static List<FileInfo> Files(string folder) =>
        Directory.Exists(folder) ? [.. new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories)] : [];

    private static long Bytes(List<FileInfo> files) => files.Sum(file => file.Length);
}

using CLGRPO.Data.Runs;

namespace CLGRPO.Web.Runs;

/// <summary>What a kind of warning means and what helps. The one place where it is explained.</summary>
internal sealed record WarningGuide(string Title, string Meaning, string Remedy)
{
    public static WarningGuide Of(RunWarningKind kind) =>
        kind switch
        {
            RunWarningKind.ZeroVariance => new(
                "Groups that teach nothing",
                "Every completion of these groups earned the same reward, so each advantage is zero and the step learns from the other groups alone. Usual towards a stage's end, when easy images are always right.",
                "dynamic_sampling draws other images in their place, for more time to generate; larger groups or a higher temperature make completions differ."
            ),
            RunWarningKind.ClipInert => new(
                "The clip stops nothing",
                "No token's ratio left the interval from 1 − epsilon_low to 1 + epsilon_high, so the two bounds change nothing: the stage learns as if it had none.",
                "A higher learning rate or more updates to a rollout batch (num_iterations, mini_batches) move the policy further; narrower bounds act sooner."
            ),
            RunWarningKind.Truncation => new(
                "Completions are cut off",
                "They reached max_completion_tokens before their end, mostly before the answer, and earn no reward for what they might have said.",
                "Raise max_completion_tokens, teach the format longer in stage 1, or set mask_truncated_completions so that they do not count."
            ),
            RunWarningKind.EntropyCollapse => new(
                "The entropy has collapsed",
                "The policy says nearly the same whatever is sampled: groups hardly differ, and there is little left to learn from.",
                "Go on from an earlier checkpoint with a higher epsilon_high, a higher beta or a higher temperature; entropy that falls slowly is what ClipLow intends."
            ),
            RunWarningKind.Divergence => new(
                "The training diverges",
                "The weights have gone where the numbers make no sense any more, or far from the reference; what follows gets no better.",
                "Abort, lower the learning rate or max_grad_norm, and go on from an earlier checkpoint."
            ),
            RunWarningKind.DiskFloor => new(
                "Waiting for room on the disk",
                "The next checkpoint would leave less free space than is to be spared. The run waits, loses nothing, and goes on by itself.",
                "Delete checkpoints that are needed no more, of this run or of others, or keep fewer."
            ),
            RunWarningKind.Stuck => new(
                "No report for long",
                "The process is there, but has not written a step for much longer than its steps take: a slow disk, a GPU that hangs, or a machine with too much to do.",
                "Look at the log and at the machine. Abort it, twice if it does not listen, and resume: it goes on from its last checkpoint."
            ),
            RunWarningKind.DamagedCheckpoint => new(
                "A checkpoint is left out",
                "Its files are not those that were sealed. The run went on from the one before, with the same bits as ever.",
                "Nothing needs doing. If it happens again, the disk is to be doubted."
            ),
            RunWarningKind.TornRecord => new(
                "The record's end was cut off",
                "The process before was killed while it wrote a line. The half line was removed; what it told of is done again.",
                "Nothing needs doing."
            ),
            RunWarningKind.NotWatchable => new(
                "Not everything can be watched",
                "The live socket, the first batch or the machine's figures cannot be written. The run trains as ever.",
                "The message says which file and why: mostly a full disk, a missing right, or a file system without sockets."
            ),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "A warning without an explanation."),
        };
}

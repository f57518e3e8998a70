using System.Diagnostics;
using CLGRPO.Data.Runs;

namespace CLGRPO.Data.Tests.Runs;

[Trait("Id", "REL-SAVE-6")]
public sealed class RunLockTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RunDirectory _run;

    public RunLockTests() => _run = RunDirectory.Create(_folder.In("demo"), "", "{}");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Lock_Twice_IsRefusedUntilTheFirstIsGivenBack()
    {
        using (_run.Lock())
        {
            var message = Assert.Throws<RunLockedException>(() => RunDirectory.Open(_run.Path).Lock()).Message;
            Assert.Contains(
                $"process {Environment.ProcessId} on {Environment.MachineName}",
                message,
                StringComparison.Ordinal
            );
        }
        Assert.Null(RunLock.Owner(_run));
        _run.Lock().Dispose();
    }

    [Fact]
    public void Lock_HeldByAnotherProcessInTheKernel_IsRefusedUntilItIsKilled()
    {
        // util-linux's flock takes the same kind of lock; it tells on stdout when it has it.
        var start = new ProcessStartInfo("flock") { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (
            var argument in (string[])
                ["--no-fork", Path.Combine(_run.Path, "lock"), "sh", "-c", "echo locked; exec sleep 600"]
        )
            start.ArgumentList.Add(argument);
        using var other = Process.Start(start)!;
        Assert.Equal("locked", other.StandardOutput.ReadLine());

        Assert.Throws<RunLockedException>(() => _run.Lock());

        other.Kill(); // SIGKILL
        other.WaitForExit();
        _run.Lock().Dispose();
    }

    [Fact]
    public void Lock_OwnerIsDead_IsTakenOver()
    {
        using var dead = Process.Start("true");
        dead.WaitForExit();
        WriteOwner(Environment.MachineName, dead.Id, DateTimeOffset.UtcNow);

        using var runLock = _run.Lock();

        Assert.Equal(Environment.ProcessId, RunLock.Owner(_run)!.Value.Owner.ProcessId);
    }

    [Fact]
    public void Lock_OwnersIdNowBelongsToALaterProcess_IsTakenOver()
    {
        using var other = Process.Start("sleep", "600");
        try
        {
            WriteOwner(Environment.MachineName, other.Id, DateTimeOffset.UtcNow.AddDays(-1));
            _run.Lock().Dispose();

            WriteOwner(Environment.MachineName, other.Id, new DateTimeOffset(other.StartTime.ToUniversalTime()));
            Assert.Throws<RunLockedException>(() => _run.Lock());
        }
        finally
        {
            other.Kill();
        }
    }

    [Fact]
    public void Lock_OwnerOnAnotherMachine_IsRefusedUntilItsHeartbeatIsOld()
    {
        WriteOwner("another-machine", 1, DateTimeOffset.UtcNow);
        Assert.Contains(
            "another-machine",
            Assert.Throws<RunLockedException>(() => _run.Lock()).Message,
            StringComparison.Ordinal
        );

        File.SetLastWriteTimeUtc(
            Path.Combine(_run.Path, "owner.json"),
            DateTime.UtcNow - RunLock.HeartbeatLimit - TimeSpan.FromSeconds(1)
        );
        _run.Lock().Dispose();
    }

    [Fact]
    public void Owner_WhileHeld_SaysWhoAndWhen()
    {
        using var runLock = _run.Lock();
        var (owner, heartbeat) = RunLock.Owner(_run)!.Value;

        Assert.Equal((Environment.MachineName, Environment.ProcessId), (owner.Host, owner.ProcessId));
        Assert.InRange(heartbeat, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
    }

    private void WriteOwner(string host, int process, DateTimeOffset started) =>
        File.WriteAllText(
            Path.Combine(_run.Path, "owner.json"),
            $$"""{"host":"{{host}}","process_id":{{process}},"process_started":"{{started:O}}"}"""
        );
}

using System.Diagnostics;
using CLGRPO.Data.Teachers;
using static CLGRPO.Data.Tests.Teachers.TeacherTesting;

namespace CLGRPO.Data.Tests.Teachers;

public sealed class TeacherDeskTests : IDisposable
{
    private static readonly TeacherErrand Errand = new(JobId: 3, Attempt: 1);
    private readonly ManualTime _time = new();
    private readonly CallList _log = new();
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Ask_FaultsThatMayPass_AsksAgainAndRecordsEachTry()
    {
        TeacherFault?[] faults = [TeacherFault.RateLimited, TeacherFault.ServerError, TeacherFault.Garbage, null];
        using var desk = Desk(new ScriptedTeacher(number => faults[number]));

        var answer = await _time.Run(desk.Ask(Question(""), Errand, Stop));

        Assert.Same(ScriptedTeacher.Reply, answer.Reply);
        Assert.Equal("rate_limited server_error garbage answered", _log.Outcomes);
        Assert.Equal([0, 1, 2, 3], _log.Calls.Select(call => call.Try));
        Assert.Same(_log.Calls[3], answer.Call);
        Assert.All(
            _log.Calls,
            call => Assert.Equal((3L, 7L, 1), (call.JobId!.Value, call.SampleId!.Value, call.Attempt))
        );
        // 1000 tokens at 1 and 500 at 2 a million.
        Assert.Equal((0.002, 0.002), (answer.Call.Cost, desk.Spent));
    }

    [Theory]
    [InlineData(TeacherFault.Refused)]
    [InlineData(TeacherFault.Unauthorized)]
    [InlineData(TeacherFault.TooLarge)]
    [InlineData(TeacherFault.Forbidden)]
    public async Task Ask_FaultThatStays_AsksOnce(TeacherFault fault)
    {
        var teacher = new ScriptedTeacher(_ => fault);
        using var desk = Desk(teacher);

        var error = await Assert.ThrowsAsync<TeacherException>(() => _time.Run(desk.Ask(Question(""), Errand, Stop)));

        Assert.Equal((fault, 1), (error.Fault, teacher.Asked));
    }

    [Theory]
    [InlineData(0, 5)]
    [InlineData(2, 3)]
    [InlineData(4, 1)]
    public async Task Ask_FaultEveryTime_StopsAtTheLimit(int before, int tries)
    {
        var teacher = new ScriptedTeacher(_ => TeacherFault.Timeout);
        using var desk = Desk(teacher);

        await Assert.ThrowsAsync<TeacherException>(() =>
            _time.Run(desk.Ask(Question(""), Errand with { TriesBefore = before }, Stop))
        );

        Assert.Equal(Enumerable.Range(before, tries), _log.Calls.Select(call => call.Try));
    }

    // 10 % are added at most, so that those who wait do not come back at once.
    [Theory]
    [InlineData(7, 7)]
    [InlineData(3600, 60)]
    public async Task Ask_RetryAfter_IsKeptUpToTheLongestWait(int asked, int seconds)
    {
        var start = _time.GetUtcNow();
        var teacher = new ScriptedTeacher(
            (number, _) =>
                number == 0
                    ? Task.FromException<TeacherReply>(
                        new TeacherException(TeacherFault.RateLimited, "", 429, TimeSpan.FromSeconds(asked))
                    )
                    : Task.FromResult(ScriptedTeacher.Reply)
        );
        using var desk = Desk(teacher);

        await _time.Run(desk.Ask(Question(""), Errand, Stop));

        Assert.InRange((_time.GetUtcNow() - start).TotalSeconds, seconds, seconds * 1.1);
    }

    [Fact]
    public async Task Ask_OtherWaitsForItsNextTry_TakesNoPlace()
    {
        var teacher = new ScriptedTeacher(number => number == 0 ? TeacherFault.RateLimited : null);
        teacher.Settings.Concurrency = 1;
        using var desk = Desk(teacher);

        var waiting = desk.Ask(Question("", seed: 1), Errand, Stop);
        await _time.TimerSet();
        await desk.Ask(Question("", seed: 2), Errand, Stop); // the clock stands still

        Assert.False(waiting.IsCompleted);
        await _time.Run(waiting);
    }

    [Fact]
    public async Task Standing_OfATeacherThatAsksForTime_IsLimitedUntilThen()
    {
        var teacher = new ScriptedTeacher(
            (_, _) =>
                Task.FromException<TeacherReply>(
                    new TeacherException(TeacherFault.RateLimited, "", 429, TimeSpan.FromSeconds(30))
                )
        );
        using var desk = Desk(teacher);
        Assert.Equal(
            (DeskState.Answering, null, 0),
            (desk.Standing.State, desk.Standing.Until, desk.Standing.InFlight)
        );

        var waiting = desk.Ask(Question(""), Errand, Stop);
        await _time.TimerSet();

        var standing = desk.Standing;
        Assert.Equal(DeskState.Limited, standing.State);
        Assert.Equal(_time.GetUtcNow().UtcDateTime.AddSeconds(30), standing.Until);
        Assert.Equal((0, teacher.Settings.Concurrency), (standing.InFlight, standing.Places));
        await Assert.ThrowsAsync<TeacherException>(() => _time.Run(waiting));
    }

    [Fact]
    public async Task Ask_NotAllowedAnyMore_AsksNothing()
    {
        var teacher = new ScriptedTeacher(_ => null);
        using var desk = Desk(teacher);

        var refused = await Assert.ThrowsAsync<TeacherException>(() =>
            desk.Ask(
                Question(""),
                Errand,
                Stop,
                allow: () => throw new TeacherException(TeacherFault.BudgetSpent, "spent")
            )
        );

        Assert.Equal((TeacherFault.BudgetSpent, 0), (refused.Fault, teacher.Asked));
    }

    [Fact]
    public async Task Ask_ManyAtOnce_KeepsToItsPlaces()
    {
        var teacher = new ScriptedTeacher(
            async (_, _) =>
            {
                await Task.Yield();
                return ScriptedTeacher.Reply;
            }
        );
        teacher.Settings.Concurrency = 3;
        using var desk = Desk(teacher);

        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Task.Run(() => desk.Ask(Question(""), Errand, Stop))));

        Assert.Equal(200, teacher.Asked);
        Assert.InRange(teacher.MostOpen, 1, 3);
    }

    [Theory]
    [InlineData(600)]
    [InlineData(30)]
    [InlineData(90_000)]
    public async Task Ask_Rate_IsReachedAndKept(double perMinute)
    {
        var teacher = new ScriptedTeacher(_ => null);
        teacher.Settings.RequestsPerMinute = perMinute;
        using var desk = Desk(teacher);
        var start = _time.GetUtcNow();

        for (var i = 0; i < 300; i++)
        {
            await _time.Run(desk.Ask(Question(""), Errand, Stop));
        }

        var minutes = (_time.GetUtcNow() - start).TotalMinutes;
        Assert.InRange(300 / minutes / perMinute, 0.95, 1.01);
    }

    // Real time and a real server, with other faults in between. That the rate is reached too is shown on a clock that stands
    // still, and by a whole construction: here a busy machine would be measured.
    [Fact]
    public async Task Ask_RateAgainstAServer_IsKept()
    {
        const int Requests = 240;
        const double PerSecond = 120;
        var habits = new FakeHabits { Fail = 0.1, Garbage = 0.1 };
        await using var server = await FakeTeacherServer.Start(request =>
            habits.Decide(request, "contentment", ["amusement", "contentment"], label => $" this is {label}.")
        );
        var settings = Settings(server);
        settings.RequestsPerMinute = PerSecond * 60;
        using var desk = new TeacherDesk(
            Teacher(server, settings: settings),
            _log,
            new TeacherDeskConfig { BackOff = TimeSpan.FromMilliseconds(100) }
        );
        var image = Picture(_folder);
        var clock = Stopwatch.StartNew();

        await Parallel.ForEachAsync(
            Enumerable.Range(0, Requests),
            new ParallelOptions { MaxDegreeOfParallelism = 60, CancellationToken = Stop },
            async (i, stop) => await desk.Ask(Question(image, seed: i), Errand, stop)
        );

        var least = (server.Requests.Count / PerSecond * 0.95) - 1;
        Assert.Equal(server.Requests.Count, _log.Calls.Count);
        Assert.True(clock.Elapsed.TotalSeconds >= least, $"{server.Requests.Count} requests in {clock.Elapsed}");
    }

    [Fact]
    public async Task Ask_BudgetSpent_AsksNothingMore()
    {
        var teacher = new ScriptedTeacher(_ => null);
        teacher.Settings.Budget = 0.005;
        using var desk = Desk(teacher, spent: 0.001);

        await desk.Ask(Question(""), Errand, Stop);
        Assert.True(desk.HasBudget);
        await desk.Ask(Question(""), Errand, Stop);
        var error = await Assert.ThrowsAsync<TeacherException>(() => desk.Ask(Question(""), Errand, Stop));

        Assert.Equal((TeacherFault.BudgetSpent, 2, false), (error.Fault, teacher.Asked, desk.HasBudget));
        Assert.Equal("answered answered", _log.Outcomes);
    }

    [Fact]
    public async Task Ask_TeacherDownAndUpAgain_LeavesItAloneThenGoesOn()
    {
        var up = _time.GetUtcNow().AddMinutes(5);
        var teacher = new ScriptedTeacher(_ => _time.GetUtcNow() < up ? TeacherFault.ConnectionLost : null);
        var config = new TeacherDeskConfig { MaxTries = 1000 };
        using var desk = Desk(teacher, config);

        var answers = await _time.Run(
            Task.WhenAll(Enumerable.Range(0, 20).Select(i => desk.Ask(Question("", seed: i), Errand, Stop)))
        );

        Assert.Equal(20, answers.Length);
        Assert.Null(desk.DownSince);
        // Without the breaker 20 questions that come back every minute and sooner would have made several hundred.
        Assert.InRange(teacher.Asked, 20, 20 + 60);
    }

    [Fact]
    public async Task Ask_TeacherDownForLong_FailsAtOnce()
    {
        var teacher = new ScriptedTeacher(_ => TeacherFault.ConnectionLost);
        using var desk = Desk(teacher, new TeacherDeskConfig { MaxOutage = TimeSpan.FromMinutes(3) });

        var faults = new List<TeacherFault>();
        for (var i = 0; i < 40; i++)
        {
            faults.Add(
                (
                    await Assert.ThrowsAsync<TeacherException>(() =>
                        _time.Run(desk.Ask(Question("", seed: i), Errand, Stop))
                    )
                ).Fault
            );
        }

        Assert.Equal(TeacherFault.ConnectionLost, faults[0]);
        Assert.Equal(TeacherFault.Unavailable, faults[^1]);
        Assert.NotNull(desk.DownSince);
        Assert.True(teacher.Asked < 40);
        Assert.DoesNotContain("unavailable", _log.Outcomes, StringComparison.Ordinal); // nothing was asked
    }

    [Fact]
    public async Task Ask_CancelledInFlight_EndsAndIsRecorded()
    {
        var asked = new TaskCompletionSource();
        var teacher = new ScriptedTeacher(
            async (_, stop) =>
            {
                asked.SetResult();
                await Task.Delay(Timeout.Infinite, stop);
                return ScriptedTeacher.Reply;
            }
        );
        using var desk = Desk(teacher);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);

        var asking = desk.Ask(Question(""), Errand, stop.Token);
        await asked.Task;
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        Assert.Equal("cancelled", _log.Outcomes);
    }

    [Fact]
    public async Task Ask_CancelledWhileItWaits_EndsAtOnce()
    {
        using var desk = Desk(new ScriptedTeacher(_ => TeacherFault.RateLimited));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);

        var asking = desk.Ask(Question(""), Errand, stop.Token);
        await _time.TimerSet();
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        Assert.Equal("rate_limited", _log.Outcomes);
    }

    private TeacherDesk Desk(ITeacher teacher, TeacherDeskConfig? config = null, double spent = 0) =>
        new(teacher, _log, config, spent, _time, () => 0.5);
}

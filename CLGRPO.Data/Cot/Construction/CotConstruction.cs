using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>
/// Builds COT data: in every round each open sample gets a reasoning from a generator and, where its text stands the checks,
/// votes from the verifiers; with its last vote it is decided, in the order of the samples where that matters. What is
/// accepted leaves, the others go into the next round, up to a limit. Everything that was answered is in the database, so a
/// job that was killed goes on from there, to the same result. Source: METHOD.md, "COT construction".
/// </summary>
public sealed class CotConstruction : IAsyncDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    // A reply that is on its way when a pause is asked for has been paid for.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(20);

    private readonly IDbContextFactory<StoreContext> _store;
    private readonly ConstructionJob _job;
    private readonly ConstructionConfig _config;
    private readonly JobItems _items;
    private readonly CotQuestions _questions;
    private readonly CotJudge _judge;
    private readonly CotRows _rows;
    private readonly ConstructionWriter _writer;
    private readonly Dictionary<string, TeacherDesk> _desks;
    private readonly TimeProvider _time;
    private readonly FileStream _lock;
    private readonly Lock _spentLock = new();
    private double _spent;
    private Dictionary<(long? Sample, string Teacher, PromptPurpose Purpose), FailedTries> _failedBefore = [];

    private CotConstruction(
        JobSetup setup,
        ConstructionWriter writer,
        Dictionary<string, TeacherDesk> desks,
        FileStream jobLock
    )
    {
        (_store, _job, _config, _time) = (setup.Store, setup.Job, setup.Config, setup.Time);
        _items = new JobItems(setup.Store, setup.Job, setup.Config);
        _questions = new CotQuestions(setup.Config, setup.Dataset, setup.Generate, setup.Verify, setup.Root);
        _judge = new CotJudge(setup.Config, setup.Dataset, setup.Attributes);
        _rows = new CotRows(setup, _questions, _judge);
        (_writer, _desks, _lock, _spent) = (writer, desks, jobLock, setup.SpentHere);
    }

    /// <summary>How it stands with the teachers, by name.</summary>
    public IReadOnlyList<DeskStanding> Standings =>
        [.. _desks.Values.Select(desk => desk.Standing).OrderBy(desk => desk.Teacher, StringComparer.Ordinal)];

    /// <summary>Whether some process works on a job at this moment.</summary>
    public static bool IsWorkedOn(string root, long jobId) => JobLock.IsTaken(root, jobId);

    /// <summary>Takes a job to work on. One process works on a job at a time.</summary>
    /// <param name="setup">The job with what it needs.</param>
    /// <param name="openDesk">Opens a teacher's desk: the teacher, where its requests are recorded, what it has cost so far.</param>
    /// <exception cref="ConstructionException">Another process works on it.</exception>
    public static async Task<CotConstruction> Open(
        JobSetup setup,
        Func<StoredTeacher, ITeacherCallLog, double, TeacherDesk> openDesk
    )
    {
        var jobLock = JobLock.Take(setup.Root, setup.Job.Id);
        var writer = new ConstructionWriter(setup.Store);
        var desks = new Dictionary<string, TeacherDesk>(StringComparer.Ordinal);
        try
        {
            foreach (var teacher in setup.Teachers)
                desks.Add(teacher.Name, openDesk(teacher, writer, setup.Spent.GetValueOrDefault(teacher.Name)));
            return new CotConstruction(setup, writer, desks, jobLock);
        }
        catch
        {
            await Close(writer, desks.Values, jobLock);
            throw;
        }
    }

    /// <summary>Works until the job is done or <paramref name="stop"/> asks for a pause; then what is in flight is still waited for.</summary>
    /// <returns>The job's state: completed, paused or cancelled.</returns>
    public async Task<JobState> Run(CancellationToken stop)
    {
        if (await SetState(JobState.Running) == JobState.Cancelled)
            return JobState.Cancelled; // since it was loaded
        using var halted = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var watching = HeedRequests(halted);
        try
        {
            return await Work(halted.Token);
        }
        finally
        {
            await halted.CancelAsync();
            await watching;
        }
    }

    private async Task<JobState> Work(CancellationToken stop)
    {
        try
        {
            await _items.EnterSamples(stop);
            await RememberAccepted();
            while (await _items.CurrentRound() is { } round)
            {
                await WorkThrough(round, stop);
                stop.ThrowIfCancellationRequested();
            }
            return await SetState(JobState.Completed);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return await SetState(JobState.Paused);
        }
        catch (TeacherException fault)
        {
            return await SetState(JobState.Paused, fault.Message);
        }
        catch (Exception failure)
        {
            await SetState(JobState.Failed, failure.Message);
            throw;
        }
    }

    public ValueTask DisposeAsync() => Close(_writer, _desks.Values, _lock);

    private static async ValueTask Close(ConstructionWriter writer, IEnumerable<TeacherDesk> desks, FileStream jobLock)
    {
        await writer.DisposeAsync();
        foreach (var desk in desks)
            desk.Dispose();
        await jobLock.DisposeAsync();
    }

    /// <summary>Another process (the site, the command line) may have asked for a pause or the end.</summary>
    private async Task HeedRequests(CancellationTokenSource halted)
    {
        using var timer = new PeriodicTimer(LookEvery, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(halted.Token))
            {
                await using var context = _store.CreateDbContext();
                var state = await context.Jobs.Where(job => job.Id == _job.Id).Select(job => job.State).SingleAsync();
                if (state != JobState.Running)
                    await halted.CancelAsync();
            }
        }
        catch (OperationCanceledException) when (halted.IsCancellationRequested)
        {
            // The work is over.
        }
    }

    /// <summary>What was accepted before the process began counts before what it brings: of the round in progress, that is the beginning.</summary>
    private async Task RememberAccepted()
    {
        if (await _items.CurrentRound() is not { } round)
            return;
        for (var attempt = 0; attempt <= round; attempt++)
        {
            await foreach (var record in _items.Accepted(attempt))
                _judge.Remember(record);
        }
    }

    /// <summary>Asks all that the round still needs, and decides its samples.</summary>
    private async Task WorkThrough(int round, CancellationToken stop)
    {
        _failedBefore = await _items.FailedTries(round);
        // A question that waits for its next try holds no place at its desk, so more of them are open than there are places.
        var inFlight = 2 * _desks.Values.Sum(desk => desk.Settings.Concurrency) + 16;
        using var halt = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var abandon = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);
        await using var grace = halt.Token.Register(() => abandon.CancelAfter(Grace));
        var tokens = new Tokens(halt.Token, abandon.Token);
        var options = new ParallelOptions { MaxDegreeOfParallelism = inFlight };
        var verdicts = new RoundVerdicts(_config, _judge, _writer);
        // Taken one after the other: places are in the order of the samples.
        await Parallel.ForEachAsync(
            _items.Open(round, halt.Token).Select(item => (Item: item, Place: verdicts.Enter(item))),
            options,
            async (work, _) =>
            {
                try
                {
                    await verdicts.Answer(work.Place, await Work(work.Item, round, tokens));
                }
                catch (OperationCanceledException) when (tokens.BeginNothingNew.IsCancellationRequested)
                {
                    // The pause was asked for, or is another item's doing, which reports it.
                }
                catch
                {
                    await halt.CancelAsync();
                    throw;
                }
            }
        );
    }

    /// <returns>The record of the round, with all its votes.</returns>
    private async Task<CotRecord> Work(ConstructionItem item, int round, Tokens tokens)
    {
        var record = item.Sample!.Records.SingleOrDefault() ?? await Generate(item.Sample, round, tokens);
        if (record.State != CotState.Candidate)
            return record; // its text is at fault: nobody needs to look at it
        var voted = record.Votes.Select(vote => vote.Teacher).ToHashSet(StringComparer.Ordinal);
        var missing = _questions.VerifiersOf(record.Teacher).Where(verifier => !voted.Contains(verifier));
        record.Votes.AddRange(
            await Task.WhenAll(missing.Select(verifier => Verify(item.Sample, record, round, verifier, tokens)))
        );
        return record;
    }

    private Task<CotRecord> Generate(StoredSample sample, int round, Tokens tokens)
    {
        var desk = _desks[_questions.GeneratorOf(sample, round)];
        return Ask(
            desk,
            _questions.ToGenerate(sample, round),
            round,
            tokens,
            outcome => _rows.RecordOf(sample, round, desk.Settings, outcome)
        );
    }

    private Task<CotVote> Verify(StoredSample sample, CotRecord record, int round, string verifier, Tokens tokens)
    {
        var reasoning = CompletionFormat.Parse(record.Completion, CompletionStyle.Cot).Think!;
        var desk = _desks[verifier];
        return Ask(
            desk,
            _questions.ToVerify(sample, round, verifier, reasoning),
            round,
            tokens,
            outcome => _rows.VoteOf(sample, record, desk.Settings, outcome)
        );
    }

    /// <summary>
    /// Asks, and writes what came of it before the teacher's place is free for the next question. A request that has begun is
    /// waited for, for a while: only the start of new ones heeds a pause at once.
    /// </summary>
    private async Task<T> Ask<T>(
        TeacherDesk desk,
        TeacherQuestion question,
        int round,
        Tokens tokens,
        Func<CotOutcome, T> rowOf
    )
        where T : class
    {
        var failed = _failedBefore.GetValueOrDefault((question.Sample.Id, desk.Settings.Name, question.Purpose));
        if (failed.Count >= desk.MaxTries)
            return await Write(new CotOutcome(Answer: null, failed.LastOutcome)); // stopped before that was written
        tokens.BeginNothingNew.ThrowIfCancellationRequested();
        T? row = null;
        try
        {
            var errand = new TeacherErrand(_job.Id, round, failed.Count);
            await desk.Ask(
                question,
                errand,
                tokens.Abandon,
                async answer => row = await Write(new(answer, null)),
                CheckBudget
            );
            return row!;
        }
        catch (TeacherException fault) when (!NeedsAPerson(fault))
        {
            return await Write(new CotOutcome(Answer: null, TeacherOutcome.Of(fault.Fault)));
        }

        async Task<T> Write(CotOutcome outcome)
        {
            Pay(outcome);
            var written = rowOf(outcome);
            await _writer.Write(outcome.WithCall(written));
            return written;
        }
    }

    private void Pay(CotOutcome outcome)
    {
        lock (_spentLock)
            _spent += outcome.Answer?.Call.Cost ?? 0;
    }

    /// <summary>What is in flight when the budget is reached is still paid for.</summary>
    private void CheckBudget()
    {
        double spent;
        lock (_spentLock)
            spent = _spent;
        if (_config.Budget is { } budget && spent >= budget)
            throw new TeacherException(
                TeacherFault.BudgetSpent,
                $"The construction has cost {spent:0.######} of its budget of {budget:0.######}; raise the budget to go on."
            );
    }

    /// <summary>Going on would only turn every sample that is left into a failure.</summary>
    private static bool NeedsAPerson(TeacherException fault) =>
        fault.Fault
            is TeacherFault.BudgetSpent
                or TeacherFault.Unavailable
                or TeacherFault.Unauthorized
                or TeacherFault.Forbidden;

    private async Task<JobState> SetState(JobState state, string? failure = null)
    {
        var now = _time.GetUtcNow().UtcDateTime;
        await using var context = _store.CreateDbContext();
        var job = await context.Jobs.SingleAsync(job => job.Id == _job.Id);
        // A cancellation that came while the job ran is not undone by its end.
        if (job.State == JobState.Cancelled)
            state = JobState.Cancelled;
        (job.State, job.Failure) = (state, failure);
        job.StartedAt ??= now;
        job.FinishedAt = state is JobState.Completed or JobState.Cancelled ? now : null;
        await context.SaveChangesAsync();
        return state;
    }

    private readonly record struct Tokens(CancellationToken BeginNothingNew, CancellationToken Abandon);
}

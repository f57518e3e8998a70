using System.Text.Json;
using CLGRPO.Data.Cot.Checks;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>
/// Builds COT data: in every round each open sample gets a reasoning from a generator and, where its text stands the checks,
/// votes from the verifiers; then verdicts are given in the order of the samples. What is accepted leaves, the others go
/// into the next round, up to a limit. Everything that was answered is in the database, so a job that was killed goes on
/// from there, to the same result. Source: METHOD.md, "COT construction".
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
    private readonly ConstructionWriter _writer;
    private readonly Dictionary<string, TeacherDesk> _desks;
    private readonly TimeProvider _time;
    private readonly FileStream _lock;
    private Dictionary<(long? Sample, string Teacher, PromptPurpose Purpose), int> _triesBefore = [];

    private CotConstruction(
        JobSetup setup,
        FileStream jobLock,
        Func<StoredTeacher, ITeacherCallLog, double, TeacherDesk> openDesk
    )
    {
        (_store, _job, _config, _time) = (setup.Store, setup.Job, setup.Config, setup.Time);
        _items = new JobItems(setup.Store, setup.Job, setup.Config);
        _questions = new CotQuestions(setup.Config, setup.Dataset, setup.Generate, setup.Verify, setup.Root);
        _judge = new CotJudge(setup.Config, setup.Dataset, setup.Attributes);
        _writer = new ConstructionWriter(setup.Store);
        _desks = setup.Teachers.ToDictionary(
            teacher => teacher.Name,
            teacher => openDesk(teacher, _writer, setup.Spent.GetValueOrDefault(teacher.Name)),
            StringComparer.Ordinal
        );
        _lock = jobLock;
    }

    /// <summary>Takes a job to work on. One process works on a job at a time.</summary>
    /// <param name="setup">The job with what it needs.</param>
    /// <param name="openDesk">Opens a teacher's desk: the teacher, where its requests are recorded, what it has cost so far.</param>
    /// <exception cref="ConstructionException">Another process works on it.</exception>
    public static CotConstruction Open(
        JobSetup setup,
        Func<StoredTeacher, ITeacherCallLog, double, TeacherDesk> openDesk
    ) => new(setup, JobLock.Take(setup.Root, setup.Job.Id), openDesk);

    /// <summary>Works until the job is done or <paramref name="stop"/> asks for a pause; then what is in flight is still waited for.</summary>
    /// <returns>The job's state: completed, paused or cancelled.</returns>
    public async Task<JobState> Run(CancellationToken stop)
    {
        await SetState(JobState.Running);
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
                await Gather(round, stop);
                stop.ThrowIfCancellationRequested();
                await GiveVerdicts(round);
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

    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        foreach (var desk in _desks.Values)
            desk.Dispose();
        await _lock.DisposeAsync();
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

    /// <summary>What earlier rounds accepted counts before what this one brings.</summary>
    private async Task RememberAccepted()
    {
        if (await _items.CurrentRound() is not { } round)
            return;
        for (var attempt = 0; attempt < round; attempt++)
        {
            await foreach (var record in _items.Accepted(attempt))
                _judge.Remember(record);
        }
    }

    /// <summary>Asks all that the round still needs.</summary>
    private async Task Gather(int round, CancellationToken stop)
    {
        _triesBefore = await _items.FailedTries(round);
        // A question that waits for its next try holds no place at its desk, so more of them are open than there are places.
        var inFlight = 2 * _desks.Values.Sum(desk => desk.Settings.Concurrency) + 16;
        using var halt = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var abandon = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);
        await using var grace = halt.Token.Register(() => abandon.CancelAfter(Grace));
        var tokens = new Tokens(halt.Token, abandon.Token);
        var options = new ParallelOptions { MaxDegreeOfParallelism = inFlight };
        await Parallel.ForEachAsync(
            _items.Open(round, halt.Token),
            options,
            async (item, _) =>
            {
                try
                {
                    await Work(item, round, tokens);
                }
                catch (OperationCanceledException)
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

    private async Task Work(ConstructionItem item, int round, Tokens tokens)
    {
        var record = item.Sample!.Records.SingleOrDefault() ?? await Generate(item.Sample, round, tokens);
        if (record.State != CotState.Candidate)
            return; // its text is at fault: nobody needs to look at it
        var voted = record.Votes.Select(vote => vote.Teacher).ToHashSet(StringComparer.Ordinal);
        var missing = _questions.VerifiersOf(record.Teacher).Where(verifier => !voted.Contains(verifier));
        await Task.WhenAll(missing.Select(verifier => Verify(item.Sample, record, round, verifier, tokens)));
    }

    private async Task<CotRecord> Generate(StoredSample sample, int round, Tokens tokens)
    {
        var desk = _desks[_questions.GeneratorOf(sample, round)];
        var outcome = await Ask(desk, _questions.ToGenerate(sample, round), round, tokens);
        var form = outcome.Answer is { } answer
            ? ReplyForm.Of(answer.Reply, sample.Dataset!.Labels)
            : new ReplyForm("", null, null, CotReasons.TeacherFailed + outcome.Failure);
        List<string> faults = [.. _judge.Faults(form, sample)];
        var record = new CotRecord
        {
            SampleId = sample.Id,
            JobId = _job.Id,
            Attempt = round,
            Teacher = desk.Settings.Name,
            Model = desk.Settings.Model,
            PromptId = _questions.Generate.Id,
            Sampling = SamplingOf(desk.Settings),
            PromptTokens = outcome.Answer?.Call.PromptTokens ?? 0,
            CompletionTokens = outcome.Answer?.Call.CompletionTokens ?? 0,
            Cost = outcome.Answer?.Call.Cost ?? 0,
            Seconds = outcome.Answer?.Call.Seconds ?? 0,
            RawReply = outcome.Answer?.Reply.Raw,
            Completion = form.Completion,
            State = faults.Count == 0 ? CotState.Candidate : CotState.Rejected,
            Reasons = faults,
            CreatedAt = _time.GetUtcNow().UtcDateTime,
        };
        await _writer.Write(outcome.WithCall(record));
        return record;
    }

    private async Task Verify(StoredSample sample, CotRecord record, int round, string verifier, Tokens tokens)
    {
        var reasoning = CompletionFormat.Parse(record.Completion, CompletionStyle.Cot).Think!;
        var desk = _desks[verifier];
        var outcome = await Ask(desk, _questions.ToVerify(sample, round, verifier, reasoning), round, tokens);
        var label = outcome.Answer is { } answer ? ReplyForm.AnswerOf(answer.Reply, sample.Dataset!.Labels) : null;
        var vote = new CotVote
        {
            RecordId = record.Id,
            Teacher = verifier,
            Model = desk.Settings.Model,
            PromptId = _questions.Verify.Id,
            Label = label,
            Agrees = label == sample.Label,
            Failure = outcome.Failure,
            PromptTokens = outcome.Answer?.Call.PromptTokens ?? 0,
            CompletionTokens = outcome.Answer?.Call.CompletionTokens ?? 0,
            Cost = outcome.Answer?.Call.Cost ?? 0,
            Seconds = outcome.Answer?.Call.Seconds ?? 0,
            RawReply = outcome.Answer?.Reply.Raw,
            CreatedAt = _time.GetUtcNow().UtcDateTime,
        };
        await _writer.Write(outcome.WithCall(vote));
    }

    /// <summary>A request that has begun is waited for, for a while: only the start of new ones heeds a pause at once.</summary>
    private async Task<Outcome> Ask(TeacherDesk desk, TeacherQuestion question, int round, Tokens tokens)
    {
        tokens.BeginNothingNew.ThrowIfCancellationRequested();
        try
        {
            var tries = _triesBefore.GetValueOrDefault((question.Sample.Id, desk.Settings.Name, question.Purpose));
            var errand = new TeacherErrand(_job.Id, round, tries);
            return new Outcome(await desk.Ask(question, errand, tokens.Abandon), Failure: null);
        }
        catch (TeacherException fault) when (!NeedsAPerson(fault))
        {
            return new Outcome(Answer: null, TeacherOutcome.Of(fault.Fault));
        }
    }

    /// <summary>Going on would only turn every sample that is left into a failure.</summary>
    private static bool NeedsAPerson(TeacherException fault) =>
        fault.Fault
            is TeacherFault.BudgetSpent
                or TeacherFault.Unavailable
                or TeacherFault.Unauthorized
                or TeacherFault.Forbidden;

    /// <summary>Verdicts on all records of the round, in the order of their samples.</summary>
    private async Task GiveVerdicts(int round)
    {
        await foreach (var page in _items.Answered(round))
        {
            await using var context = _store.CreateDbContext();
            context.AttachRange(page);
            foreach (var item in page)
                GiveVerdict(item);
            await context.SaveChangesAsync();
        }
    }

    private void GiveVerdict(ConstructionItem item)
    {
        var record = item.Sample!.Records.Single();
        if (item.State != ItemState.Open || item.Attempts > record.Attempt)
        {
            // Judged before the process was stopped in the middle of the round.
            if (record.State == CotState.Accepted)
                _judge.Remember(record);
            return;
        }
        _judge.Judge(record);
        item.Attempts++;
        item.Reasons = [.. item.Reasons.Union(record.Reasons, StringComparer.Ordinal)];
        if (record.State == CotState.Accepted)
            (item.State, item.RecordId) = (ItemState.Accepted, record.Id);
        else if (item.Attempts == _config.Attempts)
            item.State = ItemState.Rejected;
    }

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

    private static string SamplingOf(StoredTeacher teacher) =>
        JsonSerializer.Serialize(
            new
            {
                temperature = teacher.Temperature,
                top_p = teacher.TopP,
                max_completion_tokens = teacher.MaxCompletionTokens,
                max_image_side = teacher.MaxImageSide,
            }
        );

    private readonly record struct Tokens(CancellationToken BeginNothingNew, CancellationToken Abandon);

    /// <summary>What asking came to: an answer, or why there is none.</summary>
    private sealed record Outcome(TeacherAnswer? Answer, string? Failure)
    {
        /// <summary>The row with the request that brought it; failed requests are written as they fail.</summary>
        public object[] WithCall(object row) => Answer is { } answer ? [row, answer.Call] : [row];
    }
}

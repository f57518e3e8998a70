using CLGRPO.Data.Store;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;

namespace CLGRPO.Data.Teachers;

/// <summary>
/// Where a teacher is asked: keeps to its concurrency, rate and budget, asks again where that may help, leaves it alone while it is
/// down, and records every request.
/// </summary>
/// <remarks>
/// A question that waits for its next try takes none of the teacher's places: a caller that wants the full rate keeps more questions
/// open than <see cref="StoredTeacher.Concurrency"/>. Requests in flight when the budget is reached are still paid for.
/// </remarks>
public sealed class TeacherDesk : IDisposable
{
    private static readonly ResiliencePropertyKey<Errand> ErrandKey = new("errand");
    private readonly ITeacher _teacher;
    private readonly ITeacherCallLog _log;
    private readonly TeacherDeskConfig _config;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _places;
    private readonly RequestPace _pace;
    private readonly ResiliencePipeline _retry;
    private readonly ResiliencePipeline _breaker;
    private readonly Lock _spentLock = new();
    private double _spent;
    private long _downSince;
    private long _probedAt;
    private long _limitedUntil;
    private int _inFlight;

    /// <param name="teacher">Who is asked; disposed with the desk.</param>
    /// <param name="log">Gets every request.</param>
    /// <param name="spent">Cost of the teacher's earlier requests, for its budget.</param>
    /// <param name="time">The clock of rates, waits and timestamps; the system's by default.</param>
    /// <param name="jitter">Uniform in [0, 1); random by default.</param>
    public TeacherDesk(
        ITeacher teacher,
        ITeacherCallLog log,
        TeacherDeskConfig? config = null,
        double spent = 0,
        TimeProvider? time = null,
        Func<double>? jitter = null
    )
    {
        (_teacher, _log, _spent) = (teacher, log, spent);
        _config = config ?? new();
        _time = time ?? TimeProvider.System;
        _places = new SemaphoreSlim(Math.Max(1, teacher.Settings.Concurrency));
        _pace = new RequestPace(teacher.Settings.RequestsPerMinute, _time);
        _retry = BuildRetry(jitter ?? Random.Shared.NextDouble);
        _breaker = BuildBreaker();
    }

    /// <summary>As configured.</summary>
    public StoredTeacher Settings => _teacher.Settings;

    /// <summary>Requests for one question at most.</summary>
    public int MaxTries => _config.MaxTries;

    /// <summary>Cost of all requests so far.</summary>
    public double Spent
    {
        get
        {
            lock (_spentLock)
            {
                return _spent;
            }
        }
    }

    /// <summary>Whether the teacher's budget allows another question.</summary>
    public bool HasBudget => Settings.Budget is not { } budget || Spent < budget;

    /// <summary>Since when the teacher has been down; null while it answers.</summary>
    public DateTime? DownSince => Moment(ref _downSince);

    /// <summary>How it stands with the teacher at this moment.</summary>
    public DeskStanding Standing
    {
        get
        {
            var limited = Moment(ref _limitedUntil) is { } until && until > _time.GetUtcNow().UtcDateTime;
            // A teacher that asks for time is not down, even if it is left alone for all its refusals.
            var state =
                limited ? DeskState.Limited
                : DownSince is not null ? DeskState.Down
                : DeskState.Answering;
            return new DeskStanding(
                Settings.Name,
                state,
                state switch
                {
                    DeskState.Down => Moment(ref _probedAt),
                    DeskState.Limited => Moment(ref _limitedUntil),
                    _ => null,
                },
                Volatile.Read(ref _inFlight),
                Settings.Concurrency,
                Spent
            );
        }
    }

    /// <summary>Asks until there is an answer or the tries are used up.</summary>
    /// <exception cref="TeacherException">There is no answer; the fault is that of the last try.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was requested.</exception>
    /// <param name="keep">
    /// Puts the answer where it is safe; called while the question still has its place, so that no more answers than
    /// <see cref="StoredTeacher.Concurrency"/> are ever lost when the process is killed.
    /// </param>
    /// <param name="allow">Called before each request, when the question has its place; throws where it must not be asked any more.</param>
    public async Task<TeacherAnswer> Ask(
        TeacherQuestion question,
        TeacherErrand errand,
        CancellationToken stop,
        Func<TeacherAnswer, Task>? keep = null,
        Action? allow = null
    )
    {
        var context = ResilienceContextPool.Shared.Get(stop);
        try
        {
            var run = new Errand(question, errand, keep, allow);
            context.Properties.Set(ErrandKey, run);
            return await _retry.ExecuteAsync(
                static (context, state) =>
                    new ValueTask<TeacherAnswer>(state.Desk.TryWhenUp(state.Run, context.CancellationToken)),
                context,
                (Desk: this, Run: run)
            );
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        (_teacher as IDisposable)?.Dispose();
        _places.Dispose();
    }

    private async Task<TeacherAnswer> TryWhenUp(Errand errand, CancellationToken stop)
    {
        while (true)
        {
            try
            {
                return await TryInTurn(errand, stop);
            }
            catch (BrokenCircuitException down)
            {
                await WaitWhileDown(down, stop);
            }
        }
    }

    private async Task<TeacherAnswer> TryInTurn(Errand errand, CancellationToken stop)
    {
        await _places.WaitAsync(stop);
        try
        {
            CheckBudget();
            errand.Allow();
            await _pace.Wait(stop);
            return await _breaker.ExecuteAsync(
                static (state, stop) => new ValueTask<TeacherAnswer>(state.Desk.TryOnce(state.Errand, stop)),
                (Desk: this, Errand: errand),
                stop
            );
        }
        finally
        {
            _places.Release();
        }
    }

    private async Task<TeacherAnswer> TryOnce(Errand errand, CancellationToken stop)
    {
        Interlocked.Increment(ref _inFlight);
        var number = errand.NextTry();
        var (startedAt, clock) = (_time.GetUtcNow().UtcDateTime, _time.GetTimestamp());
        TeacherCall Ended(string outcome, TeacherReply? reply, TeacherException? fault) =>
            new()
            {
                JobId = errand.For.JobId,
                SampleId = errand.Question.Sample.Id,
                Teacher = Settings.Name,
                Purpose = errand.Question.Purpose,
                Attempt = errand.For.Attempt,
                Try = number,
                Outcome = outcome,
                HttpStatus = fault?.HttpStatus,
                Error = fault?.Message,
                PromptTokens = reply?.PromptTokens ?? 0,
                CompletionTokens = reply?.CompletionTokens ?? 0,
                Cost = reply is null ? 0 : TeacherCost.Of(Settings, reply.PromptTokens, reply.CompletionTokens),
                Seconds = _time.GetElapsedTime(clock).TotalSeconds,
                StartedAt = startedAt,
            };
        try
        {
            var reply = await _teacher.Ask(errand.Question, stop);
            var call = Ended(reply.Truncated ? TeacherOutcome.Truncated : TeacherOutcome.Answered, reply, fault: null);
            Pay(call.Cost);
            await _log.Record(call);
            var answer = new TeacherAnswer(reply, call);
            await errand.Keep(answer);
            return answer;
        }
        catch (TeacherException fault)
        {
            if (fault.Fault == TeacherFault.RateLimited)
                Interlocked.Exchange(ref _limitedUntil, (_time.GetUtcNow().UtcDateTime + Kept(fault)).Ticks);
            await _log.Record(Ended(TeacherOutcome.Of(fault.Fault), reply: null, fault));
            throw;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await _log.Record(Ended(TeacherOutcome.Cancelled, reply: null, fault: null));
            throw;
        }
        finally
        {
            Interlocked.Decrement(ref _inFlight);
        }
    }

    private static DateTime? Moment(ref long ticks) =>
        Interlocked.Read(ref ticks) is > 0 and var known ? new(known, DateTimeKind.Utc) : null;

    /// <summary>How long a teacher that is asked too often is given: what it asks for, up to the longest wait.</summary>
    private TimeSpan Kept(TeacherException fault)
    {
        var asked = fault.RetryAfter ?? _config.BackOff;
        return asked < _config.MaxBackOff ? asked : _config.MaxBackOff;
    }

    private void CheckBudget()
    {
        if (!HasBudget)
        {
            throw new TeacherException(
                TeacherFault.BudgetSpent,
                $"Teacher '{Settings.Name}' has cost {Spent:0.######} of its budget of {Settings.Budget:0.######}; raise the budget to ask it again."
            );
        }
    }

    private void Pay(double cost)
    {
        lock (_spentLock)
        {
            _spent += cost;
        }
    }

    private Task WaitWhileDown(BrokenCircuitException down, CancellationToken stop)
    {
        var wait = down.RetryAfter is { } known && known > TimeSpan.Zero ? known : _config.Break;
        if (DownSince is { } since && _time.GetUtcNow().UtcDateTime - since > _config.MaxOutage)
        {
            throw new TeacherException(
                TeacherFault.Unavailable,
                $"Teacher '{Settings.Name}' has not answered since {since:u}; it is probed again from time to time.",
                retryAfter: wait
            );
        }
        return Task.Delay(wait, _time, stop);
    }

    private ResiliencePipeline BuildRetry(Func<double> jitter) =>
        new ResiliencePipelineBuilder { TimeProvider = _time }
            .AddRetry(
                new RetryStrategyOptions
                {
                    MaxRetryAttempts = Math.Max(1, _config.MaxTries - 1),
                    BackoffType = DelayBackoffType.Exponential,
                    UseJitter = true,
                    Delay = _config.BackOff,
                    MaxDelay = _config.MaxBackOff,
                    Randomizer = jitter,
                    ShouldHandle = args =>
                        ValueTask.FromResult(
                            args.Outcome.Exception is TeacherException { MayHelpToRetry: true }
                                && args.Context.Properties.TryGetValue(ErrandKey, out var errand)
                                && errand.Tries < _config.MaxTries
                        ),
                    DelayGenerator = args => ValueTask.FromResult(AskedDelay(args.Outcome.Exception, jitter())),
                }
            )
            .Build();

    // A wait that the teacher asked for is kept up to the longest one, and stretched a little, so that not all come back at once.
    private TimeSpan? AskedDelay(Exception? fault, double jitter)
    {
        if (fault is not TeacherException { RetryAfter: not null } limited)
        {
            return null;
        }
        var kept = Kept(limited);
        return kept + (kept * 0.1 * jitter);
    }

    private ResiliencePipeline BuildBreaker() =>
        new ResiliencePipelineBuilder { TimeProvider = _time }
            .AddCircuitBreaker(
                new CircuitBreakerStrategyOptions
                {
                    FailureRatio = _config.FailureRatio,
                    MinimumThroughput = Math.Max(2, _config.MinRequests),
                    SamplingDuration = _config.FailureWindow,
                    BreakDurationGenerator = args =>
                        ValueTask.FromResult(
                            TimeSpan.FromTicks(
                                (long)
                                    Math.Min(
                                        _config.Break.Ticks * Math.Pow(2, Math.Min(args.HalfOpenAttempts, 30)),
                                        _config.MaxBreak.Ticks
                                    )
                            )
                        ),
                    ShouldHandle = args => ValueTask.FromResult(args.Outcome.Exception is TeacherException),
                    OnOpened = opened =>
                    {
                        var now = _time.GetUtcNow().UtcDateTime;
                        Interlocked.Exchange(ref _probedAt, (now + opened.BreakDuration).Ticks);
                        Interlocked.CompareExchange(ref _downSince, now.Ticks, 0);
                        return ValueTask.CompletedTask;
                    },
                    OnClosed = closed =>
                    {
                        Interlocked.Exchange(ref _downSince, 0);
                        return ValueTask.CompletedTask;
                    },
                }
            )
            .Build();

    /// <summary>A question on its way, with the number of requests made for it.</summary>
    private sealed class Errand(
        TeacherQuestion question,
        TeacherErrand errand,
        Func<TeacherAnswer, Task>? keep,
        Action? allow
    )
    {
        public TeacherQuestion Question { get; } = question;
        public TeacherErrand For { get; } = errand;
        public int Tries { get; private set; } = errand.TriesBefore;

        public int NextTry() => Tries++;

        public void Allow() => allow?.Invoke();

        public Task Keep(TeacherAnswer answer) => keep?.Invoke(answer) ?? Task.CompletedTask;
    }
}

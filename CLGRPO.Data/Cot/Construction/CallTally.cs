using System.Runtime.InteropServices;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>The requests of a job, as numbers. A look reads those that are new.</summary>
internal sealed class CallTally(long jobId)
{
    private static readonly TimeSpan RateWindow = TimeSpan.FromMinutes(5);
    private readonly SortedDictionary<string, Account> _teachers = new(StringComparer.Ordinal);
    private readonly List<DateTime> _recent = []; // answered ones of the last minutes
    private long _last;

    public int Count { get; private set; }

    public IEnumerable<string> Teachers => _teachers.Keys;

    public double Cost => _teachers.Values.Sum(account => account.Cost);

    /// <returns>Null for one that was not asked.</returns>
    public Account? Of(string teacher) => _teachers.GetValueOrDefault(teacher);

    /// <summary>Answered requests a minute; null while there are none.</summary>
    public double? PerMinute(DateTime now)
    {
        _recent.RemoveAll(begun => begun <= now - RateWindow); // they are written as they end, not as they begin
        return _recent.Count == 0 ? null : _recent.Count / Math.Max((now - _recent.Min()).TotalMinutes, 1.0 / 60);
    }

    public async Task Read(StoreContext context, DateTime now, CancellationToken stop)
    {
        var made = context
            .Calls.Where(call => call.JobId == jobId && call.Id > _last)
            .OrderBy(call => call.Id)
            .Select(call => new
            {
                call.Id,
                call.Teacher,
                call.Outcome,
                call.Cost,
                call.Seconds,
                Tokens = (long)call.PromptTokens + call.CompletionTokens,
                call.StartedAt,
            });
        await foreach (var call in made.AsAsyncEnumerable().WithCancellation(stop))
        {
            _last = call.Id;
            Count++;
            if (!_teachers.TryGetValue(call.Teacher, out var account))
                _teachers[call.Teacher] = account = new Account();
            account.Add(call.Outcome, call.Cost, call.Seconds, call.Tokens);
            if (call.Outcome == TeacherOutcome.Answered && call.StartedAt > now - RateWindow)
                _recent.Add(call.StartedAt);
        }
    }

    /// <summary>What a teacher was asked.</summary>
    internal sealed class Account
    {
        private readonly Dictionary<string, int> _outcomes = new(StringComparer.Ordinal);
        private readonly List<double> _seconds = []; // of the answered ones
        private bool _isSorted;
        private double _sum;

        public IReadOnlyDictionary<string, int> Outcomes => _outcomes;
        public double Cost { get; private set; }
        public long Tokens { get; private set; }
        public double? MeanSeconds => _seconds.Count > 0 ? _sum / _seconds.Count : null;

        /// <summary>Of an even number, the upper one of the two in the middle.</summary>
        public double? MedianSeconds
        {
            get
            {
                if (!_isSorted)
                    CollectionsMarshal.AsSpan(_seconds).Sort();
                _isSorted = true;
                return _seconds.Count > 0 ? _seconds[_seconds.Count / 2] : null;
            }
        }

        public void Add(string outcome, double cost, double seconds, long tokens)
        {
            _outcomes[outcome] = _outcomes.GetValueOrDefault(outcome) + 1;
            Cost += cost;
            Tokens += tokens;
            if (outcome != TeacherOutcome.Answered)
                return;
            _seconds.Add(seconds);
            _sum += seconds;
            _isSorted = false;
        }
    }
}

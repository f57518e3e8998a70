using System.CommandLine;
using System.Globalization;
using CLGRPO.Data.Commands;
using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using CLGRPO.Data.Tests.Store;

namespace CLGRPO.Data.Tests.Cot.Construction;

public sealed class ConstructionReportTests : IDisposable
{
    private readonly Dictionary<Database, TestStore> _stores = [];

    public void Dispose()
    {
        foreach (var store in _stores.Values)
            store.Dispose();
    }

    /// <summary>
    /// Ten samples, six of joy and four of fear, in the second round. Written by hand: 7 of round one accepted (anna 4 of 5, bert 3
    /// of 5), 3 rejected, of which 1 for good and 1 has its second reasoning.
    /// </summary>
    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Of_JobWrittenByHand_CountsAsByHand(Database database)
    {
        var job = await WriteJob(database);

        var report = await ConstructionReport.Of(Store(database).Factory, job, new StandingClock(), Stop);

        var progress = report.Progress;
        Assert.Equal((10, 7, 1, 2), (progress.Samples, progress.Accepted, progress.Rejected, progress.Open));
        Assert.Equal((JobState.Running, 1), (progress.State, progress.Round));
        Assert.Equal([new("joy", 6, 5, 0), new ClassReport("fear", 4, 2, 1)], report.Classes);
        // 1 × 0.5 + 31 × 0.01, to the cent
        Assert.Equal(0.81, progress.Cost, 1e-9);
        // 31 answers since a minute and a half; asked still: 1 reasoning, and 2 × 2 judgements.
        Assert.Equal(31 / 1.5, progress.RequestsPerMinute!.Value, 1e-6);
        Assert.Equal(5 / (31 / 1.5), progress.Remaining!.Value.TotalMinutes, 1e-3);
        Assert.Equal([new("not_verified", 2), new KeyValuePair<string, int>("wrong_label", 1)], report.Reasons);
        Assert.Equal(["anna", "bert", "cleo", "dora"], report.Teachers.Select(teacher => teacher.Teacher));
        var anna = report.Teachers[0];
        Assert.Equal((6, 4, 0, 0), (anna.Generated, anna.Accepted, anna.Votes, anna.Agreeing));
        Assert.Equal([1, 2], report.Teachers.Take(2).Select(teacher => teacher.Rejected)); // anna's second one is open
        Assert.Equal(0.5 + 0.06, anna.Cost, 1e-9);
        Assert.Equal(2.0, anna.MeanSeconds!.Value, 1e-9);
        Assert.Equal([("answered", 6), ("timeout", 1)], anna.Requests.Select(r => (r.Key, r.Value)).Order());
        Assert.Equal((10, 10), (report.Teachers[2].Votes, report.Teachers[2].Agreeing));
        Assert.Equal((10, 6), (report.Teachers[3].Votes, report.Teachers[3].Agreeing));
        // cleo and dora on the nine that both answered: equal on 6. Cleo: 5 joy, 4 fear; dora: 5 joy, 3 fear, 1 none.
        // By chance (5·5 + 4·3 + 0·1) / 81 = 37/81, so kappa = (54/81 − 37/81) / (1 − 37/81) = 17/44.
        var pair = Assert.Single(report.Agreement);
        Assert.Equal(("cleo", "dora", 9), (pair.First, pair.Second, pair.Both));
        Assert.Equal(6.0 / 9, pair.Percent!.Value, 1e-12);
        Assert.Equal(17.0 / 44, pair.Kappa!.Value, 1e-12);
        // Cleo names every label; dora on the nine that she answered: equal on 6, by chance 37/81 as above.
        Assert.Equal(1, report.Teachers[2].LabelKappa!.Value, 1e-12);
        Assert.Equal(17.0 / 44, report.Teachers[3].LabelKappa!.Value, 1e-12);
        Assert.Null(anna.LabelKappa);
        Assert.Equal(2.0, anna.MedianSeconds);
        Assert.Equal(6 * 300, anna.Tokens);
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Course_JobWrittenByHand_CountsAsByHand(Database database)
    {
        var job = await WriteJob(database);
        var clock = new StandingClock();
        var tally = new ConstructionTally(Store(database).Factory, job, clock);

        var (report, course) = await tally.Count(Stop);

        var alone = await ConstructionProgress.Of(Store(database).Factory, job, clock, Stop);
        Assert.Equal(alone with { Cost = 0.81 }, report.Progress with { Cost = 0.81 });
        Assert.Equal(alone.Cost, report.Progress.Cost, 1e-9);

        // Of the second round there is one reasoning, without votes.
        Assert.Equal((0, 1), (course.Waiting, course.Voting));
        Assert.Equal((7, 3, 0), (course.AcceptedTries, course.FailedTries, course.SavedLater));
        Assert.Equal(
            [("joy", 5, 1), ("fear", 2, 2)],
            course.Classes.Select(one => (one.Label, one.Accepted, one.Failed))
        );
        Assert.Equal(5.0 / 6, course.Classes[0].Curve[^1]!.Value, 1e-12);
        Assert.Equal(1, course.Classes[0].Curve[0]);
        Assert.Null(course.Classes[1].Curve[0]);
        // Eleven reasonings, all a minute and a half ago.
        Assert.Equal(11 / 1.5, course.ImagesPerMinute!.Value, 1e-6);
        Assert.Equal(11, course.LastHour[^2]);
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Decisions_JobWrittenByHand_TellWhatBecameOfEachTry(Database database)
    {
        var job = await WriteJob(database);

        var all = await CotDecisions.List(Store(database).Factory, job, DecisionFilter.All, before: null, 20, Stop);
        var rejected = await CotDecisions.List(
            Store(database).Factory,
            job,
            DecisionFilter.Rejected,
            before: null,
            2,
            Stop
        );
        var older = await CotDecisions.List(
            Store(database).Factory,
            job,
            DecisionFilter.Rejected,
            rejected[^1].RecordId,
            2,
            Stop
        );

        Assert.Equal(11, all.Count);
        Assert.Equal((DecisionOutcome.Voting, 2, 2), (all[0].Outcome, all[0].Missing, all[0].Try));
        Assert.Equal(["s9", "s8"], rejected.Select(one => one.Key));
        Assert.Equal([DecisionOutcome.Rejected, DecisionOutcome.Retry], rejected.Select(one => one.Outcome));
        Assert.Equal("s5", Assert.Single(older).Key);
        var accepted = all.Single(one => one.Key == "s0");
        Assert.Equal((DecisionOutcome.Accepted, "so"), (accepted.Outcome, accepted.Text));
        Assert.Equal(["cleo", "dora"], accepted.Votes.Select(vote => vote.Teacher));
    }

    [Fact]
    public async Task Report_OnTheCommandLine_ShowsTheNumbers()
    {
        var job = await WriteJob(Database.Sqlite);
        var output = new StringWriter();

        var code = await CotCommands
            .Create()
            .Parse([
                "report",
                job.ToString(CultureInfo.InvariantCulture),
                "--database",
                Store(Database.Sqlite).Options.Connection,
            ])
            .InvokeAsync(new InvocationConfiguration { Output = output }, Stop);

        Assert.Equal(0, code);
        var lines = output
            .ToString()
            .Split('\n')
            .Select(line => string.Join(' ', line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)))
            .ToList();
        Assert.StartsWith(
            "construction 1 'by hand' running: 7 accepted, 1 rejected, 2 open of 10, round 2",
            lines[0],
            StringComparison.Ordinal
        );
        Assert.Contains("anna 6 4 66.7 % 0 – 0.56 2.00 answered 6, timeout 1", lines);
        Assert.Contains("joy 6 83.3 % 0", lines);
        Assert.Contains("2 not_verified", lines);
        Assert.Contains("cleo – dora 9 66.7 % 0.386", lines);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private TestStore Store(Database database) =>
        _stores.TryGetValue(database, out var store) ? store : _stores[database] = new TestStore(database);

    private async Task<long> WriteJob(Database database)
    {
        var store = Store(database);
        var dataset = StoreRows.AddDataset(store);
        await using var context = store.Context();
        var samples = Enumerable.Range(0, 10).Select(i => Sample(dataset, i)).ToList();
        var job = new ConstructionJob
        {
            DatasetId = dataset,
            Name = "by hand",
            Config = new ConstructionConfig { Generators = ["anna", "bert"], Verifiers = ["cleo", "dora"] }.ToJson(),
            State = JobState.Running,
            CreatedBy = "test",
            CreatedAt = StoreRows.Now,
        };
        context.AddRange(samples);
        context.Add(job);
        await context.SaveChangesAsync(Stop);
        // What each verifier said of the ten first reasonings: j, f, - (none of the labels), x (no answer).
        const string Cleo = "jjjjjfffjf";
        const string Dora = "jjjjfffjx-";
        foreach (var (i, sample) in samples.Index())
        {
            var isAccepted = i is not (5 or 8 or 9);
            var record = Record(
                job.Id,
                sample.Id,
                i % 2 == 0 ? "anna" : "bert",
                0,
                isAccepted,
                i == 5 ? "wrong_label" : "not_verified"
            );
            record.Votes.Add(Vote("cleo", Cleo[i], sample.Label));
            record.Votes.Add(Vote("dora", Dora[i], sample.Label));
            context.Add(record);
            context.Add(
                new ConstructionItem
                {
                    JobId = job.Id,
                    SampleId = sample.Id,
                    State =
                        isAccepted ? ItemState.Accepted
                        : i == 9 ? ItemState.Rejected
                        : ItemState.Open,
                    Attempts = 1,
                }
            );
        }
        context.Add(Record(job.Id, samples[5].Id, "anna", 1, isAccepted: null, ""));
        AddCalls(context, job.Id, samples);
        await context.SaveChangesAsync(Stop);
        return job.Id;
    }

    /// <summary>31 answers of a cent and two seconds, and a timeout that cost half.</summary>
    private static void AddCalls(StoreContext context, long job, List<StoredSample> samples)
    {
        context.Add(Call(job, samples[0].Id, "anna", "timeout", cost: 0.5, seconds: 30));
        foreach (var (i, sample) in samples.Index())
        {
            foreach (var teacher in (string[])[i % 2 == 0 ? "anna" : "bert", "cleo", "dora"])
                context.Add(Call(job, sample.Id, teacher, TeacherOutcome.Answered, cost: 0.01, seconds: 2));
        }
        context.Add(Call(job, samples[5].Id, "anna", TeacherOutcome.Answered, cost: 0.01, seconds: 2));
    }

    private static StoredSample Sample(long dataset, int number)
    {
        var key = $"s{number}";
        return new()
        {
            DatasetId = dataset,
            Key = key,
            KeyFolded = key.ToUpperInvariant(),
            Image = StoreRows.ImageOf(key),
            Label = number is < 5 or 8 ? "joy" : "fear",
            Split = Split.Train,
        };
    }

    /// <param name="isAccepted">Null while there is no verdict.</param>
    private static CotRecord Record(
        long job,
        long sample,
        string teacher,
        int attempt,
        bool? isAccepted,
        string reason
    ) =>
        new()
        {
            SampleId = sample,
            JobId = job,
            Attempt = attempt,
            Teacher = teacher,
            Model = "m",
            Completion = "<think> so</think><answer> joy</answer>",
            State = isAccepted switch
            {
                true => CotState.Accepted,
                false => CotState.Rejected,
                null => CotState.Candidate,
            },
            Reasons = isAccepted == false ? [reason] : [],
            CreatedAt = StoreRows.Now,
        };

    private static CotVote Vote(string teacher, char said, string label)
    {
        var answer = said switch
        {
            'j' => "joy",
            'f' => "fear",
            _ => null,
        };
        return new()
        {
            Teacher = teacher,
            Model = "m",
            Label = answer,
            Agrees = answer == label,
            Failure = said == 'x' ? "timeout" : null,
            CreatedAt = StoreRows.Now,
        };
    }

    private static TeacherCall Call(
        long job,
        long sample,
        string teacher,
        string outcome,
        double cost,
        double seconds
    ) =>
        new()
        {
            JobId = job,
            SampleId = sample,
            Teacher = teacher,
            Outcome = outcome,
            Cost = cost,
            PromptTokens = outcome == TeacherOutcome.Answered ? 250 : 0,
            CompletionTokens = outcome == TeacherOutcome.Answered ? 50 : 0,
            Seconds = seconds,
            StartedAt = StoreRows.Now,
        };

    /// <summary>A minute and a half after the calls.</summary>
    private sealed class StandingClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(StoreRows.Now.AddSeconds(90));
    }
}

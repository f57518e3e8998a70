using CLGRPO.Data.Cot;
using CLGRPO.Data.Cot.Checks;
using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using CLGRPO.Data.Tests.Store;
using CLGRPO.Data.Tests.Teachers;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Tests.Cot.Construction;

public sealed class CotConstructionTests
{
    private static readonly ConstructionConfig TwoWritersThreeJudges = new()
    {
        Generators = ["anna", "bert"],
        Verifiers = ["anna", "bert", "cleo"],
        Quorum = 1,
        MinAgreement = 0.5,
        Attempts = 3,
        Splits = ["train"],
    };

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Run_TeachersThatMisbehave_EverySampleEndsAndNothingIsAskedTwice(Database database)
    {
        await using var bench = await ConstructionBench.Create(database, samples: 48);
        await AddThree(bench);
        var job = await bench.CreateJob(TwoWritersThreeJudges);

        var state = await bench.Run(job, Stop);

        Assert.Equal(JobState.Completed, state);
        await using var context = bench.Store.Context();
        var items = await context.Items.Where(item => item.JobId == job).ToListAsync(Stop);
        Assert.Equal(48, items.Count);
        Assert.DoesNotContain(items, item => item.State == ItemState.Open);
        Assert.InRange(items.Count(item => item.State == ItemState.Accepted), 40, 48);
        await AcceptedRecordsAreRight(context, job);
        await bench.AgreesWithLedger(job, TwoWritersThreeJudges);
        await EveryQuestionWasAnsweredOnce(context, bench, job);
    }

    [Fact]
    public async Task Run_StoppedAgainAndAgain_ComesToTheSameResult()
    {
        await using var straight = await ConstructionBench.Create(Database.Sqlite, samples: 32);
        await AddThree(straight);
        var whole = await straight.CreateJob(TwoWritersThreeJudges);
        await straight.Run(whole, Stop);
        await using var bench = await ConstructionBench.Create(Database.Sqlite, samples: 32);
        await AddThree(bench);
        var job = await bench.CreateJob(TwoWritersThreeJudges);

        var pauses = 0;
        for (var answers = 7; ; answers += 11, pauses++)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            var watching = StopAfter(bench, answers, stop);
            var state = await bench.Run(job, stop.Token);
            await stop.CancelAsync();
            await watching;
            if (state == JobState.Completed)
                break;
            Assert.Equal(JobState.Paused, state);
        }

        Assert.InRange(pauses, 2, 100);
        Assert.Equal(await straight.Outcome(whole), await bench.Outcome(job));
        await using var context = bench.Store.Context();
        await EveryQuestionWasAnsweredOnce(context, bench, job);
    }

    [Fact]
    public async Task Run_TeacherWhoseBudgetIsSpent_PausesAndSaysSo()
    {
        await using var bench = await ConstructionBench.Create(Database.Sqlite, samples: 32);
        await bench.AddTeacher("anna", new FakeHabits(), teacher => teacher.Budget = 1e-9);
        var job = await bench.CreateJob(
            new ConstructionConfig
            {
                Generators = ["anna"],
                Quorum = 0,
                Splits = ["train"],
            }
        );

        var state = await bench.Run(job, Stop);

        Assert.Equal(JobState.Paused, state);
        await using var context = bench.Store.Context();
        var stored = await context.Jobs.SingleAsync(Stop);
        Assert.Contains("budget", stored.Failure, StringComparison.Ordinal);
        Assert.All(await context.Records.ToListAsync(Stop), record => Assert.Empty(record.Reasons)); // none was turned into a failure
    }

    [Fact]
    public async Task Open_JobThatAnotherWorksOn_IsRefused()
    {
        await using var bench = await ConstructionBench.Create(Database.Sqlite, samples: 16);
        await AddThree(bench);
        var job = await bench.CreateJob(TwoWritersThreeJudges);
        var setup = await JobSetup.Load(bench.Store.Factory, bench.Store.Root, job);
        await using var first = await CotConstruction.Open(setup, NoDesk);

        var refusal = await Assert.ThrowsAsync<ConstructionException>(() => CotConstruction.Open(setup, NoDesk));

        Assert.Contains("Another process", refusal.Message, StringComparison.Ordinal);
        static TeacherDesk NoDesk(StoredTeacher teacher, ITeacherCallLog log, double spent) =>
            new(new RefusingTeacher(teacher), log);
    }

    [Fact]
    public async Task Create_SettingsThatDoNotFit_NamesEverything()
    {
        await using var bench = await ConstructionBench.Create(Database.Sqlite, samples: 16);
        var without = await Assert.ThrowsAsync<ConstructionException>(() =>
            bench.CreateJob(new ConstructionConfig { Generators = [] })
        );
        Assert.Contains("generators is empty", without.Message, StringComparison.Ordinal);
        var config = new ConstructionConfig
        {
            Generators = ["nobody"],
            Verifiers = ["nobody"],
            Quorum = 1,
            Splits = ["train", "test"],
            GeneratePrompt = "poem",
        };

        var refusal = await Assert.ThrowsAsync<ConstructionException>(() => bench.CreateJob(config));

        Assert.All(
            ["quorum is 1", "test split takes no part", "no prompt 'poem'", "no teacher 'nobody'"],
            part => Assert.Contains(part, refusal.Message, StringComparison.Ordinal)
        );
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static async Task AddThree(ConstructionBench bench)
    {
        await bench.AddTeacher(
            "anna",
            new FakeHabits
            {
                Seed = 1,
                Lie = 0.3,
                Cut = 0.1,
                RateLimit = 0.05,
                RetryAfter = "0",
            }
        );
        await bench.AddTeacher(
            "bert",
            new FakeHabits
            {
                Seed = 2,
                Lie = 0.1,
                Garbage = 0.1,
                Key = ReasoningKey.Inline,
            }
        );
        await bench.AddTeacher(
            "cleo",
            new FakeHabits
            {
                Seed = 3,
                Lie = 0.2,
                Stall = 0.02,
                Fail = 0.1,
            }
        );
    }

    /// <summary>Held against the definition, not against the code that applied it.</summary>
    private static async Task AcceptedRecordsAreRight(StoreContext context, long job)
    {
        var accepted = await context
            .Items.Where(item => item.JobId == job && item.State == ItemState.Accepted)
            .Join(
                context.Records.Include(record => record.Votes).Include(record => record.Sample),
                item => item.RecordId,
                record => record.Id,
                (_, record) => record
            )
            .ToListAsync(Stop);
        Assert.NotEmpty(accepted);
        Assert.All(
            accepted,
            record =>
            {
                var parsed = CompletionFormat.Parse(record.Completion, CompletionStyle.Cot);
                Assert.True(parsed.WellFormed);
                Assert.Equal(record.Sample!.Label, parsed.Answer!.Trim());
                Assert.EndsWith($"suggests {record.Sample.Label}.", parsed.Think, StringComparison.Ordinal);
                Assert.DoesNotContain(record.Votes, vote => vote.Teacher == record.Teacher);
                var answered = record.Votes.Where(vote => vote.Failure is null).ToList();
                Assert.NotEmpty(answered);
                Assert.True(answered.Count(vote => vote.Label == record.Sample.Label) * 2 >= answered.Count);
            }
        );
    }

    /// <summary>The servers counted: a question that was answered was not asked again, and none more often than the policy allows.</summary>
    private static async Task EveryQuestionWasAnsweredOnce(StoreContext context, ConstructionBench bench, long job)
    {
        foreach (var (name, server) in bench.Servers)
        {
            var asked = server.Requests.GroupBy(request => request.Question, StringComparer.Ordinal).ToList();
            Assert.All(asked, question => Assert.InRange(question.Count(), 1, bench.Patience.MaxTries));
            var calls = await context.Calls.Where(call => call.JobId == job && call.Teacher == name).ToListAsync(Stop);
            Assert.Equal(server.Requests.Count, calls.Count);
            var answered = calls.Where(call => call.Outcome == TeacherOutcome.Answered);
            Assert.All(
                answered.GroupBy(call => (call.SampleId, call.Purpose, call.Attempt)),
                question => Assert.Single(question)
            );
        }
    }

    private static async Task StopAfter(ConstructionBench bench, int answers, CancellationTokenSource stop)
    {
        while (!stop.IsCancellationRequested)
        {
            if (bench.Servers.Values.Sum(server => server.Requests.Count) >= answers)
                await stop.CancelAsync();
            await Task.Yield();
        }
    }

    /// <summary>A teacher for tests that never get as far as asking.</summary>
    private sealed class RefusingTeacher(StoredTeacher settings) : ITeacher
    {
        public StoredTeacher Settings => settings;

        public Task<TeacherReply> Ask(TeacherQuestion question, CancellationToken stop) =>
            throw new TeacherException(TeacherFault.Refused, "Not here.");
    }
}

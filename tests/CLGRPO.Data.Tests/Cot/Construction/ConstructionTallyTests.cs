using System.Text.Json;
using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using CLGRPO.Data.Tests.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Tests.Cot.Construction;

/// <summary>What is kept between looks, against a tally that reads everything at once, after each of many random changes of the store.</summary>
public sealed class ConstructionTallyTests
{
    private const int Samples = 40;
    private const int Looks = 25;
    private const int Tries = 3;
    private static readonly string[] Writers = ["anna", "bert"];
    private static readonly string[] Judges = ["cleo", "dora", "anna"];
    private static readonly string[] Labels = ["joy", "fear"];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Rows come in the order of their numbers, as the one writer of a job gives them.</summary>
    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Count_RowsInOrder_IsWhatReadingEverythingSays(Database database)
    {
        await Compare(database, new Random(1), late: 0);
    }

    /// <summary>Some rows come after others with higher numbers: their transaction was committed later.</summary>
    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Count_RowsOutOfOrder_IsWhatReadingEverythingSays(Database database)
    {
        await Compare(database, new Random(2), late: 0.3);
    }

    [Fact]
    public async Task Count_NoSuchJob_SaysSo()
    {
        using var store = new TestStore(Database.Sqlite);
        var tally = new ConstructionTally(store.Factory, 7, TimeProvider.System);

        await Assert.ThrowsAsync<ConstructionException>(() => tally.Count(Stop));
        await Assert.ThrowsAsync<ConstructionException>(() => tally.Count(Stop));
    }

    [Fact]
    public async Task Count_ManyLookAtOnce_AllSeeTheSame()
    {
        using var store = new TestStore(Database.Sqlite);
        var life = await JobLife.Begin(store, new Random(1), late: 0);
        var tally = new ConstructionTally(store.Factory, life.Job, life);
        await life.GoOn(120);

        var looks = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => tally.Count(Stop), Stop)));

        Assert.Single(looks.Select(Text).Distinct(StringComparer.Ordinal));
        Assert.Equal(looks[0].Report.Teachers.Sum(teacher => teacher.Generated), life.Written);
    }

    private static async Task Compare(Database database, Random random, double late)
    {
        using var store = new TestStore(database);
        var life = await JobLife.Begin(store, random, late);
        var kept = new ConstructionTally(store.Factory, life.Job, life);
        for (var i = 0; i < Looks; i++)
        {
            await life.GoOn(random.Next(1, 26));

            var looked = await kept.Count(Stop);

            var all = await new ConstructionTally(store.Factory, life.Job, life).Count(Stop);
            Assert.Equal(Text(all), Text(looked));
            Assert.Equal(all.Report.Progress, looked.Report.Progress);
            var alone = await ConstructionProgress.Of(store.Factory, life.Job, life, Stop);
            Assert.Equal(alone.Cost, looked.Report.Progress.Cost, 1e-9); // added up in another order
            Assert.Equal(alone, looked.Report.Progress with { Cost = alone.Cost });
            Assert.Equal(life.Written, looked.Report.Teachers.Sum(teacher => teacher.Generated));
            Assert.Equal(life.Voted, looked.Report.Teachers.Sum(teacher => teacher.Votes));
        }
        Assert.True(life.Written > Samples && life.Decided > Samples / 2, $"{life.Written} and {life.Decided}");
    }

    private static string Text((ConstructionReport, ConstructionCourse) figures) =>
        JsonSerializer.Serialize(new { figures.Item1, figures.Item2 });

    /// <summary>A job that goes on at random; and its clock.</summary>
    /// <param name="late">Share of rows whose number is given out and used only later.</param>
    private sealed class JobLife(TestStore store, Random random, double late, long job, List<StoredSample> samples)
        : TimeProvider
    {
        private readonly List<long> _late = [];
        private long _number;
        private DateTime _now = StoreRows.Now;

        public long Job => job;
        public int Written { get; private set; }
        public int Voted { get; private set; }
        public int Decided { get; private set; }

        public static async Task<JobLife> Begin(TestStore store, Random random, double late)
        {
            var dataset = StoreRows.AddDataset(store);
            await using var context = store.Context();
            var samples = Enumerable.Range(0, Samples).Select(i => Sample(dataset, i)).ToList();
            var job = new ConstructionJob
            {
                DatasetId = dataset,
                Name = "random",
                Config = new ConstructionConfig
                {
                    Generators = [.. Writers],
                    Verifiers = [.. Judges],
                    Attempts = Tries,
                }.ToJson(),
                State = JobState.Running,
                CreatedBy = "test",
                CreatedAt = StoreRows.Now,
            };
            context.AddRange(samples);
            context.Add(job);
            await context.SaveChangesAsync(Stop);
            context.AddRange(samples.Select(s => new ConstructionItem { JobId = job.Id, SampleId = s.Id }));
            await context.SaveChangesAsync(Stop);
            return new JobLife(store, random, late, job.Id, samples);
        }

        public override DateTimeOffset GetUtcNow() => new(_now);

        public async Task GoOn(int changes)
        {
            await using var context = store.Context();
            await using var together = await context.Database.BeginTransactionAsync(Stop);
            for (var i = 0; i < changes; i++)
            {
                _now = _now.AddSeconds(random.Next(20));
                await Change(context);
                await context.SaveChangesAsync(Stop);
            }
            await together.CommitAsync(Stop);
        }

        /// <summary>The next of a sample: a text, a vote on it, or the verdict; now and then only a request that failed.</summary>
        private async Task Change(StoreContext context)
        {
            var sample = samples[random.Next(Samples)];
            var item = await context.Items.SingleAsync(one => one.JobId == job && one.SampleId == sample.Id, Stop);
            if (item.State != ItemState.Open || random.Next(8) == 0)
            {
                context.Add(Call(sample, Writers[random.Next(2)], "timeout"));
                return;
            }
            var record = await context
                .Records.Include(one => one.Votes)
                .SingleOrDefaultAsync(
                    one => one.JobId == job && one.SampleId == sample.Id && one.Attempt == item.Attempts,
                    Stop
                );
            var judges = record is null ? [] : Judges.Where(judge => judge != record.Teacher).ToList();
            if (record is null)
                Write(context, sample, item);
            else if (record.State == CotState.Candidate && record.Votes.Count < judges.Count)
                Vote(context, sample, record, judges.First(judge => record.Votes.TrueForAll(v => v.Teacher != judge)));
            else
                Decide(record, item);
        }

        private void Write(StoreContext context, StoredSample sample, ConstructionItem item)
        {
            var isBad = random.Next(5) == 0;
            var writer = Writers[random.Next(2)];
            context.Add(
                new CotRecord
                {
                    Id = Number(),
                    SampleId = sample.Id,
                    JobId = job,
                    Attempt = item.Attempts,
                    Teacher = writer,
                    Model = "m",
                    Completion = "<think> so</think><answer> joy</answer>",
                    State = isBad ? CotState.Rejected : CotState.Candidate,
                    Reasons = isBad ? ["too_long"] : [],
                    CreatedAt = _now,
                }
            );
            context.Add(Call(sample, writer, TeacherOutcome.Answered));
            Written++;
        }

        private void Vote(StoreContext context, StoredSample sample, CotRecord record, string judge)
        {
            var said = random.Next(4) is < 2 and var label ? Labels[label] : null;
            var isSilent = said is null && random.Next(2) == 0;
            context.Add(
                new CotVote
                {
                    Id = Number(),
                    RecordId = record.Id,
                    Teacher = judge,
                    Model = "m",
                    Label = said,
                    Agrees = said == sample.Label,
                    Failure = isSilent ? "timeout" : null,
                    CreatedAt = _now,
                }
            );
            context.Add(Call(sample, judge, isSilent ? "timeout" : TeacherOutcome.Answered));
            Voted++;
        }

        private void Decide(CotRecord record, ConstructionItem item)
        {
            if (record.State == CotState.Candidate && random.Next(2) == 0)
                record.State = CotState.Accepted;
            else if (record.State == CotState.Candidate)
                (record.State, record.Reasons) = (CotState.Rejected, ["not_verified"]);
            item.Attempts++;
            if (record.State == CotState.Accepted)
                item.State = ItemState.Accepted;
            else if (item.Attempts == Tries)
                item.State = ItemState.Rejected;
            Decided++;
        }

        private TeacherCall Call(StoredSample sample, string teacher, string outcome) =>
            new()
            {
                Id = Number(),
                JobId = job,
                SampleId = sample.Id,
                Teacher = teacher,
                Outcome = outcome,
                Cost = random.NextDouble(),
                PromptTokens = random.Next(900),
                CompletionTokens = random.Next(100),
                Seconds = random.NextDouble(),
                StartedAt = _now.AddSeconds(-random.Next(120)),
            };

        /// <summary>Numbers of rows, given out in order.</summary>
        private long Number()
        {
            if (_late.Count > 0 && random.NextDouble() < late)
            {
                var at = random.Next(_late.Count);
                var number = _late[at];
                _late.RemoveAt(at);
                return number;
            }
            while (random.NextDouble() < late)
                _late.Add(++_number);
            return ++_number;
        }

        private static StoredSample Sample(long dataset, int number) =>
            new()
            {
                DatasetId = dataset,
                Key = $"s{number}",
                KeyFolded = $"S{number}",
                Image = StoreRows.ImageOf($"s{number}"),
                Label = Labels[number % 2],
                Split = Split.Train,
            };
    }
}

using System.Globalization;
using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Importing;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using CLGRPO.Data.Tests.Cot.Construction;
using CLGRPO.Data.Tests.Teachers;
using CLGRPO.Training.Tests.Stages;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Training.Tests.Cli;

/// <summary>Constructions by the real program, killed and stopped.</summary>
public sealed class CotProgramTests(TinyEmoScenes scenes)
{
    private const int Kills = 10;
    private const int Concurrency = 4;

    private static readonly ConstructionConfig Config = new()
    {
        Generators = ["anna", "bert"],
        Verifiers = ["anna", "bert", "cleo"],
        Attempts = 3,
        Splits = ["train"],
    };

    [Fact]
    public async Task Build_KilledTenTimes_ComesToTheResultOfAnUninterruptedRun()
    {
        var seed = Environment.GetEnvironmentVariable("CLGRPO_KILL_SEED") is { } given
            ? int.Parse(given, CultureInfo.InvariantCulture)
            : 1;
        await using var straight = await Site.Create(scenes);
        using (var process = straight.Build())
            Assert.True(process.WaitForEnd() == 0, process.Output);
        await using var killed = await Site.Create(scenes);

        var random = new Random(seed);
        for (var kill = 0; kill < Kills; kill++)
        {
            using var process = kill == 0 ? killed.Build() : killed.Resume();
            var moment = killed.Staff.Ledger.Asked + random.Next(1, straight.Staff.Ledger.Asked / Kills);
            Assert.True(
                process.WaitUntil(() => killed.Staff.Ledger.Asked >= moment),
                $"seed {seed}: it was over before kill {kill}: {process.Output}"
            );
            process.Kill();
        }
        using (var process = killed.Resume())
            Assert.True(process.WaitForEnd() == 0, process.Output);

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{killed.Staff.Ledger.Asked} requests, {killed.Staff.Ledger.AskedAgain} of them for what was in flight at a kill; {straight.Staff.Ledger.Asked} without kills"
        );
        // What was in flight at a kill may be asked again, and nothing else.
        Assert.InRange(killed.Staff.Ledger.AskedAgain, 0, Kills * 3 * Concurrency);
        Assert.Equal(0, straight.Staff.Ledger.AskedAgain);
        var (whole, pieces) = (await straight.Items(), await killed.Items());
        Assert.Equal(
            whole.OrderBy(i => i.Key, StringComparer.Ordinal),
            pieces.OrderBy(i => i.Key, StringComparer.Ordinal)
        );
        await killed.Staff.Check(killed.Store, Site.Job, Config);
        await killed.EveryAnswerIsThereOnce();
    }

    [Fact]
    public async Task Build_ToldToStop_PausesWithWhatWasInFlight()
    {
        await using var site = await Site.Create(scenes);

        using (var process = site.Build())
        {
            Assert.True(process.WaitUntil(() => site.Staff.Ledger.Asked >= 20), process.Output);
            process.Terminate();
            Assert.NotEqual(0, process.WaitForEnd());
            Assert.Contains(" paused: ", process.Output, StringComparison.Ordinal);
        }
        using (var process = site.Resume())
            Assert.True(process.WaitForEnd() == 0, process.Output);

        Assert.Equal(0, site.Staff.Ledger.AskedAgain);
        await site.Staff.Check(site.Store, Site.Job, Config);
    }

    /// <summary>A store with a data set, and servers to ask.</summary>
    private sealed class Site : IAsyncDisposable
    {
        public const long Job = 1;
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("clgrpo-test-");

        private Site(TeacherStaff staff)
        {
            Staff = staff;
            Store = StoreFactory.Open(new StoreOptions(Database));
        }

        public TeacherStaff Staff { get; }
        public StoreFactory Store { get; }
        private string Database => Path.Combine(_folder.FullName, "clgrpo.db");
        private string Root => Path.Combine(_folder.FullName, "datasets");

        public static async Task<Site> Create(TinyEmoScenes scenes)
        {
            var stop = TestContext.Current.CancellationToken;
            var version = scenes.Version;
            var site = new Site(new TeacherStaff(version));
            await new Importer(site.Store, site.Root).Run(
                new ImportRequest(version.Path, version.Name, "tester") { WithoutTexts = true },
                progress: null,
                stop
            );
            await site.Add(
                "anna",
                new FakeHabits
                {
                    Seed = 1,
                    Lie = 0.3,
                    Cut = 0.05,
                    RateLimit = 0.05,
                    RetryAfter = "0",
                }
            );
            await site.Add(
                "bert",
                new FakeHabits
                {
                    Seed = 2,
                    Lie = 0.1,
                    Garbage = 0.05,
                    Key = ReasoningKey.Inline,
                }
            );
            await site.Add(
                "cleo",
                new FakeHabits
                {
                    Seed = 3,
                    Lie = 0.2,
                    Fail = 0.05,
                }
            );
            await File.WriteAllTextAsync(site.ConfigFile, Config.ToJson(), stop);
            site._dataset = version.Name;
            return site;
        }

        private string _dataset = "";
        private string ConfigFile => Path.Combine(_folder.FullName, "construction.json");

        public RunProcess Build() => Cot("build", _dataset, "--config", ConfigFile);

        public RunProcess Resume() => Cot("resume", Job.ToString(CultureInfo.InvariantCulture));

        /// <summary>Key → what became of it.</summary>
        public Task<Dictionary<string, ExpectedItem>> Items() => CotLedger.Actual(Store, Job);

        /// <summary>No answered question has a second answer in the account.</summary>
        public async Task EveryAnswerIsThereOnce()
        {
            await using var context = Store.CreateDbContext();
            var answered = await context
                .Calls.Where(call => call.Outcome == TeacherOutcome.Answered)
                .GroupBy(call => new
                {
                    call.SampleId,
                    call.Teacher,
                    call.Purpose,
                    call.Attempt,
                })
                .Select(calls => calls.Count())
                .ToListAsync();
            Assert.All(answered, count => Assert.Equal(1, count));
            Assert.Equal(
                answered.Count,
                await context.Records.CountAsync(r => r.RawReply != null)
                    + await context.Votes.CountAsync(v => v.RawReply != null)
            );
        }

        public async ValueTask DisposeAsync()
        {
            await Staff.DisposeAsync();
            Store.Dispose();
            _folder.Delete(recursive: true);
        }

        private async Task Add(string name, FakeHabits habits)
        {
            var teacher = await Staff.Hire(name, habits, keepsRequests: false);
            teacher.Concurrency = Concurrency;
            var origin = Staff.Servers[name].Origin;
            await using var context = Store.CreateDbContext();
            context.Add(teacher);
            context.Add(
                new AllowedOrigin
                {
                    Scheme = origin.Scheme,
                    Host = origin.Host,
                    Port = origin.Port,
                    AddedBy = "tester",
                    AddedAt = DateTime.UtcNow,
                }
            );
            await context.SaveChangesAsync();
        }

        private RunProcess Cot(string verb, params string[] arguments) =>
            RunProcess.Start(["cot", verb, .. arguments, "--database", Database, "--root", Root]);
    }
}

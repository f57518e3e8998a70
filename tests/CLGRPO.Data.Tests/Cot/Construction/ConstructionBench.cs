using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Datasets.EmoScenes;
using CLGRPO.Data.Importing;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using CLGRPO.Data.Teachers.Network;
using CLGRPO.Data.Teachers.OpenAI;
using CLGRPO.Data.Tests.Store;
using CLGRPO.Data.Tests.Teachers;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Tests.Cot.Construction;

/// <summary>A store with an imported data set, and teachers that are real servers on this machine and behave as their habits say.</summary>
internal sealed class ConstructionBench : IAsyncDisposable
{
    private ConstructionBench(TestStore store, DatasetVersion version)
    {
        (Store, Version) = (store, version);
        Staff = new TeacherStaff(version);
    }

    public TestStore Store { get; }
    public DatasetVersion Version { get; }
    public TeacherStaff Staff { get; }
    public IReadOnlyDictionary<string, FakeTeacherServer> Servers => Staff.Servers;

    /// <summary>The data set's name in the store.</summary>
    public string Dataset => Version.Name;

    /// <summary>How patiently teachers are asked: without the waits that real ones deserve.</summary>
    public TeacherDeskConfig Patience { get; init; } =
        new()
        {
            MaxTries = 6,
            BackOff = TimeSpan.FromMilliseconds(1),
            MaxBackOff = TimeSpan.FromMilliseconds(5),
            FailureRatio = 1,
        };

    public ReplyLimits Limits { get; init; } = new() { Idle = TimeSpan.FromMilliseconds(300) };

    /// <summary>Over EmoScenes.</summary>
    /// <param name="samples">Of the training split.</param>
    public static Task<ConstructionBench> Create(Database database, int samples) =>
        Create(
            database,
            root =>
                EmoScenesGenerator.Generate(
                    new EmoScenesConfig
                    {
                        Train = samples,
                        Validation = 8,
                        Test = 8,
                    },
                    root,
                    stop: TestContext.Current.CancellationToken
                )
        );

    /// <param name="make">Makes the data set's pictures in a folder.</param>
    public static async Task<ConstructionBench> Create(Database database, Func<string, DatasetVersion> make)
    {
        var store = new TestStore(database);
        var version = make(store.Root);
        await new Importer(store.Factory, store.Root).Run(
            new ImportRequest(version.Path, version.Name, "tester") { WithoutTexts = true },
            progress: null,
            TestContext.Current.CancellationToken
        );
        return new ConstructionBench(store, version);
    }

    /// <summary>Starts a server and adds its teacher.</summary>
    public async Task AddTeacher(
        string name,
        FakeHabits habits,
        Action<StoredTeacher>? configure = null,
        bool keepsRequests = true
    ) => await Add(await Staff.Hire(name, habits, keepsRequests), configure);

    /// <summary>Starts a server that does as a script says and adds its teacher.</summary>
    public async Task AddTeacher(
        string name,
        Func<FakeRequest, Sample, FakeAct> script,
        Action<StoredTeacher>? configure = null
    ) => await Add(await Staff.Hire(name, script), configure);

    private async Task Add(StoredTeacher teacher, Action<StoredTeacher>? configure)
    {
        configure?.Invoke(teacher);
        await using var context = Store.Context();
        context.Add(teacher);
        await context.SaveChangesAsync();
    }

    public async Task<long> CreateJob(ConstructionConfig config) =>
        (await JobSetup.Create(Store.Factory, Dataset, "test", config, "tester")).Id;

    /// <summary>Works on a job until it ends or <paramref name="stop"/> asks for a pause.</summary>
    public async Task<JobState> Run(long jobId, CancellationToken stop)
    {
        var factory = new TeacherFactory(
            new OriginAllowList(Servers.Values.Select(server => server.Origin)),
            TeacherTesting.NoKeys,
            limits: Limits
        );
        await using var construction = await CotConstruction.Open(
            await JobSetup.Load(Store.Factory, Store.Root, jobId),
            (teacher, log, spent) => new TeacherDesk(factory.Create(teacher), log, Patience, spent)
        );
        return await construction.Run(stop);
    }

    /// <summary>What a job came to: key → state, teacher, completion, reasons; the same for the same replies.</summary>
    public async Task<IReadOnlyList<string>> Outcome(long jobId)
    {
        await using var context = Store.Context();
        var items = await context
            .Items.Where(item => item.JobId == jobId)
            .OrderBy(item => item.Sample!.Key)
            .Select(item => new
            {
                item.Sample!.Key,
                item.State,
                item.Reasons,
                Record = context.Records.FirstOrDefault(record => record.Id == item.RecordId),
            })
            .ToListAsync();
        return
        [
            .. items.Select(item =>
                $"{item.Key} {item.State} {item.Record?.Teacher} {item.Record?.Attempt} {item.Record?.Agreement} {item.Record?.Completion} {string.Join(',', item.Reasons.Order(StringComparer.Ordinal))}"
            ),
        ];
    }

    /// <summary>Holds what a job came to against what the servers' ledger says it must come to.</summary>
    /// <returns>The items.</returns>
    public Task<IReadOnlyCollection<ExpectedItem>> AgreesWithLedger(long jobId, ConstructionConfig config) =>
        Staff.Check(Store.Factory, jobId, config);

    public async ValueTask DisposeAsync()
    {
        await Staff.DisposeAsync();
        Store.Dispose();
    }
}

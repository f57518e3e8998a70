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
    private readonly Dictionary<string, string> _truths;
    private readonly Dictionary<string, FakeTeacherServer> _servers = new(StringComparer.Ordinal);

    private ConstructionBench(TestStore store, DatasetVersion version)
    {
        (Store, Version) = (store, version);
        _truths = Splits
            .All.SelectMany(version.Of)
            .ToDictionary(sample => sample.Image, sample => sample.Label, StringComparer.Ordinal);
    }

    public TestStore Store { get; }
    public DatasetVersion Version { get; }
    public IReadOnlyDictionary<string, FakeTeacherServer> Servers => _servers;

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

    public static async Task<ConstructionBench> Create(Database database, int samples)
    {
        var store = new TestStore(database);
        var version = EmoScenesGenerator.Generate(
            new EmoScenesConfig
            {
                Train = samples,
                Validation = 8,
                Test = 8,
            },
            store.Root,
            stop: TestContext.Current.CancellationToken
        );
        await new Importer(store.Factory, store.Root).Run(
            new ImportRequest(version.Path, version.Name, "tester"),
            progress: null,
            TestContext.Current.CancellationToken
        );
        // The built-in texts would count as accepted records.
        await using var context = store.Context();
        await context.Records.ExecuteDeleteAsync(TestContext.Current.CancellationToken);
        return new ConstructionBench(store, version);
    }

    /// <summary>Starts a server and adds its teacher.</summary>
    public async Task AddTeacher(string name, FakeHabits habits, Action<StoredTeacher>? configure = null)
    {
        var server = await FakeTeacherServer.Start(request =>
            habits.Decide(request, _truths[request.ImageHash], Version.Info.Labels, label => Reasoning(request, label))
        );
        _servers.Add(name, server);
        var teacher = new StoredTeacher
        {
            Name = name,
            Kind = TeacherKind.OpenAI,
            Endpoint = server.Endpoint,
            Model = FakeTeacherServer.Model,
            PromptPrice = 1,
            CompletionPrice = 2,
        };
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
            new OriginAllowList(_servers.Values.Select(server => server.Origin)),
            TeacherTesting.NoKeys,
            limits: Limits
        );
        await using var construction = CotConstruction.Open(
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

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers.Values)
            await server.DisposeAsync();
        Store.Dispose();
    }

    /// <summary>A text of its own for every picture, that concludes with the label.</summary>
    private static string Reasoning(FakeRequest request, string label)
    {
        var words = request.ImageHash.Chunk(5).Select(letters => new string(letters));
        return $"the picture shows {string.Join(' ', words)}; that suggests {label}.";
    }
}

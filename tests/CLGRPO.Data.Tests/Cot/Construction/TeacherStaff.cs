using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Images;
using CLGRPO.Data.Store;
using CLGRPO.Data.Tests.Teachers;

namespace CLGRPO.Data.Tests.Cot.Construction;

/// <summary>Teachers that are real servers on this machine, behave as their habits say, and know the right answer to every picture.</summary>
internal sealed class TeacherStaff : IAsyncDisposable
{
    private const int ImageSide = 1024;
    private readonly Dictionary<string, FakeTeacherServer> _servers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Sample> _pictures = new(StringComparer.Ordinal);
    private readonly HashSet<string> _twins = new(StringComparer.Ordinal);
    private readonly DatasetVersion _version;

    public TeacherStaff(DatasetVersion version)
    {
        _version = version;
        foreach (var sample in Splits.All.SelectMany(version.Of))
        {
            var picture = DatasetHash.Of(TeacherImage.Read(version.ImagePath(sample), ImageSide).Bytes);
            if (!_pictures.TryAdd(picture, sample))
                _twins.UnionWith([sample.Id, _pictures[picture].Id]);
        }
    }

    public CotLedger Ledger { get; } = new();
    public IReadOnlyDictionary<string, FakeTeacherServer> Servers => _servers;

    public Task<StoredTeacher> Hire(string name, FakeHabits habits, bool keepsRequests = true) =>
        Hire(
            name,
            (request, sample) =>
            {
                var act = habits.Decide(
                    request,
                    sample.Label,
                    _version.Info.Labels,
                    label => CotLedger.Reasoning(request, label)
                );
                Ledger.Enter(name, request, act);
                return act;
            },
            keepsRequests
        );

    /// <summary>Starts a server.</summary>
    /// <returns>The teacher, to be stored.</returns>
    public async Task<StoredTeacher> Hire(
        string name,
        Func<FakeRequest, Sample, FakeAct> script,
        bool keepsRequests = true
    )
    {
        var server = await FakeTeacherServer.Start(
            request => script(request, _pictures[request.ImageHash]),
            keepsRequests: keepsRequests
        );
        _servers.Add(name, server);
        return new StoredTeacher
        {
            Name = name,
            Kind = TeacherKind.OpenAI,
            Endpoint = server.Endpoint,
            Model = FakeTeacherServer.Model,
            MaxImageSide = ImageSide,
            PromptPrice = 1,
            CompletionPrice = 2,
        };
    }

    /// <summary>
    /// Holds what a job over all samples of its splits came to against what the ledger says it must come to. Samples with the
    /// same picture cannot be told apart by a server, and an import takes one of them: of these it is only known that they ended.
    /// </summary>
    /// <returns>The items.</returns>
    public async Task<IReadOnlyCollection<ExpectedItem>> Check(
        StoreFactory store,
        long jobId,
        ConstructionConfig config
    )
    {
        var samples = Splits
            .All.Where(split => config.Splits.Contains(split.Key(), StringComparer.Ordinal))
            .SelectMany(_version.Of)
            .Select(sample => sample.Id)
            .ToHashSet(StringComparer.Ordinal);
        var actual = await CotLedger.Actual(store, jobId);
        Assert.Empty(actual.Keys.Except(samples, StringComparer.Ordinal));
        Assert.Empty(samples.Except(actual.Keys, StringComparer.Ordinal).Except(_twins, StringComparer.Ordinal)); // none is lost
        Assert.DoesNotContain(actual.Values, item => item.State == ItemState.Open);
        var known = _pictures
            .Where(picture => samples.Contains(picture.Value.Id) && !_twins.Contains(picture.Value.Id))
            .ToDictionary(picture => picture.Key, picture => picture.Value, StringComparer.Ordinal);
        var expected = Ledger.Expect(
            known.ToDictionary(picture => picture.Key, picture => picture.Value.Label, StringComparer.Ordinal),
            config
        );
        foreach (var (picture, sample) in known)
            Assert.Equal((sample.Id, expected[picture]), (sample.Id, actual[sample.Id]));
        return actual.Values;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers.Values)
            await server.DisposeAsync();
    }
}

using CLGRPO.Data.Datasets.EmoScenes;
using CLGRPO.Data.Runs;
using CLGRPO.Data.Store;
using CLGRPO.Web.Home;
using CLGRPO.Web.Operation;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Tests.Home;

public sealed class LabOverviewTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SiteOptions _options;
    private readonly StoreFactory _store;

    public LabOverviewTests()
    {
        _options = new SiteOptions
        {
            Datasets = Path.Combine(_folder.Path, "datasets"),
            Runs = Path.Combine(_folder.Path, "runs"),
        };
        _store = StoreFactory.Open(new StoreOptions(Path.Combine(_folder.Path, "clgrpo.db")));
    }

    [Fact]
    public async Task Read_NothingThere_CountsNothing()
    {
        var lab = await new LabOverview(_store, Options.Create(_options)).Read(TestContext.Current.CancellationToken);

        Assert.Empty(lab.Datasets);
        Assert.Empty(lab.Runs);
        Assert.Equal((0, 0, 0), (lab.Samples, lab.Records, lab.Checkpoints));
    }

    [Fact]
    public async Task Read_BuiltInDataAndARun_CountsThem()
    {
        EmoScenesGenerator.Generate(
            new EmoScenesConfig
            {
                Train = 24,
                Validation = 8,
                Test = 8,
            },
            _options.Datasets,
            stop: TestContext.Current.CancellationToken
        );
        var run = RunDirectory.Create(Path.Combine(_options.Runs, "one"), "name: one", "{}");
        foreach (var step in (string[])["step-0000005", "step-0000010"])
        {
            var checkpoint = Directory.CreateDirectory(Path.Combine(run.CheckpointsPath, step));
            await File.WriteAllTextAsync(
                Path.Combine(checkpoint.FullName, "manifest.json"),
                "{}",
                TestContext.Current.CancellationToken
            );
        }
        Directory.CreateDirectory(Path.Combine(_options.Runs, "no-run"));

        var lab = await new LabOverview(_store, Options.Create(_options)).Read(TestContext.Current.CancellationToken);

        Assert.Equal(("emoscenes", 40, 8), lab.Datasets.Select(set => (set.Name, set.Samples, set.Labels)).Single());
        Assert.Equal(("one", 2), lab.Runs.Select(found => (found.Id, found.Checkpoints)).Single());
        Assert.Equal(2, lab.Checkpoints);
    }

    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
    }
}

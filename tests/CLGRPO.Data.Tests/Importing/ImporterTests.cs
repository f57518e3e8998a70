using CLGRPO.Data.Datasets;
using CLGRPO.Data.Datasets.EmoScenes;
using CLGRPO.Data.Importing;
using CLGRPO.Data.Store;
using CLGRPO.Data.Tests.Images;
using CLGRPO.Data.Tests.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Tests.Importing;

public sealed class ImporterTests : IDisposable
{
    private readonly SourceFolder _source = new();
    private TestStore? _store;

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Run_FolderWithBadAndDoubleRows_ImportsTheGoodOnesAndReportsTheRest(Database database)
    {
        _store = new TestStore(database);
        _source
            .With("train/cat/1.png", Picture(1))
            .With("train/cat/2.png", Picture(2))
            .With("test/dog/1.png", Picture(3))
            .With("test/dog/again.png", Picture(1))
            .With("test/dog/broken.png", "no picture")
            .With("test/dog/cut.png", Picture(4)[..20]);

        var import = await Run();

        Assert.Equal(
            (JobState.Completed, 3, 1, 2),
            (import.State, import.Imported, import.Duplicates, import.Problems)
        );
        await using var context = _store.Context();
        var problems = await context.ImportProblems.OrderBy(problem => problem.Id).ToListAsync(Stop);
        Assert.Equal(3, problems.Count); // the two that are no pictures, and the double
        Assert.Contains(problems, problem => problem.Reason.Contains("already there as 'test.dog.again'"));
        Assert.Contains(
            problems,
            problem => problem.File == "test/dog/broken.png" && problem.Reason.Contains("not a PNG")
        );
        var samples = await context.Samples.OrderBy(sample => sample.Id).ToListAsync(Stop);
        Assert.Equal(
            [
                ("test.dog.1", "dog", Split.Test),
                ("test.dog.again", "dog", Split.Test),
                ("train.cat.2", "cat", Split.Train),
            ],
            samples.Select(sample => (sample.Key, sample.Label, sample.Split!.Value)).Order()
        );
        Assert.All(samples, sample => Assert.True(File.Exists(Path.Combine(_store.Root, "blobs", sample.Image))));
        Assert.All(samples, sample => Assert.Equal((8, 6), (sample.Width, sample.Height)));
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Run_FrozenVersion_KeepsAttributesSplitsAndCompletions(Database database)
    {
        _store = new TestStore(database);
        var version = EmoScenesGenerator.Generate(
            new EmoScenesConfig
            {
                Train = 40,
                Validation = 16,
                Test = 16,
            },
            _store.Root,
            stop: Stop
        );

        var import = await Run(version.Path);

        Assert.Equal((72, 0, 0), (import.Imported, import.Duplicates, import.Problems));
        await using var context = _store.Context();
        var sample = await context
            .Samples.Include(sample => sample.Attributes)
                .ThenInclude(attribute => attribute.Value)
            .Include(sample => sample.Records)
            .SingleAsync(sample => sample.Key == version.Train[5].Id, Stop);
        Assert.Equal(version.Train[5].Completion, Assert.Single(sample.Records).Completion);
        Assert.Equal(
            version.Train[5].Attributes.SelectMany(a => a.Value.Select(value => (a.Key, value))).Order(),
            sample
                .Attributes.Select(attribute => attribute.Value!)
                .Where(value => value.Value is not null)
                .Select(value => (value.Attribute, value.Value!))
                .Order()
        );
    }

    [Fact]
    public async Task Run_StoppedAndRunAgain_GoesOnWhereItWas()
    {
        _store = new TestStore(Database.Sqlite);
        for (var i = 0; i < 4500; i++)
            _source.With($"{(i % 2 == 0 ? "cat" : "dog")}/{i:D5}.png", Picture(i));
        using var stop = new CancellationTokenSource();
        var seen = new List<ImportProgress>();
        var progress = new Immediate<ImportProgress>(report =>
        {
            seen.Add(report);
            stop.Cancel();
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            new Importer(_store.Factory, _store.Root).Run(Request(), progress, stop.Token)
        );
        await using (var context = _store.Context())
            Assert.Equal(JobState.Paused, (await context.Imports.SingleAsync(Stop)).State);
        var import = await Run();

        Assert.Equal((4500, 0, 0), (import.Imported + import.Duplicates, import.Problems, import.Duplicates));
        Assert.Equal(4500, import.Cursor);
        await using (var context = _store.Context())
        {
            Assert.Single(await context.Imports.ToListAsync(Stop));
            Assert.Equal(4500, await context.Samples.CountAsync(Stop));
        }
        Assert.Equal(4500, seen[0].TotalRows);
    }

    [Fact]
    public async Task Run_OtherLabelsThanTheDataSets_IsRefused()
    {
        _store = new TestStore(Database.Sqlite);
        _source.With("cat/1.png", Picture(1)).With("dog/1.png", Picture(2));
        await Run();
        _source.With("bird/1.png", Picture(3));

        var refusal = await Assert.ThrowsAsync<ImportException>(() => Run());

        Assert.Contains("the source also has bird", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_SameSourceAgain_AddsNothing()
    {
        _store = new TestStore(Database.Sqlite);
        _source.With("cat/1.png", Picture(1)).With("dog/1.png", Picture(2));
        await Run();

        var again = await Run();

        Assert.Equal((0, 2, 0), (again.Imported, again.Duplicates, again.Problems));
    }

    public void Dispose()
    {
        _store?.Dispose();
        _source.Dispose();
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private Task<StoredImport> Run(string? path = null) =>
        new Importer(_store!.Factory, _store.Root).Run(Request(path), progress: null, Stop);

    private ImportRequest Request(string? path = null) => new(path ?? _source.Path, "pets", "tester");

    /// <summary>A picture of 8×6 that no other number gives.</summary>
    private static byte[] Picture(int number) =>
        TestPng.Make(8, 6, [.. Enumerable.Range(0, 8 * 6 * 3).Select(i => (byte)(i % 2 == 0 ? number : number >> 8))]);

    private sealed class Immediate<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}

using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Tests.Store;

public sealed class VersionFreezerTests
{
    private static readonly RecordSelection Any = new();

    private static CancellationToken Stop => StoreRows.Stop;

    [Fact]
    public async Task Freeze_SameContent_SameHashOnBothDatabasesAndInAnyOrder()
    {
        using var sqlite = new TestStore(Database.Sqlite);
        using var postgres = new TestStore(Database.Postgres);
        using var reversed = new TestStore(Database.Sqlite);
        var samples = StoreRows.Samples(60).Select(Annotated).ToList();

        var first = await Freeze(sqlite, await Fill(sqlite, samples), Any);
        var again = await Freeze(sqlite, 1, Any);
        var onServer = await Freeze(postgres, await Fill(postgres, samples), Any);
        samples.Reverse();
        var otherOrder = await Freeze(reversed, await Fill(reversed, samples), Any);

        Assert.Equal(first.Hash, again.Hash);
        Assert.Equal(first.Hash, onServer.Hash);
        Assert.Equal(first.Hash, otherOrder.Hash);
        Assert.Empty(DatasetVersion.Validate(first.Path));
        Assert.Equal(60, Splits.All.Sum(split => first.Of(split).Count));
        using var context = sqlite.Context();
        Assert.Equal(60, context.FrozenSamples.Count());
        Assert.Equal(2, context.Audit.Count(entry => entry.Action == "dataset.freeze"));
        Assert.Equal(first.Hash, context.Versions.Single().Hash);
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Restore_AfterEverythingChanged_GivesTheSameBytes(Database database)
    {
        using var store = new TestStore(database);
        var samples = StoreRows.Samples(30).Select(Annotated).ToList();
        var dataset = await Fill(store, samples);
        var frozen = await Freeze(store, dataset, new RecordSelection { KeepWithoutRecord = true });
        var bytes = DatasetHash.Files.ToDictionary(f => f, f => File.ReadAllBytes(Path.Combine(frozen.Path, f)));
        var more = StoreRows.Samples(10, "later");
        PutImages(store, more);
        await StoreRows.Add(store, dataset, more);
        using (var context = store.Context())
        {
            foreach (var sample in context.Samples)
                (sample.Split, sample.Label) = (Split.Train, StoreRows.Labels[0]);
            foreach (var record in context.Records)
                (record.State, record.Review) = (CotState.Rejected, ReviewState.Rejected);
            context.Datasets.Single().Question = "Another?";
            context.SaveChanges();
        }
        Directory.Delete(frozen.Path, recursive: true);

        var id = store.Context().Versions.Single().Id;
        var restored = await Freezer(store).Restore(id, Stop);

        Assert.Equal(frozen.Path, restored.Path);
        Assert.All(bytes, file => Assert.Equal(file.Value, File.ReadAllBytes(Path.Combine(restored.Path, file.Key))));
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Freeze_ManyRecords_TakesTheBestAndEditsWin(Database database)
    {
        using var store = new TestStore(database);
        var samples = StoreRows.Samples(7).Select(sample => sample with { Split = Split.Train }).ToList();
        var dataset = await Fill(store, samples);
        var keys = samples.ConvertAll(sample => sample.Key);
        using (var context = store.Context())
        {
            var ids = context.Samples.ToDictionary(sample => sample.Key, sample => sample.Id);
            // 0: the higher agreement. 1: a reviewer's word before agreement. 2: an edit before all. 3: a reviewer overrules the
            // construction. 4: only rejected ones. 5: equal but for the teacher's name. 6: nobody accepted it.
            Add(0, "low", 0.5);
            Add(0, "high", 0.9);
            Add(1, "agreed", 1.0);
            Add(1, "reviewed", 0.1, ReviewState.Accepted);
            Add(2, "reviewed", 1.0, ReviewState.Accepted);
            var edited = Add(2, "raw", null, ReviewState.Edited);
            Add(3, "overruled", 0, ReviewState.Accepted, CotState.Rejected);
            Add(4, "refused", 1.0, ReviewState.Rejected);
            Add(5, "b", 0.5, teacher: "zebra");
            Add(5, "a", 0.5, teacher: "ape");
            Add(6, "candidate", 1.0, state: CotState.Candidate);
            context.SaveChanges();
            context.Reviews.AddRange(
                Edit(edited.Id, "first", StoreRows.Now, superseded: true),
                Edit(edited.Id, "newest", StoreRows.Now.AddHours(2), superseded: false),
                Edit(edited.Id, "older", StoreRows.Now.AddHours(1), superseded: false)
            );
            context.SaveChanges();

            CotRecord Add(
                int sample,
                string text,
                double? agreement,
                ReviewState review = ReviewState.Pending,
                CotState state = CotState.Accepted,
                string teacher = "t"
            )
            {
                var record = Record(ids[keys[sample]], text, teacher);
                (record.State, record.Review, record.Agreement) = (state, review, agreement);
                context.Records.Add(record);
                return record;
            }
        }

        var version = await Freeze(store, dataset, Any);
        var whole = await Freeze(store, dataset, Any with { KeepWithoutRecord = true });

        Assert.Equal(
            [
                (keys[0], "high", "t"),
                (keys[1], "reviewed", "t"),
                (keys[2], "newest", "t (edited)"),
                (keys[3], "overruled", "t"),
                (keys[5], "a", "ape"),
            ],
            version.Train.Select(sample => (sample.Id, sample.Completion, sample.Teacher))
        );
        Assert.Equal(7, whole.Train.Count);
        Assert.Equal(5, whole.Train.Count(sample => sample.Completion is not null));
        Assert.NotEqual(version.Hash, whole.Hash);
    }

    [Theory]
    [ClassData(typeof(BothDatabases))]
    public async Task Freeze_Filters_KeepWhatPasses(Database database)
    {
        using var store = new TestStore(database);
        var samples = StoreRows.Samples(4).Select(sample => sample with { Split = Split.Train }).ToList();
        var dataset = await Fill(store, samples);
        using (var context = store.Context())
        {
            var ids = context.Samples.OrderBy(sample => sample.Key).Select(sample => sample.Id).ToList();
            var job = new ConstructionJob
            {
                DatasetId = dataset,
                Name = "night '; --",
                Config = "{}",
                CreatedBy = "test",
                CreatedAt = StoreRows.Now,
            };
            context.Jobs.Add(job);
            context.SaveChanges();
            CotRecord[] records =
            [
                Record(ids[0], "zero", "ape", job.Id),
                Record(ids[1], "one", "zebra"),
                Record(ids[2], "two", "%"),
                Record(ids[3], "three", "ape"),
            ];
            records[1].Agreement = 0.75;
            records[3].Review = ReviewState.Flagged;
            context.Records.AddRange(records);
            context.SaveChanges();
            context.Reviews.AddRange(
                Rated(records[1].Id, """{"clear":5,"true":4}"""),
                Rated(records[2].Id, """{"clear":2}"""),
                Rated(records[2].Id, "{}")
            );
            context.SaveChanges();
        }

        Assert.Equal(["zero", "one", "two"], await Taken(Any));
        Assert.Equal(["three"], await Taken(Any with { Reviews = [ReviewState.Flagged] }));
        Assert.Equal(["zero"], await Taken(Any with { Teachers = ["ape"] }));
        Assert.Equal(["two"], await Taken(Any with { Teachers = ["%"] }));
        Assert.Empty(await Taken(Any with { Teachers = ["%' OR 1=1 --", "\0", "\uD83D"] }));
        Assert.Equal(["zero"], await Taken(Any with { Jobs = ["night '; --"] }));
        Assert.Equal(["one"], await Taken(Any with { MinAgreement = 0.75 }));
        Assert.Empty(await Taken(Any with { MinAgreement = 0.76 }));
        Assert.Equal(["one"], await Taken(Any with { MinRating = 4.5 }));
        Assert.Equal(["one", "two"], await Taken(Any with { MinRating = 2 }));
        Assert.Empty(await Taken(Any with { Splits = [Split.Test] }));

        async Task<IEnumerable<string?>> Taken(RecordSelection selection) =>
            (await Freeze(store, dataset, RecordSelection.FromJson(selection.ToJson()))).Train.Select(s =>
                s.Completion
            );
    }

    [Fact]
    public async Task Freeze_TestSplit_HasNoCompletionsAndNoSampleIsMissing()
    {
        using var store = new TestStore(Database.Sqlite);
        var samples = StoreRows
            .Samples(9)
            .Select((sample, i) => Annotated(sample, i) with { Split = Splits.All[i % 3] })
            .ToList();
        var dataset = await Fill(store, samples);

        var version = await Freeze(store, dataset, new RecordSelection { Teachers = ["nobody"] });
        var all = await Freeze(store, dataset, Any);

        Assert.Equal((0, 3, 3), (version.Train.Count, version.Validation.Count, version.Test.Count));
        Assert.Equal((3, 3, 3), (all.Train.Count, all.Validation.Count, all.Test.Count));
        Assert.All(all.Validation, sample => Assert.NotNull(sample.Completion));
        Assert.All(all.Test, sample => Assert.Null(sample.Completion));
    }

    [Fact]
    public async Task Freeze_CopiesNoImage()
    {
        using var store = new TestStore(Database.Sqlite);
        var dataset = await Fill(store, [.. StoreRows.Samples(3).Select(Annotated)]);
        var blobs = Directory.GetFiles(Path.Combine(store.Root, "blobs"));
        var times = blobs.Select(File.GetLastWriteTimeUtc).ToList();

        await Freeze(store, dataset, Any);

        Assert.Equal(blobs, Directory.GetFiles(Path.Combine(store.Root, "blobs")));
        Assert.Equal(times, blobs.Select(File.GetLastWriteTimeUtc));
    }

    [Fact]
    public async Task Freeze_ImageGoneOrNoSplit_SaysSoAndLeavesNothing()
    {
        using var store = new TestStore(Database.Sqlite);
        var dataset = await Fill(store, [.. StoreRows.Samples(3).Select(Annotated)]);
        File.Delete(Path.Combine(store.Root, "blobs", StoreRows.ImageOf("s000001")));

        await Assert.ThrowsAsync<FileNotFoundException>(() => Freeze(store, dataset, Any));
        await StoreRows.Add(store, dataset, [StoreRows.Sample("new")]);
        var exception = await Assert.ThrowsAsync<StoreException>(() => Freeze(store, dataset, Any));

        Assert.Contains("1 of 4 samples have no split", exception.Message, StringComparison.Ordinal);
        Assert.Equal(["blobs"], Directory.GetFileSystemEntries(store.Root).Select(Path.GetFileName));
        using var context = store.Context();
        Assert.Empty(context.Versions);
        Assert.Empty(context.Audit);
    }

    [Fact]
    public async Task Freeze_WhileOthersWrite_HoldsNobodyUp()
    {
        using var store = new TestStore(Database.Sqlite);
        var dataset = await Fill(store, [.. StoreRows.Samples(3).Select(Annotated)]);
        await using var reader = store.Context();
        await using var snapshot = await reader.BeginSnapshot(Stop);
        Assert.Equal(3, reader.Samples.Count());

        await StoreRows.Add(store, dataset, [StoreRows.Sample("meanwhile")]);

        Assert.Equal(3, reader.Samples.Count());
        await snapshot.DisposeAsync();
        Assert.Equal(4, reader.Samples.Count());
    }

    /// <summary>Split by turns, with attributes in another order than the vocabulary's, and a text.</summary>
    private static NewSample Annotated(NewSample sample, int _)
    {
        var turn = sample.Key[^1] - '0';
        return sample with
        {
            Split =
                turn < 6 ? Split.Train
                : turn < 8 ? Split.Validation
                : Split.Test,
            Attributes = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
            {
                ["object"] = turn % 2 == 0 ? ["tree", "cat"] : [],
                ["scene"] = ["city"],
            },
            Completion = $"<think>ü {turn}</think><answer>{sample.Label}</answer>",
            Teacher = "imported",
        };
    }

    private static CotRecord Record(long sampleId, string text, string teacher, long? jobId = null) =>
        new()
        {
            SampleId = sampleId,
            JobId = jobId,
            Teacher = teacher,
            Model = "m",
            Completion = text,
            State = CotState.Accepted,
            CreatedAt = StoreRows.Now,
        };

    private static Review Edit(long recordId, string text, DateTime at, bool superseded) =>
        new()
        {
            RecordId = recordId,
            Reviewer = "r",
            Verdict = Verdict.Edit,
            EditedCompletion = text,
            Superseded = superseded,
            CreatedAt = at,
        };

    private static Review Rated(long recordId, string ratings) =>
        new()
        {
            RecordId = recordId,
            Reviewer = "r",
            Verdict = Verdict.Accept,
            Ratings = ratings,
            CreatedAt = StoreRows.Now,
        };

    private static async Task<long> Fill(TestStore store, IReadOnlyList<NewSample> samples)
    {
        var dataset = StoreRows.AddDataset(store);
        PutImages(store, samples);
        await StoreRows.Add(store, dataset, samples);
        return dataset;
    }

    private static void PutImages(TestStore store, IReadOnlyList<NewSample> samples)
    {
        Directory.CreateDirectory(Path.Combine(store.Root, "blobs"));
        foreach (var sample in samples)
            File.WriteAllText(Path.Combine(store.Root, "blobs", sample.Image), sample.Key);
    }

    private static VersionFreezer Freezer(TestStore store) => new(store.Factory, TimeProvider.System, store.Root);

    private static Task<DatasetVersion> Freeze(TestStore store, long dataset, RecordSelection selection) =>
        Freezer(store).Freeze(dataset, selection, "tester", Stop);
}

using System.Text;
using CLGRPO.Data.Browsing;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;
using CLGRPO.Data.Tests.Images;
using CLGRPO.Data.Tests.Store;

namespace CLGRPO.Data.Tests.Browsing;

/// <summary>Seven samples, each in another state, and a second data set of the same content that must never show.</summary>
internal sealed class BrowsedStore : IDisposable
{
    private static readonly IReadOnlyList<AttributeVocabulary> Vocabulary =
    [
        new("scene", ["beach", "city"]),
        new("brightness", ["0.1", "0.5", "0.9"]),
    ];

    private BrowsedStore(Database database) => Store = new TestStore(database);

    public TestStore Store { get; }
    public long Dataset { get; private set; }
    public long Other { get; private set; }
    public SampleSearch Search => new(Store.Factory);

    /// <summary>Key → id, of the data set.</summary>
    public Dictionary<string, long> Ids { get; private set; } = [];

    public static async Task<BrowsedStore> Open(Database database)
    {
        var browsed = new BrowsedStore(database);
        browsed.Other = StoreRows.AddDataset(browsed.Store, "other");
        await browsed.Fill(browsed.Other);
        browsed.Dataset = StoreRows.AddDataset(browsed.Store);
        browsed.Ids = await browsed.Fill(browsed.Dataset);
        return browsed;
    }

    /// <summary>Keys of what fits, in order.</summary>
    public async Task<string> Fitting(SampleFilter filter, SampleOrder order = SampleOrder.Imported)
    {
        var ids = await Search.Ids(Dataset, filter, order, StoreRows.Stop);
        Assert.Equal(ids.Count, await Search.Count(Dataset, filter, StoreRows.Stop));
        var tiles = await Search.Tiles(Dataset, ids, StoreRows.Stop);
        Assert.Equal(ids, tiles.Select(tile => tile.Id));
        return string.Join(' ', tiles.Select(tile => tile.Key));
    }

    /// <summary>Makes pictures under the names that the samples have for them: what is in them plays no part.</summary>
    public void PutPictures(params IReadOnlyList<string> keys)
    {
        var blobs = Directory.CreateDirectory(Path.Combine(Store.Root, "blobs")).FullName;
        foreach (var key in keys)
        {
            var number = TestPng.Chunk("tEXt", Encoding.ASCII.GetBytes($"n\0{key}"));
            File.WriteAllBytes(
                Path.Combine(blobs, StoreRows.ImageOf(key)),
                TestPng.Make(2, 1, [1, 2, 3, 4, 5, 6], number)
            );
        }
    }

    public void Dispose() => Store.Dispose();

    private async Task<Dictionary<string, long>> Fill(long dataset)
    {
        NewSample[] samples =
        [
            Sample("a1", "joy", Split.Train, ["beach"], "0.1"),
            Sample("a2", "fear", Split.Train, ["city"], "0.5") with
            {
                Group = "g",
            },
            Sample("a3", "awe", Split.Train, null, "0.9"),
            Sample("a4", "joy", Split.Validation, ["beach"], "0.5"),
            Sample("a5", "fear", Split.Test, ["city"], null) with
            {
                Group = "g",
            },
            Sample("a6", "awe", null, [], null),
            Sample("a7", "joy", Split.Train, null, null),
        ];
        await using (
            var writer = await SampleBatchWriter.Open(
                Store.Factory,
                TimeProvider.System,
                dataset,
                importId: null,
                Vocabulary,
                StoreRows.Stop
            )
        )
            await writer.Add(samples, [], samples.Length, StoreRows.Stop);
        await using var context = Store.Context();
        var ids = context.Samples.Where(s => s.DatasetId == dataset).ToDictionary(s => s.Key, s => s.Id);
        var trial = new ConstructionJob
        {
            DatasetId = dataset,
            Name = $"trial-{dataset}",
            Config = "{}",
            State = JobState.Completed,
            IsTrial = true,
            CreatedBy = "test",
            CreatedAt = StoreRows.Now,
        };
        context.Add(trial);
        await context.SaveChangesAsync(StoreRows.Stop);
        var edited = Record("a2", "t1", "raw", ReviewState.Edited);
        context.AddRange(
            Record("a7", "t3", "of a trial", ReviewState.Pending, job: trial.Id),
            Record("a5", "t3", "candidate", ReviewState.Pending, CotState.Candidate),
            Record("a4", "t2", "refused 100%", ReviewState.Rejected),
            Record("a3", "t1", "flagged", ReviewState.Flagged),
            Record("a3", "t2", "good", ReviewState.Accepted),
            edited,
            Record("a1", "t1", "Sunny SEA, =1+1", ReviewState.Pending)
        );
        await context.SaveChangesAsync(StoreRows.Stop);
        context.Add(
            new Review
            {
                RecordId = edited.Id,
                Reviewer = "otto",
                Verdict = Verdict.Edit,
                EditedCompletion = "better",
                CreatedAt = StoreRows.Now,
            }
        );
        await context.SaveChangesAsync(StoreRows.Stop);
        return ids;

        CotRecord Record(
            string sample,
            string teacher,
            string text,
            ReviewState review,
            CotState state = CotState.Accepted,
            long? job = null
        ) =>
            new()
            {
                SampleId = ids[sample],
                JobId = job,
                Teacher = teacher,
                Model = "",
                Completion = $"<think>{text}</think><answer>joy</answer>",
                State = state,
                Review = review,
                CreatedAt = StoreRows.Now,
            };
    }

    private static NewSample Sample(string key, string label, Split? split, string[]? scene, string? brightness)
    {
        var attributes = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        if (scene is not null)
            attributes["scene"] = scene;
        if (brightness is not null)
            attributes["brightness"] = [brightness];
        return new NewSample(key, StoreRows.ImageOf(key), 8, 8, label, attributes) { Split = split };
    }
}

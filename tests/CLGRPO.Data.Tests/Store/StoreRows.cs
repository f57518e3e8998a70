using System.Globalization;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;

namespace CLGRPO.Data.Tests.Store;

/// <summary>Rows for tests.</summary>
internal static class StoreRows
{
    public static readonly DateTime Now = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    public static readonly Dictionary<string, IReadOnlyList<string>> NoAttributes = new(StringComparer.Ordinal);

    public static IReadOnlyList<string> Labels { get; } = ["joy", "fear", "awe"];

    public static IReadOnlyList<AttributeVocabulary> Vocabulary { get; } =
    [new("scene", ["beach", "city"]), new("object", ["cat", "dog", "tree"])];

    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static long AddDataset(TestStore store, string name = "small")
    {
        using var context = store.Context();
        var dataset = new StoredDataset
        {
            Name = name,
            Question = "Which emotion?",
            Labels = [.. Labels],
            Licence = "CC0-1.0",
            Source = "test",
            CreatedAt = Now,
        };
        context.Datasets.Add(dataset);
        context.SaveChanges();
        return dataset.Id;
    }

    public static long AddImport(TestStore store, long datasetId)
    {
        using var context = store.Context();
        var import = new StoredImport
        {
            DatasetId = datasetId,
            Source = "folder",
            Format = "csv",
            State = JobState.Running,
            CreatedBy = "test",
            CreatedAt = Now,
        };
        context.Imports.Add(import);
        context.SaveChanges();
        return import.Id;
    }

    /// <summary>A sample with a picture of its own (the hash of its key) and a label by turns.</summary>
    public static NewSample Sample(string key, IReadOnlyDictionary<string, IReadOnlyList<string>>? attributes = null) =>
        new(key, ImageOf(key), 64, 48, Labels[key.Sum(c => c) % Labels.Count], attributes ?? NoAttributes);

    public static string ImageOf(string key) => DatasetHash.Of(System.Text.Encoding.UTF8.GetBytes(key));

    public static IReadOnlyList<NewSample> Samples(int count, string prefix = "s") =>
        [.. Enumerable.Range(0, count).Select(i => Sample(prefix + i.ToString("D6", CultureInfo.InvariantCulture)))];

    public static async Task<IReadOnlyList<AddResult>> Add(
        TestStore store,
        long datasetId,
        IReadOnlyList<NewSample> samples
    )
    {
        await using var writer = await SampleBatchWriter.Open(
            store.Factory,
            TimeProvider.System,
            datasetId,
            importId: null,
            Vocabulary,
            Stop
        );
        return await writer.Add(samples, [], samples.Count, Stop);
    }
}

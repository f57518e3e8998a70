using CLGRPO.Data.Store;

namespace CLGRPO.Data.Tests.Store;

/// <summary>Rows for tests.</summary>
internal static class StoreRows
{
    public static readonly DateTime Now = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    public static IReadOnlyList<string> Labels { get; } = ["joy", "fear", "awe"];

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
}

using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Web.Reviews;

/// <summary>What filters can be made of.</summary>
internal static class ReviewChoices
{
    public static async Task<(IReadOnlyList<StoredDataset> Datasets, IReadOnlyList<string> Teachers)> Of(
        StoreFactory store,
        CancellationToken stop
    )
    {
        await using var context = store.CreateDbContext();
        return (
            await context.Datasets.AsNoTracking().OrderBy(dataset => dataset.Name).ToListAsync(stop),
            await context.Records.Select(record => record.Teacher).Distinct().OrderBy(name => name).ToListAsync(stop)
        );
    }
}

using CLGRPO.Data.Datasets;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Store;

/// <summary>Describes a data set of the store as versions and exports do.</summary>
internal static class DatasetDescription
{
    /// <param name="method">How what is described came to be, in a sentence or two.</param>
    /// <param name="settings">What was set.</param>
    /// <exception cref="KeyNotFoundException">There is no such data set.</exception>
    public static async Task<DatasetInfo> Of(
        StoreContext context,
        long datasetId,
        string method,
        IReadOnlyList<KeyValuePair<string, string>> settings,
        CancellationToken stop
    )
    {
        var dataset =
            await context.Datasets.AsNoTracking().SingleOrDefaultAsync(dataset => dataset.Id == datasetId, stop)
            ?? throw new KeyNotFoundException($"There is no data set {datasetId}.");
        var values = await context
            .AttributeValues.AsNoTracking()
            .Where(value => value.DatasetId == datasetId)
            .ToListAsync(stop);
        return new DatasetInfo
        {
            Name = dataset.Name,
            Question = dataset.Question,
            Labels = dataset.Labels,
            Attributes =
            [
                .. values
                    .GroupBy(value => (value.AttributeOrder, value.Attribute))
                    .OrderBy(attribute => attribute.Key.AttributeOrder)
                    .Select(attribute => new AttributeVocabulary(
                        attribute.Key.Attribute,
                        [.. attribute.OrderBy(value => value.ValueOrder).Select(value => value.Value).OfType<string>()]
                    )),
            ],
            Provenance = new(dataset.Source, method, settings),
            Licence = dataset.Licence,
        };
    }
}

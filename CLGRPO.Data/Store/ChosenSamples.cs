using CLGRPO.Data.Datasets;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Store;

/// <summary>A sample, and the chain of thought that was chosen for it.</summary>
/// <param name="RecordId">Null for none.</param>
/// <param name="ReviewId">The review whose edit takes the record's place; null for none.</param>
internal readonly record struct SampleChoice(
    long SampleId,
    string Key,
    string Image,
    string Label,
    long? RecordId,
    long? ReviewId
);

/// <summary>Reads samples as versions and exports hold them: with their annotation and the text that was chosen.</summary>
/// <param name="values">The data set's vocabulary by id: its texts are in memory once, however many samples have them.</param>
internal sealed class ChosenSamples(StoreContext context, IReadOnlyDictionary<long, AttributeValue> values)
{
    public static async Task<ChosenSamples> Of(StoreContext context, long datasetId, CancellationToken stop) =>
        new(
            context,
            await context
                .AttributeValues.AsNoTracking()
                .Where(value => value.DatasetId == datasetId)
                .ToDictionaryAsync(value => value.Id, stop)
        );

    /// <returns>One for each choice, in their order. A thousand at once are best.</returns>
    public async Task<IReadOnlyList<Sample>> Read(IReadOnlyList<SampleChoice> choices, CancellationToken stop)
    {
        var attributes = await Attributes(choices, stop);
        var texts = await Texts(choices, stop);
        return
        [
            .. choices.Select(choice =>
            {
                var (completion, teacher) = texts.GetValueOrDefault(choice.SampleId);
                return new Sample(
                    choice.Key,
                    choice.Image,
                    choice.Label,
                    attributes[choice.SampleId],
                    completion,
                    teacher
                );
            }),
        ];
    }

    private async Task<Dictionary<long, Dictionary<string, IReadOnlyList<string>>>> Attributes(
        IReadOnlyList<SampleChoice> choices,
        CancellationToken stop
    )
    {
        var ids = choices.Select(choice => choice.SampleId).ToArray();
        var rows = await context
            .SampleValues.Where(value => ids.Contains(value.SampleId))
            .Select(value => new { value.SampleId, value.ValueId })
            .ToListAsync(stop);
        var bySample = rows.ToLookup(row => row.SampleId, row => values[row.ValueId]);
        return ids.ToDictionary(
            id => id,
            id =>
                bySample[id]
                    .GroupBy(value => value.Attribute, StringComparer.Ordinal)
                    .ToDictionary(
                        attribute => attribute.Key,
                        attribute =>
                            (IReadOnlyList<string>)
                                [.. attribute.OrderBy(v => v.ValueOrder).Select(v => v.Value).OfType<string>()],
                        StringComparer.Ordinal
                    )
        );
    }

    private async Task<Dictionary<long, (string Completion, string Teacher)>> Texts(
        IReadOnlyList<SampleChoice> choices,
        CancellationToken stop
    )
    {
        var recordIds = choices.Select(choice => choice.RecordId).OfType<long>().ToArray();
        var records = await context
            .Records.Where(record => recordIds.Contains(record.Id))
            .Select(record => new
            {
                record.Id,
                record.Completion,
                record.Teacher,
            })
            .ToDictionaryAsync(record => record.Id, stop);
        var reviewIds = choices.Select(choice => choice.ReviewId).OfType<long>().ToArray();
        var edits = await context
            .Reviews.Where(review => reviewIds.Contains(review.Id))
            .Select(review => new { review.Id, review.EditedCompletion })
            .ToDictionaryAsync(review => review.Id, review => review.EditedCompletion, stop);
        return choices
            .Where(choice => choice.RecordId is not null)
            .ToDictionary(
                choice => choice.SampleId,
                choice =>
                {
                    var record = records[choice.RecordId!.Value];
                    return choice.ReviewId is { } review && edits[review] is { } edited
                        ? (edited, record.Teacher + VersionFreezer.EditedMark)
                        : (record.Completion, record.Teacher);
                }
            );
    }
}

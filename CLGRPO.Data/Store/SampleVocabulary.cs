using CLGRPO.Data.Datasets;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Store;

/// <summary>The ids of a data set's attribute values.</summary>
internal sealed class SampleVocabulary
{
    // The place of "known, and none of them", before all values.
    private const int NonePlace = -1;

    private readonly Dictionary<(string Attribute, string? Value), long> _ids;

    private SampleVocabulary(IEnumerable<AttributeValue> values) =>
        _ids = values.ToDictionary(value => (value.Attribute, value.Value), value => value.Id);

    /// <summary>Adds what the data set lacks, and loads the ids.</summary>
    public static async Task<SampleVocabulary> Declare(
        StoreContext context,
        long datasetId,
        IReadOnlyList<AttributeVocabulary> vocabulary,
        CancellationToken stop
    )
    {
        await using var transaction = await context.Database.BeginTransactionAsync(stop);
        // A write first: whoever declares at the same time waits here, and then sees what was declared.
        await context
            .Datasets.Where(dataset => dataset.Id == datasetId)
            .ExecuteUpdateAsync(dataset => dataset.SetProperty(d => d.Source, d => d.Source), stop);
        var known = await context
            .AttributeValues.AsNoTracking()
            .Where(value => value.DatasetId == datasetId)
            .ToListAsync(stop);
        var added = Missing(datasetId, known, vocabulary);
        context.AttributeValues.AddRange(added);
        await context.SaveChangesAsync(stop);
        await transaction.CommitAsync(stop);
        context.ChangeTracker.Clear();
        return new SampleVocabulary([.. known, .. added]);
    }

    /// <summary>The rows that say what a sample's annotation holds.</summary>
    /// <exception cref="ArgumentException">The annotation has a name or value that was not declared.</exception>
    public void AddRows(long sampleId, NewSample sample, List<SampleValueRow> rows)
    {
        foreach (var (name, values) in sample.Attributes)
        {
            if (values.Count == 0)
                rows.Add(new(sampleId, Id(sample, name, value: null)));
            foreach (var value in values)
                rows.Add(new(sampleId, Id(sample, name, value)));
        }
    }

    private long Id(NewSample sample, string name, string? value) =>
        _ids.TryGetValue((name, value), out var id)
            ? id
            : throw new ArgumentException(
                $"Attribute {StrictJson.Quote(name)} = {StrictJson.Quote(value ?? "none")} of '{sample.Key}' is not in the vocabulary."
            );

    private static List<AttributeValue> Missing(
        long datasetId,
        List<AttributeValue> known,
        IReadOnlyList<AttributeVocabulary> vocabulary
    )
    {
        var missing = new List<AttributeValue>();
        var attributes = known.Select(value => value.AttributeOrder).DefaultIfEmpty(-1).Max();
        foreach (var (name, values) in vocabulary)
        {
            var own = known.Where(value => value.Attribute == name).ToList();
            var order = own.Count > 0 ? own[0].AttributeOrder : ++attributes;
            var place = own.Select(value => value.ValueOrder).DefaultIfEmpty(NonePlace).Max();
            IEnumerable<string?> lacking = values.Except(own.Select(value => value.Value), StringComparer.Ordinal);
            if (own.Count == 0)
                missing.Add(Value(value: null, NonePlace));
            missing.AddRange(lacking.Select(value => Value(value, ++place)));

            AttributeValue Value(string? value, int valueOrder) =>
                new()
                {
                    DatasetId = datasetId,
                    Attribute = name,
                    AttributeOrder = order,
                    Value = value,
                    ValueOrder = valueOrder,
                };
        }
        return missing;
    }
}

using CLGRPO.Data.Datasets;

namespace CLGRPO.Data.Importing;

/// <summary>Completes what a source says about itself by what its rows hold, where it says nothing.</summary>
internal static class SourceSurvey
{
    // More classes than this are free answers, not labels.
    private const int MaxLabels = 1000;

    // More values than these are free text too, and more attributes are another kind of table.
    private const int MaxValues = 5000;
    private const int MaxAttributes = 200;

    /// <param name="source">The source.</param>
    /// <param name="stop">Ends a long reading.</param>
    /// <returns>The description with labels, vocabulary and number of rows filled in.</returns>
    /// <exception cref="ImportException">The rows hold no labels, or too many.</exception>
    public static async Task<SourceDescription> Of(Source source, CancellationToken stop)
    {
        var stated = source.Format.Describe(source.Files);
        if (stated is { Labels: not null, Rows: not null })
            return stated;
        var labels = new OrderedSet();
        var attributes = new Dictionary<string, OrderedSet>(StringComparer.Ordinal);
        var names = new OrderedSet();
        long rows = 0;
        await foreach (var entry in source.Format.Rows(source.Files, stop))
        {
            rows++;
            if (entry.Row is not { } row)
                continue;
            // What is too long is no label and no value: its row is reported.
            if (row.Label.Length <= DatasetRules.MaxWordLength)
                labels.Add(row.Label);
            if (labels.Count > MaxLabels)
                throw new ImportException(
                    $"The first {rows} rows name more than {MaxLabels} labels; answers in free text are no labels."
                );
            foreach (var (name, values) in row.Attributes)
            {
                if (name.Length > DatasetRules.MaxWordLength)
                    continue;
                names.Add(name);
                var vocabulary = attributes.TryGetValue(name, out var known) ? known : attributes[name] = new();
                foreach (var value in values.Where(value => value.Length <= DatasetRules.MaxWordLength))
                    vocabulary.Add(value);
                RequireFew(name, names.Count, vocabulary.Count);
            }
        }
        return stated with
        {
            Labels = stated.Labels ?? labels.Items,
            Attributes =
                stated.Attributes.Count > 0
                    ? stated.Attributes
                    : [.. names.Items.Select(name => new AttributeVocabulary(name, attributes[name].Items))],
            Rows = rows,
        };
    }

    /// <exception cref="ImportException">There are too many attributes, or an attribute has too many values.</exception>
    public static void RequireFew(string attribute, int attributes, int values)
    {
        if (attributes > MaxAttributes)
            throw new ImportException(
                $"The rows name more than {MaxAttributes} attributes; leave out the columns that are none."
            );
        if (values > MaxValues)
            throw new ImportException(
                $"The attribute {StrictJson.Quote(attribute)} has more than {MaxValues} different values; free text and identifiers are no attributes. Leave it out of the source."
            );
    }

    /// <summary>Texts in order of first appearance.</summary>
    internal sealed class OrderedSet
    {
        private readonly HashSet<string> _known = new(StringComparer.Ordinal);
        private readonly List<string> _items = [];

        public int Count => _items.Count;
        public IReadOnlyList<string> Items => _items;

        public void Add(string text)
        {
            if (_known.Add(text))
                _items.Add(text);
        }
    }
}

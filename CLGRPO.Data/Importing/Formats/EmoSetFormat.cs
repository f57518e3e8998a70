using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using CLGRPO.Data.Datasets;

namespace CLGRPO.Data.Importing.Formats;

/// <summary>EmoSet-118K as published: lists of 4-tuples, a vocabulary, an annotation for each picture. Source: reference/emoset.md.</summary>
public sealed class EmoSetFormat : ISourceFormat
{
    private const string InfoFile = "info.json";
    private const string Emotion = "emotion";
    private const long MaxListBytes = 1L << 30;
    private const long MaxAnnotationBytes = 1 << 20;

    private static readonly (Split Split, string File)[] Lists =
    [
        (Split.Train, "train.json"),
        (Split.Validation, "val.json"),
        (Split.Test, "test.json"),
    ];

    // Valence order, the index being the label's number (reference/emoset.md §2).
    private static readonly string[] Emotions =
    [
        "amusement",
        "awe",
        "contentment",
        "excitement",
        "anger",
        "disgust",
        "fear",
        "sadness",
    ];
    private static readonly string[] AttributeNames =
    [
        "brightness",
        "colorfulness",
        "scene",
        "object",
        "facial_expression",
        "human_action",
    ];

    public string Name => "emoset";

    public bool Fits(ISourceFiles files) =>
        files.Contains(InfoFile) && Lists.Any(list => files.Contains(list.File)) && HasAnnotations(files);

    public SourceDescription Describe(ISourceFiles files)
    {
        using var info = JsonFile.Read(files, InfoFile, MaxAnnotationBytes);
        var labels = Vocabulary(info.RootElement, Emotion);
        if (!labels.SequenceEqual(Emotions, StringComparer.Ordinal))
        {
            throw new ImportException(
                $"{InfoFile} orders the emotions {string.Join(", ", labels)}; EmoSet's order is {string.Join(", ", Emotions)}."
                    + " An order by name would turn every label into another; fetch the file again."
            );
        }
        return new SourceDescription(
            labels,
            [.. AttributeNames.Select(name => new AttributeVocabulary(name, Vocabulary(info.RootElement, name)))],
            Licence: "EmoSet-118K, for research; rights in the photographs are not stated by its authors",
            Rows: Present(files).Sum(list => RowCount(files, list.File))
        );
    }

    public async IAsyncEnumerable<SourceEntry> Rows(ISourceFiles files, [EnumeratorCancellation] CancellationToken stop)
    {
        var known = Describe(files)
            .Attributes.ToDictionary(
                a => a.Name,
                a => a.Values.ToHashSet(StringComparer.Ordinal),
                StringComparer.Ordinal
            );
        foreach (var (split, file) in Present(files))
        {
            await foreach (var (line, element, problem) in JsonFile.List(files, file, stop))
                yield return problem is null
                    ? Entry(files, known, file, line, element, split)
                    : SourceEntry.Bad(file, line, problem);
        }
    }

    private static SourceEntry Entry(
        ISourceFiles files,
        Dictionary<string, HashSet<string>> known,
        string file,
        long line,
        JsonElement tuple,
        Split split
    )
    {
        if (Texts(tuple) is not [var emotion, var id, var image, var annotation])
            return SourceEntry.Bad(file, line, "a list of four strings is expected: emotion, id, image, annotation");
        var row = new SourceRow
        {
            Key = id,
            Image = image,
            Label = emotion,
            Split = split,
        };
        if (!files.Contains(annotation))
            return SourceEntry.Bad(file, line, $"the annotation {StrictJson.Quote(annotation)} is missing");
        try
        {
            using var json = JsonFile.Read(files, annotation, MaxAnnotationBytes);
            return SourceEntry.Of(file, line, row with { Attributes = Attributes(json.RootElement, known) });
        }
        catch (ImportException e)
        {
            return SourceEntry.Bad(file, line, e.Message);
        }
    }

    private static Dictionary<string, IReadOnlyList<string>> Attributes(
        JsonElement annotation,
        Dictionary<string, HashSet<string>> known
    )
    {
        if (annotation.ValueKind != JsonValueKind.Object)
            throw new ImportException("the annotation is no JSON object");
        var attributes = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var name in AttributeNames)
        {
            if (!annotation.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
                continue; // absent: not known, which is not the same as "none"
            var values = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().Select(Text) : [Text(value)];
            attributes[name] = [.. values.Distinct(StringComparer.Ordinal)];
            var strange = attributes[name].FirstOrDefault(text => !known[name].Contains(text));
            if (strange is not null)
                throw new ImportException($"{name} is {StrictJson.Quote(strange)}, which {InfoFile} does not list");
        }
        return attributes;
    }

    /// <summary>Numbers stand in the vocabulary with one decimal: 1.0, never 1.</summary>
    private static string Text(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.Number => value.GetDouble().ToString("0.0", CultureInfo.InvariantCulture),
            _ => throw new ImportException("an attribute is neither text nor number"),
        };

    private static string[]? Texts(JsonElement tuple) =>
        tuple.ValueKind == JsonValueKind.Array && tuple.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String)
            ? [.. tuple.EnumerateArray().Select(element => element.GetString()!)]
            : null;

    /// <summary>The names of an attribute in the order of their numbers.</summary>
    private static string[] Vocabulary(JsonElement info, string attribute)
    {
        if (
            info.ValueKind != JsonValueKind.Object
            || !info.TryGetProperty(attribute, out var section)
            || section.ValueKind != JsonValueKind.Object
            || !section.TryGetProperty("label2idx", out var numbers)
            || numbers.ValueKind != JsonValueKind.Object
            || !numbers.EnumerateObject().All(pair => pair.Value.TryGetInt32(out _))
        )
        {
            throw new ImportException($"{InfoFile} has no '{attribute}' with a 'label2idx' of names and numbers.");
        }
        return [.. numbers.EnumerateObject().OrderBy(pair => pair.Value.GetInt32()).Select(pair => pair.Name)];
    }

    private static IEnumerable<(Split Split, string File)> Present(ISourceFiles files) =>
        Lists.Where(list => files.Contains(list.File));

    private static long RowCount(ISourceFiles files, string file)
    {
        using var list = JsonFile.Read(files, file, MaxListBytes);
        return list.RootElement.ValueKind == JsonValueKind.Array
            ? list.RootElement.GetArrayLength()
            : throw new ImportException($"{file} is no list.");
    }

    private static bool HasAnnotations(ISourceFiles files)
    {
        using var info = JsonFile.Read(files, InfoFile, MaxAnnotationBytes);
        return info.RootElement.ValueKind == JsonValueKind.Object
            && info.RootElement.TryGetProperty(Emotion, out var emotion)
            && emotion.ValueKind == JsonValueKind.Object;
    }
}

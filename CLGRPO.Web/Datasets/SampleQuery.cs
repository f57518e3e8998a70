using System.Globalization;
using CLGRPO.Data.Browsing;
using CLGRPO.Data.Datasets;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace CLGRPO.Web.Datasets;

/// <summary>Which samples are meant, as addresses of pages and requests say it. A name may come several times: any of its values fits.</summary>
public sealed record SampleQuery
{
    private const int MostValues = 100;
    private const int MostText = 256;
    private const string NoSplit = "none";

    /// <summary>Names that the address of a view may have.</summary>
    public static IReadOnlyList<string> Names { get; } =
    ["label", "split", "review", "teacher", "attribute", "range", "text", "order"];

    /// <summary>A class.</summary>
    [FromQuery(Name = "label")]
    public string[]? Label { get; init; }

    /// <summary>train, val, test or none.</summary>
    [FromQuery(Name = "split")]
    public string[]? Split { get; init; }

    /// <summary>Where the sample stands: pending, accepted, edited, rejected, flagged or none (no accepted chain of thought yet).</summary>
    [FromQuery(Name = "review")]
    public string[]? Review { get; init; }

    /// <summary>Who wrote an accepted chain of thought.</summary>
    [FromQuery(Name = "teacher")]
    public string[]? Teacher { get; init; }

    /// <summary>name:value, such as scene:beach; several of one name are alternatives.</summary>
    [FromQuery(Name = "attribute")]
    public string[]? Attribute { get; init; }

    /// <summary>name:low..high of an attribute of numbers, such as brightness:0.1..0.8.</summary>
    [FromQuery(Name = "range")]
    public string[]? Range { get; init; }

    /// <summary>In the id, in a chain of thought, or at the start of the picture's hash.</summary>
    [FromQuery(Name = "text")]
    public string? Text { get; init; }

    /// <summary>imported, newest or changed.</summary>
    [FromQuery(Name = "order")]
    public string? Order { get; init; }

    /// <summary>Reads the part of an address after its question mark.</summary>
    public static SampleQuery FromAddress(string query)
    {
        var values = QueryHelpers.ParseQuery(query);
        return new SampleQuery
        {
            Label = All("label"),
            Split = All("split"),
            Review = All("review"),
            Teacher = All("teacher"),
            Attribute = All("attribute"),
            Range = All("range"),
            Text = values.GetValueOrDefault("text").FirstOrDefault(),
            Order = values.GetValueOrDefault("order").FirstOrDefault(),
        };

        string[] All(string name) => [.. values.GetValueOrDefault(name).OfType<string>()];
    }

    /// <summary>The same as an address: empty, or beginning with a question mark.</summary>
    public static string ToAddress(SampleFilter filter, SampleOrder order = SampleOrder.Imported)
    {
        IEnumerable<KeyValuePair<string, string?>> parts =
        [
            .. filter.Labels.Select(label => Part("label", label)),
            .. filter.Splits.Select(split => Part("split", split?.Key() ?? NoSplit)),
            .. filter.Standings.Select(standing => Part("review", Word(standing))),
            .. filter.Teachers.Select(teacher => Part("teacher", teacher)),
            .. filter.Attributes.SelectMany(a => a.Values.Select(value => Part("attribute", $"{a.Attribute}:{value}"))),
            .. filter.Ranges.Select(r =>
                Part("range", FormattableString.Invariant($"{r.Attribute}:{r.Low}..{r.High}"))
            ),
        ];
        if (!string.IsNullOrWhiteSpace(filter.Text))
            parts = parts.Append(Part("text", filter.Text.Trim()));
        if (order != SampleOrder.Imported)
            parts = parts.Append(Part("order", Word(order)));
        return QueryString.Create(parts).Value ?? "";

        static KeyValuePair<string, string?> Part(string name, string value) =>
            KeyValuePair.Create(name, (string?)value);
    }

    /// <summary>As a filter; what cannot be read is left out.</summary>
    public (SampleFilter Filter, SampleOrder Order) Read() =>
        Read(new Dictionary<string, string[]>(StringComparer.Ordinal));

    /// <summary>As <see cref="Read(IDictionary{string, string[]})"/>; names that are no filter are errors too.</summary>
    /// <param name="given">Names in the request.</param>
    /// <param name="others">Names that the request may have beside.</param>
    public (SampleFilter Filter, SampleOrder Order) ReadAll(
        IEnumerable<string> given,
        IReadOnlyList<string> others,
        IDictionary<string, string[]> errors
    )
    {
        var known = Names.Concat(others).ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (given.Any(name => !known.Contains(name)))
            errors["query"] = [$"There is no filter of that name; there are {string.Join(", ", Names)}."];
        return Read(errors);
    }

    /// <summary>As a filter; what cannot be read is named in <paramref name="errors"/> and left out.</summary>
    public (SampleFilter Filter, SampleOrder Order) Read(IDictionary<string, string[]> errors)
    {
        Check("label", Label);
        Check("teacher", Teacher);
        Check("text", Text is null ? [] : [Text]);
        var filter = new SampleFilter
        {
            Labels = Label ?? [],
            Teachers = Teacher ?? [],
            Splits = Each("split", Split, ReadSplit),
            Standings = Each("review", Review, ReadWord<SampleStanding>),
            Attributes =
            [
                .. Each("attribute", Attribute, ReadAttribute)
                    .GroupBy(pair => pair.Name, StringComparer.Ordinal)
                    .Select(group => new AttributeChoice(group.Key, [.. group.Select(pair => pair.Value)])),
            ],
            Ranges = Each("range", Range, ReadRange),
            Text = Text,
        };
        var order = SampleOrder.Imported;
        if (Order is not null)
            order = Each("order", [Order], ReadWord<SampleOrder>) is [var found] ? found : order;
        return (filter, order);

        void Check(string name, string[]? values)
        {
            if (values?.Length > MostValues)
                errors[name] = [$"{name} is given {values.Length} times; at most {MostValues} are read."];
            else if (values?.Any(value => value.Length > MostText) == true)
                errors[name] = [$"A value of {name} has more than {MostText} characters."];
        }

        IReadOnlyList<T> Each<T>(string name, string[]? values, Func<string, (bool, T)> read)
        {
            Check(name, values);
            var found = new List<T>();
            foreach (var value in (values ?? []).Take(MostValues))
            {
                if (read(value) is (true, var item))
                    found.Add(item);
                else
                    errors[name] = [$"{name} is '{Shown(value)}', which is none. {Expected(name)}"];
            }
            return found;
        }
    }

    /// <summary>snake_case, as in JSON.</summary>
    public static string Word<T>(T value)
        where T : struct, Enum => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private static string Expected(string name) =>
        name switch
        {
            "split" => "Give train, val, test or none.",
            "review" => $"Give one of {string.Join(", ", Enum.GetValues<SampleStanding>().Select(Word))}.",
            "order" => $"Give one of {string.Join(", ", Enum.GetValues<SampleOrder>().Select(Word))}.",
            "attribute" => "Give name:value, such as scene:beach.",
            _ => "Give name:low..high, such as brightness:0.1..0.8.",
        };

    private static (bool, Split?) ReadSplit(string value) =>
        value == NoSplit ? (true, null)
        : Splits.All.Where(split => split.Key() == value).Select(split => (Split?)split).FirstOrDefault() is { } found
            ? (true, found)
        : (false, null);

    private static (bool, T) ReadWord<T>(string value)
        where T : struct, Enum
    {
        foreach (var known in Enum.GetValues<T>())
        {
            if (Word(known) == value)
                return (true, known);
        }
        return (false, default);
    }

    private static (bool, (string Name, string Value)) ReadAttribute(string value)
    {
        var at = value.IndexOf(':', StringComparison.Ordinal);
        return at > 0 ? (true, (value[..at], value[(at + 1)..])) : (false, default);
    }

    private static (bool, AttributeRange) ReadRange(string value)
    {
        var at = value.IndexOf(':', StringComparison.Ordinal);
        var dots = value.IndexOf("..", Math.Max(at, 0), StringComparison.Ordinal);
        return
            at > 0
            && dots > at
            && Number(value.AsSpan()[(at + 1)..dots]) is { } low
            && Number(value.AsSpan()[(dots + 2)..]) is { } high
            ? (true, new AttributeRange(value[..at], low, high))
            : (false, null!);
    }

    private static double? Number(ReadOnlySpan<char> text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        && double.IsFinite(number)
            ? number
            : null;

    private static string Shown(string value) => string.Concat(value.Take(60).Select(c => char.IsControl(c) ? '?' : c));
}

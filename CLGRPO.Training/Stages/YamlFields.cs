using System.Globalization;
using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace CLGRPO.Training.Stages;

/// <summary>Reads one mapping. What is wrong is collected, and the default stands in, so that reading goes on.</summary>
internal sealed class YamlFields : IFields
{
    private readonly YamlMappingNode _node;
    private readonly string _path;
    private readonly List<RecipeError> _errors;
    private readonly Dictionary<string, YamlNode> _values = new(StringComparer.Ordinal);
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    public YamlFields(YamlMappingNode node, string path, List<RecipeError> errors)
    {
        (_node, _path, _errors) = (node, path, errors);
        foreach (var (key, value) in node.Children)
        {
            if (key is YamlScalarNode { Value: { } name })
            {
                _values[name] = value;
            }
            else
            {
                Add(key, "", "a key must be a word.");
            }
        }
    }

    public bool Has(string key) => _values.ContainsKey(key);

    public string Text(string key, string? value, int maxLength = 200)
    {
        if (Scalar(key) is { } scalar)
        {
            return Bounded(key, scalar, maxLength) ?? value ?? "";
        }
        RequirePresent(key, value);
        return value ?? "";
    }

    public string? OptionalText(string key, string? value) =>
        Scalar(key, nullable: true) is { } scalar ? Bounded(key, scalar, maxLength: 4096) : value;

    public int Whole(string key, int value, int min = 0, int max = int.MaxValue) =>
        Scalar(key) is { } scalar ? WholeOf(key, scalar, min, max) ?? value : value;

    public int? OptionalWhole(string key, int? value, int min = 0) =>
        Scalar(key, nullable: true) is { } scalar ? WholeOf(key, scalar, min, int.MaxValue) : value;

    public double Number(string key, double value, double min, double max = double.MaxValue, bool minIncluded = true) =>
        Scalar(key) is { } scalar ? NumberOf(key, scalar, min, max, minIncluded) ?? value : value;

    public double? OptionalNumber(string key, double? value, double min, bool minIncluded = true) =>
        Scalar(key, nullable: true) is { } scalar ? NumberOf(key, scalar, min, double.MaxValue, minIncluded) : value;

    public bool Flag(string key, bool value)
    {
        if (Scalar(key) is not { } scalar)
        {
            return value;
        }
        if (scalar is { Style: ScalarStyle.Plain, Value: "true" or "false" })
        {
            return string.Equals(scalar.Value, "true", StringComparison.Ordinal);
        }
        Add(scalar, key, $"'{scalar.Value}' is not a yes or no; write true or false.");
        return value;
    }

    public TEnum Choice<TEnum>(string key, TEnum value)
        where TEnum : struct, Enum
    {
        if (Scalar(key) is not { } scalar)
        {
            return value;
        }
        var names = Enum.GetValues<TEnum>().ToDictionary(NameOf, StringComparer.Ordinal);
        if (names.TryGetValue(scalar.Value!, out var choice))
        {
            return choice;
        }
        Add(
            scalar,
            key,
            $"'{scalar.Value}' is not one of {string.Join(", ", names.Keys)}.{Suggestion.For(scalar.Value!, names.Keys)}",
            Suggestion.Nearest(scalar.Value!, names.Keys) is { } meant ? [RecipeFix.Set(key, meant)] : []
        );
        return value;
    }

    public EquatableList<double> Numbers(string key, EquatableList<double> value, int count, double min, double max)
    {
        if (Find(key) is not { } node)
        {
            return value;
        }
        if (node is not YamlSequenceNode { Children: var items } || items.Count != count)
        {
            Add(node, key, $"give a list of {count} numbers, such as [{string.Join(", ", value)}].");
            return value;
        }
        var numbers = items
            .Select(item =>
                item is YamlScalarNode scalar ? NumberOf(key, scalar, min, max, true) : WrongType(key, item)
            )
            .ToArray();
        return numbers.Contains(null) ? value : [.. numbers.Select(number => number!.Value)];
    }

    public T Map<T>(string key, T value, Func<IFields, T, T> schema)
    {
        switch (Find(key))
        {
            case null:
                RequirePresent(key, value);
                return value;
            case YamlMappingNode node:
                var fields = new YamlFields(node, Path(key), _errors);
                var read = schema(fields, value);
                fields.ReportUnknownKeys();
                return read;
            case var other:
                Add(other, key, "give keys and values here.");
                return value;
        }
    }

    public T? OptionalMap<T>(string key, T? value, T defaults, Func<IFields, T, T> schema)
        where T : class => Find(key) is null ? value : Map(key, value ?? defaults, schema);

    public EquatableList<string> Texts(string key, EquatableList<string> value)
    {
        if (Find(key) is not { } node)
        {
            return value;
        }
        if (node is YamlSequenceNode { Children: var items } && items.All(item => item is YamlScalarNode))
        {
            return [.. items.Select(item => Bounded(key, (YamlScalarNode)item, maxLength: 200) ?? "")];
        }
        Add(node, key, "give a list of words, such as [a, b].");
        return value;
    }

    public EquatableList<T> List<T>(string key, EquatableList<T> value, Func<IFields, T?, T> schema)
        where T : class
    {
        switch (Find(key))
        {
            case null:
                RequirePresent(key, value.Count == 0 ? null : value);
                return value;
            case YamlSequenceNode sequence:
                return
                [
                    .. sequence.Children.Select((item, index) => Item(item, $"{key}[{index}]", schema)).OfType<T>(),
                ];
            case var other:
                Add(other, key, "give a list here; each item starts with '- '.");
                return value;
        }
    }

    public void Problem(string key, string message, params ReadOnlySpan<RecipeFix> fixes) =>
        Add(_values.GetValueOrDefault(key, _node), key, message, fixes);

    public void ReportUnknownKeys()
    {
        foreach (var key in _node.Children.Keys.OfType<YamlScalarNode>())
        {
            if (key.Value is { } name && !_known.Contains(name))
            {
                Add(key, name, $"unknown key.{Suggestion.For(name, _known)}");
            }
        }
    }

    public static string NameOf<TEnum>(TEnum value)
        where TEnum : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private T? Item<T>(YamlNode item, string key, Func<IFields, T?, T> schema)
        where T : class
    {
        if (item is not YamlMappingNode mapping)
        {
            Add(item, key, "give keys and values here.");
            return null;
        }
        var fields = new YamlFields(mapping, Path(key), _errors);
        var read = schema(fields, null);
        fields.ReportUnknownKeys();
        return read;
    }

    private YamlNode? Find(string key)
    {
        _known.Add(key);
        return _values.GetValueOrDefault(key);
    }

    private YamlScalarNode? Scalar(string key, bool nullable = false)
    {
        switch (Find(key))
        {
            case null:
                return null;
            case YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" } empty:
                if (!nullable)
                {
                    Add(empty, key, "the value is missing.");
                }
                return null;
            case YamlScalarNode scalar:
                return scalar;
            case var other:
                Add(other, key, "give a single value here.");
                return null;
        }
    }

    private string? Bounded(string key, YamlScalarNode scalar, int maxLength)
    {
        if (scalar.Value!.Length <= maxLength)
        {
            return scalar.Value;
        }
        Add(scalar, key, $"{scalar.Value.Length} characters are too many; the limit is {maxLength}.");
        return null;
    }

    private int? WholeOf(string key, YamlScalarNode scalar, int min, int max)
    {
        if (
            scalar.Style != ScalarStyle.Plain
            || !long.TryParse(scalar.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
        )
        {
            Add(scalar, key, $"'{scalar.Value}' is not a whole number.");
            return null;
        }
        return number >= min && number <= max
            ? (int)number
            : OutOfRange<int>(
                key,
                scalar,
                $"at least {min}",
                max == int.MaxValue ? null : max,
                number < min ? min : max
            );
    }

    private double? NumberOf(string key, YamlScalarNode scalar, double min, double max, bool minIncluded)
    {
        if (
            scalar.Style != ScalarStyle.Plain
            || !double.TryParse(scalar.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            || !double.IsFinite(number)
        )
        {
            Add(scalar, key, $"'{scalar.Value}' is not a number.");
            return null;
        }
        return (minIncluded ? number >= min : number > min) && number <= max
            ? number
            : OutOfRange<double>(
                key,
                scalar,
                minIncluded ? $"at least {min}" : $"above {min}",
                max == double.MaxValue ? null : max,
                number > max ? max
                    : minIncluded ? min
                    : null
            );
    }

    private T? OutOfRange<T>(string key, YamlScalarNode scalar, string least, T? max, T? nearest)
        where T : struct
    {
        Add(
            scalar,
            key,
            $"{scalar.Value} is out of range; it must be {least}{(max is null ? "" : $" and at most {max}")}.",
            nearest is { } limit ? [RecipeFix.Set(key, limit)] : []
        );
        return null;
    }

    private double? WrongType(string key, YamlNode node)
    {
        Add(node, key, "give numbers here.");
        return null;
    }

    private void RequirePresent(string key, object? value)
    {
        if (value is null && !_values.ContainsKey(key))
        {
            Add(_node, key, "this key is missing.");
        }
    }

    private void Add(YamlNode node, string key, string message, params ReadOnlySpan<RecipeFix> fixes)
    {
        var within = new RecipeFix[fixes.Length];
        for (var i = 0; i < fixes.Length; i++)
            within[i] = fixes[i] with { Path = Path(fixes[i].Path) };
        _errors.Add(new RecipeError((int)node.Start.Line, Path(key), message) { Fixes = [.. within] });
    }

    private string Path(string key) => _path.Length == 0 ? key : $"{_path}.{key}";
}

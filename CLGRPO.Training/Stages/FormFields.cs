using System.Globalization;
using System.Text;
using YamlDotNet.RepresentationModel;

namespace CLGRPO.Training.Stages;

/// <summary>
/// One mapping of a recipe being edited: lists its settings, writes them down as they are, readable or not, and answers with the
/// default where one cannot be read. What the tree leaves out it gets, so that every setting can be set.
/// </summary>
internal sealed class FormFields(YamlMappingNode node, string path, string indent, string lead, FormText text) : IFields
{
    private string _lead = lead;

    public bool Has(string key) => true;

    public void Problem(string key, string message, params ReadOnlySpan<RecipeFix> fixes)
    {
        // What is written is read again, strictly; that reports.
    }

    public string Text(string key, string? value, int maxLength = 200)
    {
        var written = Written(key, value ?? "");
        var kind = maxLength > 4096 ? FieldKind.LongText : FieldKind.Text;
        Add(
            key,
            new RecipeField
            {
                Path = Path(key),
                Kind = kind,
                Text = written,
                Default = value,
            },
            RecipeWriter.Quote(written)
        );
        return written.Length <= maxLength ? written : value ?? "";
    }

    public string? OptionalText(string key, string? value)
    {
        var written = Optional(key) ?? value ?? "";
        Add(
            key,
            new RecipeField
            {
                Path = Path(key),
                Kind = FieldKind.Text,
                Text = written,
                Default = value,
                IsOptional = true,
            },
            RecipeWriter.Quote(written)
        );
        return written.Length > 0 ? written : value;
    }

    public int Whole(string key, int value, int min = 0, int max = int.MaxValue)
    {
        var written = Written(key, Format(value));
        Add(
            key,
            new RecipeField
            {
                Path = Path(key),
                Kind = FieldKind.Whole,
                Text = written,
                Default = Format(value),
                Least = min,
                Most = max == int.MaxValue ? null : max,
            },
            Plain(written)
        );
        return WholeOf(written) is { } number && number >= min && number <= max ? number : value;
    }

    public int? OptionalWhole(string key, int? value, int min = 0)
    {
        var written = Optional(key) ?? (value is { } number ? Format(number) : "");
        Add(
            key,
            new RecipeField
            {
                Path = Path(key),
                Kind = FieldKind.Whole,
                Text = written,
                Default = value is null ? null : Format(value.Value),
                IsOptional = true,
                Least = min,
            },
            Plain(written)
        );
        return WholeOf(written) is { } read && read >= min ? read : value;
    }

    public double Number(string key, double value, double min, double max = double.MaxValue, bool minIncluded = true)
    {
        var written = Written(key, RecipeWriter.Format(value));
        Add(key, NumberField(key, written, value, min, max, minIncluded), Plain(written));
        return NumberOf(written) is { } number && IsWithin(number, min, max, minIncluded) ? number : value;
    }

    public double? OptionalNumber(string key, double? value, double min, bool minIncluded = true)
    {
        var written = Optional(key) ?? (value is { } number ? RecipeWriter.Format(number) : "");
        Add(
            key,
            NumberField(key, written, value, min, double.MaxValue, minIncluded) with
            {
                IsOptional = true,
            },
            Plain(written)
        );
        return NumberOf(written) is { } read && IsWithin(read, min, double.MaxValue, minIncluded) ? read : value;
    }

    public bool Flag(string key, bool value)
    {
        var written = Written(key, value ? "true" : "false");
        Add(
            key,
            new RecipeField
            {
                Path = Path(key),
                Kind = FieldKind.Flag,
                Text = written,
                Default = value ? "true" : "false",
            },
            Plain(written)
        );
        return written == "true" || (written != "false" && value);
    }

    public TEnum Choice<TEnum>(string key, TEnum value)
        where TEnum : struct, Enum
    {
        var names = Enum.GetValues<TEnum>().ToDictionary(YamlFields.NameOf, StringComparer.Ordinal);
        var written = Written(key, YamlFields.NameOf(value));
        Add(
            key,
            new RecipeField
            {
                Path = Path(key),
                Kind = FieldKind.Choice,
                Text = written,
                Default = YamlFields.NameOf(value),
                Choices = [.. names.Keys],
            },
            Plain(written)
        );
        return names.GetValueOrDefault(written, value);
    }

    public EquatableList<double> Numbers(string key, EquatableList<double> value, int count, double min, double max)
    {
        var usual = string.Join(", ", value.Select(RecipeWriter.Format));
        var written = Items(key) ?? usual;
        var items = Split(written);
        Add(
            key,
            new RecipeField
            {
                Path = Path(key),
                Kind = FieldKind.Numbers,
                Text = written,
                Default = usual,
                Least = min,
                Most = max,
            },
            $"[{string.Join(", ", items.Select(Plain))}]"
        );
        var numbers = items.Select(NumberOf).ToList();
        return numbers.Count == count && numbers.TrueForAll(number => number is { } one && one >= min && one <= max)
            ? [.. numbers.Select(number => number!.Value)]
            : value;
    }

    public T Map<T>(string key, T value, Func<IFields, T, T> schema)
    {
        if (Find(key) is not YamlMappingNode child)
            Put(key, child = []);
        text.Line(_lead, key, "");
        _lead = indent;
        return schema(new FormFields(child, Path(key), indent + "  ", indent + "  ", text), value);
    }

    public T? OptionalMap<T>(string key, T? value, T defaults, Func<IFields, T, T> schema)
        where T : class
    {
        var isThere = Find(key) is YamlMappingNode;
        text.Fields.Add(
            new RecipeField
            {
                Path = Path(key),
                Kind = FieldKind.Switch,
                Text = isThere ? "true" : "false",
                Default = "false",
                IsOptional = true,
                Line = isThere ? text.Lines + 1 : 0,
            }
        );
        return isThere ? Map(key, value ?? defaults, schema) : null;
    }

    public EquatableList<string> Texts(string key, EquatableList<string> value)
    {
        var usual = string.Join(", ", value);
        var written = Items(key) ?? usual;
        var items = Split(written);
        Add(
            key,
            new RecipeField
            {
                Path = Path(key),
                Kind = FieldKind.Texts,
                Text = written,
                Default = usual,
            },
            $"[{string.Join(", ", items.Select(RecipeWriter.Quote))}]"
        );
        return [.. items];
    }

    public EquatableList<T> List<T>(string key, EquatableList<T> value, Func<IFields, T?, T> schema)
        where T : class
    {
        var defaults = value;
        if (Find(key) is YamlSequenceNode items)
            defaults = [];
        else
            Put(key, items = [.. value.Select(_ => new YamlMappingNode())]);
        text.Fields.Add(
            new RecipeField
            {
                Path = Path(key),
                Kind = FieldKind.List,
                Text = Format(items.Children.Count),
                Line = text.Lines + 1,
            }
        );
        text.Line(_lead, key, items.Children.Count == 0 ? "[]" : "");
        _lead = indent;
        var read = new List<T>();
        for (var i = 0; i < items.Children.Count; i++)
        {
            var fields = new FormFields(
                (YamlMappingNode)items.Children[i],
                $"{Path(key)}[{i}]",
                indent + "    ",
                indent + "  - ",
                text
            );
            read.Add(schema(fields, i < defaults.Count ? defaults[i] : null));
        }
        return [.. read];
    }

    private RecipeField NumberField(
        string key,
        string written,
        double? value,
        double min,
        double max,
        bool minIncluded
    ) =>
        new()
        {
            Path = Path(key),
            Kind = FieldKind.Number,
            Text = written,
            Default = value is { } number ? RecipeWriter.Format(number) : null,
            Least = min,
            LeastIncluded = minIncluded,
            Most = max == double.MaxValue ? null : max,
        };

    private void Add(string key, RecipeField field, string line)
    {
        if (field is { IsOptional: true, Text: "" })
        {
            text.Fields.Add(field);
            return;
        }
        text.Fields.Add(field with { Line = text.Lines + 1 });
        text.Line(_lead, key, line);
        _lead = indent;
    }

    private YamlNode? Find(string key) =>
        node.Children.TryGetValue(new YamlScalarNode(key), out var value) ? value : null;

    private void Put(string key, YamlNode value) => node.Children[new YamlScalarNode(key)] = value;

    private string? Optional(string key) => (Find(key) as YamlScalarNode)?.Value;

    private string Written(string key, string value)
    {
        if (Optional(key) is { } written)
            return written;
        Put(key, new YamlScalarNode(value));
        return value;
    }

    private string? Items(string key) =>
        Find(key) switch
        {
            YamlSequenceNode list => string.Join(", ", list.Children.Select(item => (item as YamlScalarNode)?.Value)),
            YamlScalarNode typed => typed.Value,
            _ => null,
        };

    private static string[] Split(string words) =>
        words.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private string Path(string key) => path.Length == 0 ? key : $"{path}.{key}";

    /// <summary>Bare where YAML takes it as it is; what is not, is quoted, and the reader says that it is no number.</summary>
    private static string Plain(string written) =>
        written.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '+')
            ? written
            : RecipeWriter.Quote(written);

    private static string Format(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static int? WholeOf(string written) =>
        int.TryParse(written, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    private static double? NumberOf(string written) =>
        double.TryParse(written, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        && double.IsFinite(number)
            ? number
            : null;

    private static bool IsWithin(double number, double min, double max, bool minIncluded) =>
        (minIncluded ? number >= min : number > min) && number <= max;
}

/// <summary>What the mappings of a recipe being edited write together.</summary>
internal sealed class FormText
{
    private readonly StringBuilder _yaml = new();

    public List<RecipeField> Fields { get; } = [];
    public int Lines { get; private set; }
    public string Yaml => _yaml.ToString();

    public void Line(string lead, string key, string value)
    {
        _yaml.Append(lead).Append(key).Append(value.Length == 0 ? ":" : ": ").Append(value).Append('\n');
        Lines++;
    }
}

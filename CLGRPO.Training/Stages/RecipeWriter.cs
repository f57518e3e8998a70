using System.Globalization;
using System.Text;

namespace CLGRPO.Training.Stages;

/// <summary>Writes a recipe's settings, every one of them, in the schema's order.</summary>
internal sealed class RecipeWriter : IFields
{
    private readonly StringBuilder _text;
    private readonly string _indent;
    private string _lead;

    /// <param name="lead">What stands before the first key: an item's dash, or the indentation.</param>
    private RecipeWriter(StringBuilder text, string indent, string lead) =>
        (_text, _indent, _lead) = (text, indent, lead);

    public static string Write(Recipe recipe)
    {
        var text = new StringBuilder();
        RecipeSchema.Recipe(new RecipeWriter(text, indent: "", lead: ""), recipe);
        return text.ToString();
    }

    public bool Has(string key) => true;

    public void Problem(string key, string message, params ReadOnlySpan<RecipeFix> fixes)
    {
        // The reader reports; what is written was valid, or will be refused when it is read.
    }

    public string Text(string key, string? value, int maxLength = 200)
    {
        Line(key, Quote(value ?? ""));
        return value ?? "";
    }

    public string? OptionalText(string key, string? value) => value is null ? null : Text(key, value);

    public int Whole(string key, int value, int min = 0, int max = int.MaxValue)
    {
        Line(key, value.ToString(CultureInfo.InvariantCulture));
        return value;
    }

    public int? OptionalWhole(string key, int? value, int min = 0) => value is { } number ? Whole(key, number) : null;

    public double Number(string key, double value, double min, double max = double.MaxValue, bool minIncluded = true)
    {
        Line(key, Format(value));
        return value;
    }

    public double? OptionalNumber(string key, double? value, double min, bool minIncluded = true) =>
        value is { } number ? Number(key, number, min) : null;

    public bool Flag(string key, bool value)
    {
        Line(key, value ? "true" : "false");
        return value;
    }

    public TEnum Choice<TEnum>(string key, TEnum value)
        where TEnum : struct, Enum
    {
        Line(key, YamlFields.NameOf(value));
        return value;
    }

    public EquatableList<double> Numbers(string key, EquatableList<double> value, int count, double min, double max)
    {
        Line(key, $"[{string.Join(", ", value.Select(Format))}]");
        return value;
    }

    public T Map<T>(string key, T value, Func<IFields, T, T> schema)
    {
        Line(key, "");
        var indent = _indent + "  ";
        return schema(new RecipeWriter(_text, indent, indent), value);
    }

    public T? OptionalMap<T>(string key, T? value, T defaults, Func<IFields, T, T> schema)
        where T : class => value is null ? null : Map(key, value, schema);

    public EquatableList<string> Texts(string key, EquatableList<string> value)
    {
        Line(key, $"[{string.Join(", ", value.Select(Quote))}]");
        return value;
    }

    public EquatableList<T> List<T>(string key, EquatableList<T> value, Func<IFields, T?, T> schema)
        where T : class
    {
        Line(key, "");
        foreach (var item in value)
        {
            schema(new RecipeWriter(_text, _indent + "    ", _indent + "  - "), item);
        }
        return value;
    }

    private void Line(string key, string value)
    {
        _text.Append(_lead).Append(key).Append(value.Length == 0 ? ":" : ": ").Append(value).Append('\n');
        _lead = _indent;
    }

    internal static string Format(double value) => value.ToString("R", CultureInfo.InvariantCulture).Replace('E', 'e');

    /// <summary>Words stay bare; anything that YAML could read otherwise is quoted.</summary>
    internal static string Quote(string value)
    {
        var bare =
            value.Length > 0
            && char.IsAsciiLetter(value[0])
            && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/')
            && value.ToUpperInvariant()
                is not ("TRUE" or "FALSE" or "NULL" or "YES" or "NO" or "ON" or "OFF" or "Y" or "N");
        return bare ? value : $"\"{string.Concat(value.Select(Escape))}\"";
    }

    private static string Escape(char c) =>
        c switch
        {
            '"' => "\\\"",
            '\\' => @"\\",
            '\n' => "\\n",
            '\t' => "\\t",
            _ when char.IsControl(c) || c is '\u2028' or '\u2029' or '\uFEFF' => $"\\u{(int)c:X4}",
            _ => c.ToString(),
        };
}

namespace CLGRPO.Training.Stages;

/// <summary>One mapping of a recipe. A schema calls it once per key, in order; a reader answers with what the file says, a
/// writer writes what it is given and answers with the same. So a key, its type and its limits stand in one place.</summary>
internal interface IFields
{
    string Text(string key, string? value, int maxLength = 200);

    string? OptionalText(string key, string? value);

    int Whole(string key, int value, int min = 0, int max = int.MaxValue);

    int? OptionalWhole(string key, int? value, int min = 0);

    double Number(string key, double value, double min, double max = double.MaxValue, bool minIncluded = true);

    double? OptionalNumber(string key, double? value, double min, bool minIncluded = true);

    bool Flag(string key, bool value);

    TEnum Choice<TEnum>(string key, TEnum value)
        where TEnum : struct, Enum;

    EquatableList<double> Numbers(string key, EquatableList<double> value, int count, double min, double max);

    T Map<T>(string key, T value, Func<IFields, T, T> schema);

    /// <summary>A mapping that may be left out; <paramref name="defaults"/> stand in for the keys it leaves out.</summary>
    T? OptionalMap<T>(string key, T? value, T defaults, Func<IFields, T, T> schema)
        where T : class;

    /// <summary>A list of words.</summary>
    EquatableList<string> Texts(string key, EquatableList<string> value);

    EquatableList<T> List<T>(string key, EquatableList<T> value, Func<IFields, T?, T> schema)
        where T : class;

    /// <summary>Reports that a rule across keys is broken; a writer ignores it.</summary>
    /// <param name="key">The key that the line number points to.</param>
    /// <param name="fixes">Changes that set it right, their paths within this mapping.</param>
    void Problem(string key, string message, params ReadOnlySpan<RecipeFix> fixes);

    /// <summary>The file gives this key; always true for a writer.</summary>
    bool Has(string key);
}

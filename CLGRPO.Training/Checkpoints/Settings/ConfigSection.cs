using System.Text.Json;
using System.Text.Json.Nodes;
using CLGRPO.Training.Models;

namespace CLGRPO.Training.Checkpoints.Settings;

/// <summary>
/// An object of a config.json. What is missing or cannot be honoured is noted, and <see cref="RefuseFaults"/> tells all of
/// it at once; until then a missing number reads as 1.
/// </summary>
internal sealed class ConfigSection
{
    /// <summary>Far above any real size; keeps a hostile file from asking for all of memory.</summary>
    private const int Largest = 1 << 22;

    private readonly JsonObject _json;
    private readonly string _prefix;
    private readonly List<string> _faults;

    public ConfigSection(JsonObject json)
        : this(json, "", []) { }

    private ConfigSection(JsonObject json, string prefix, List<string> faults) =>
        (_json, _prefix, _faults) = (json, prefix, faults);

    /// <summary>An object inside this one; noted where it is missing.</summary>
    public ConfigSection Section(string key)
    {
        if (_json[key] is not JsonObject inner)
        {
            Fault($"'{_prefix}{key}' is missing or no object");
            inner = [];
        }
        return new ConfigSection(inner, $"{_prefix}{key}.", _faults);
    }

    public JsonNode? this[string key] => _json[key];

    /// <summary>A whole number from 1 to <paramref name="most"/>; required unless there is <paramref name="otherwise"/>.</summary>
    public int Size(string key, int? otherwise = null, int most = Largest)
    {
        if (_json[key] is null)
            return otherwise ?? Missing(key);
        if (_json[key] is JsonValue value && value.TryGetValue(out int size) && size >= 1 && size <= most)
            return size;
        Fault($"'{_prefix}{key}' is {Show(key)}; it must be a whole number from 1 to {most}");
        return 1;
    }

    /// <summary>A length that is given once or as [height, width], which must be equal.</summary>
    public int Side(string key)
    {
        if (_json[key] is not JsonArray pair)
            return Size(key);
        if (pair is [JsonValue height, JsonValue width] && JsonNode.DeepEquals(height, width))
            return new ConfigSection(new JsonObject { [key] = height.DeepClone() }, _prefix, _faults).Size(key);
        Fault($"'{_prefix}{key}' is {Show(key)}; tiles and patches are square");
        return 1;
    }

    /// <summary>A number above 0; required unless there is <paramref name="otherwise"/>.</summary>
    public double Number(string key, double? otherwise = null)
    {
        if (_json[key] is null)
            return otherwise ?? Missing(key);
        if (_json[key] is JsonValue value && value.TryGetValue(out double number) && number > 0)
            return number;
        Fault($"'{_prefix}{key}' is {Show(key)}; it must be a number above 0");
        return 1;
    }

    public bool Flag(string key, bool otherwise)
    {
        if (_json[key] is null)
            return otherwise;
        if (_json[key] is JsonValue value && value.TryGetValue(out bool flag))
            return flag;
        Fault($"'{_prefix}{key}' is {Show(key)}; it must be true or false");
        return otherwise;
    }

    /// <summary>Notes any other value; a key that is missing or null stands for the wanted one.</summary>
    public void Only<T>(string key, T wanted, string because)
        where T : IEquatable<T>
    {
        if (
            _json[key] is null
            || (_json[key] is JsonValue value && value.TryGetValue(out T? given) && wanted.Equals(given))
        )
            return;
        var known = JsonSerializer.Serialize(wanted);
        Fault($"'{_prefix}{key}' is {Show(key)}; only {known} is supported: {because}");
    }

    /// <summary>As <see cref="Only"/>, for a key whose absence stands for another value.</summary>
    public void Exactly<T>(string key, T wanted, string because)
        where T : IEquatable<T>
    {
        if (_json[key] is null)
            Fault($"'{_prefix}{key}' is missing; only {JsonSerializer.Serialize(wanted)} is supported: {because}");
        else
            Only(key, wanted, because);
    }

    public void Fault(string fault) => _faults.Add(fault);

    /// <exception cref="ModelException">Something was noted; the message has it all.</exception>
    public void RefuseFaults()
    {
        if (_faults.Count > 0)
            throw new ModelException($"This configuration cannot be used: {string.Join("; ", _faults)}.");
    }

    /// <summary>A value as it stands in the file, cut short.</summary>
    public string Show(string key)
    {
        var text = _json[key]?.ToJsonString() ?? "missing";
        return text.Length <= 60 ? text : text[..60] + "…";
    }

    private int Missing(string key)
    {
        Fault($"'{_prefix}{key}' is missing");
        return 1;
    }
}

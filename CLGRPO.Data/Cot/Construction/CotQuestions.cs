using CLGRPO.Data.Cot.Prompts;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Randomness;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>Writes the questions of a construction, and says whose turn it is.</summary>
internal sealed class CotQuestions
{
    private const string NothingKnown = "nothing beyond the answer";

    private readonly ConstructionConfig _config;
    private readonly StoredDataset _dataset;
    private readonly string _blobs;
    private readonly IReadOnlyDictionary<string, string> _fixedValues;

    public CotQuestions(
        ConstructionConfig config,
        StoredDataset dataset,
        PromptTemplate generate,
        PromptTemplate verify,
        string root
    )
    {
        (_config, _dataset, Generate, Verify) = (config, dataset, generate, verify);
        _blobs = Path.Combine(root, DatasetVersion.BlobsFolder);
        _fixedValues = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["question"] = dataset.Question,
            ["labels"] = string.Join(", ", dataset.Labels),
        };
    }

    public PromptTemplate Generate { get; }
    public PromptTemplate Verify { get; }

    /// <summary>Who writes the sample's reasoning in an attempt: the sample's own order of the generators, round and round.</summary>
    public string GeneratorOf(StoredSample sample, int attempt)
    {
        var start = Number(sample, "turn", 0) % (ulong)_config.Generators.Count;
        return _config.Generators[(int)((start + (ulong)attempt) % (ulong)_config.Generators.Count)];
    }

    /// <summary>Who judges what a generator wrote.</summary>
    public IEnumerable<string> VerifiersOf(string generator) =>
        _config.Verifiers.Where(verifier => verifier != generator);

    public TeacherQuestion ToGenerate(StoredSample sample, int attempt) =>
        Ask(sample, Generate, reasoning: null, Number(sample, GeneratorOf(sample, attempt), attempt), Values(sample));

    public TeacherQuestion ToVerify(StoredSample sample, int attempt, string verifier, string reasoning) =>
        Ask(
            sample,
            Verify,
            reasoning,
            Number(sample, "verify " + verifier, attempt),
            new Dictionary<string, string>(_fixedValues, StringComparer.Ordinal) { ["reasoning"] = reasoning }
        );

    private TeacherQuestion Ask(
        StoredSample sample,
        PromptTemplate prompt,
        string? reasoning,
        ulong number,
        IReadOnlyDictionary<string, string> values
    ) =>
        new(
            prompt.Purpose,
            prompt.System,
            PromptText.Fill(prompt.Text, values),
            Path.Combine(_blobs, sample.Image),
            sample,
            _dataset.Labels,
            reasoning,
            (long)(number >> 1)
        );

    private Dictionary<string, string> Values(StoredSample sample) =>
        new(_fixedValues, StringComparer.Ordinal) { ["label"] = sample.Label, ["attributes"] = Hints(sample) };

    /// <summary>The annotation in words, as far as it may be told: <c>scene: beach; object: tree, kite</c>.</summary>
    private string Hints(StoredSample sample)
    {
        var told = sample
            .Attributes.Select(attribute => attribute.Value!)
            .Where(value =>
                value.Value is not null && _config.Hints?.Contains(value.Attribute, StringComparer.Ordinal) != false
            )
            .OrderBy(value => value.AttributeOrder)
            .ThenBy(value => value.ValueOrder)
            .GroupBy(value => value.Attribute, StringComparer.Ordinal)
            .Select(values => $"{values.Key}: {string.Join(", ", values.Select(value => value.Value))}");
        return string.Join("; ", told) is { Length: > 0 } text ? text : NothingKnown;
    }

    /// <summary>A number that belongs to the sample, the purpose and the attempt, whatever the order of work.</summary>
    private ulong Number(StoredSample sample, string purpose, int attempt)
    {
        var number = SplitMix64.Mix((ulong)_config.Seed);
        foreach (var character in $"{sample.KeyFolded}\n{purpose}\n{attempt}")
            number = SplitMix64.Mix(number + SplitMix64.GoldenGamma + character);
        return number;
    }
}

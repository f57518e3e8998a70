using System.CommandLine;
using CLGRPO.Data.Cot.Construction;

namespace CLGRPO.Data.Commands;

/// <summary>The settings of a construction: a JSON file, or the most used ones as options.</summary>
internal sealed class ConstructionOptions
{
    private readonly Option<FileInfo?> _config = new("--config")
    {
        Description = "JSON file with the settings; options override it",
    };
    private readonly Option<string[]> _generators = new("--generators")
    {
        Description = "Teachers that write reasonings",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<string[]> _verifiers = new("--verifiers")
    {
        Description = "Teachers that judge them",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<int?> _attempts = new("--attempts") { Description = "Attempts on a sample at most" };
    private readonly Option<int?> _quorum = new("--quorum") { Description = "Verifiers that must have answered" };
    private readonly Option<double?> _agreement = new("--min-agreement")
    {
        Description = "Share of them that must arrive at the label",
    };
    private readonly Option<double?> _duplicate = new("--near-duplicate")
    {
        Description = "Share of equal runs of words from which a reasoning counts as a copy; 0 = off",
    };
    private readonly Option<bool?> _all = new("--all")
    {
        Description = "Also samples that have an accepted chain of thought already",
    };
    private readonly Option<int?> _limit = new("--limit") { Description = "Samples at most" };
    private readonly Option<long?> _seed = new("--seed") { Description = "Turns of teachers follow from it" };

    public void AddTo(Command command)
    {
        foreach (
            var option in (Option[])
                [_config, _generators, _verifiers, _attempts, _quorum, _agreement, _duplicate, _all, _limit, _seed]
        )
            command.Add(option);
    }

    /// <exception cref="ConstructionException">The file is no JSON of this form.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public ConstructionConfig Read(ParseResult parsed)
    {
        var config = parsed.GetValue(_config) is { } file
            ? ConstructionConfig.Parse(File.ReadAllText(file.FullName))
            : new ConstructionConfig { Generators = [] };
        var verifiers = parsed.GetValue(_verifiers) is { Length: > 0 } judges ? judges : config.Verifiers;
        return config with
        {
            Generators = parsed.GetValue(_generators) is { Length: > 0 } writers ? writers : config.Generators,
            Verifiers = verifiers,
            Attempts = parsed.GetValue(_attempts) ?? config.Attempts,
            Quorum = parsed.GetValue(_quorum) ?? (verifiers.Count == 0 ? 0 : config.Quorum),
            MinAgreement = parsed.GetValue(_agreement) ?? config.MinAgreement,
            NearDuplicate = parsed.GetValue(_duplicate) ?? config.NearDuplicate,
            OnlyMissing = parsed.GetValue(_all) is { } all ? !all : config.OnlyMissing,
            Limit = parsed.GetValue(_limit) ?? config.Limit,
            Seed = parsed.GetValue(_seed) ?? config.Seed,
        };
    }
}

using CLGRPO.Data.Cot.Construction;

namespace CLGRPO.Web.Construction;

/// <summary>The settings of a construction while somebody chooses them.</summary>
internal sealed class ConstructionDraft
{
    private static readonly ConstructionConfig Defaults = new() { Generators = [] };

    public string Name { get; set; } = "";
    public string Dataset { get; set; } = "";
    public bool Train { get; set; } = true;
    public bool Validation { get; set; } = true;

    /// <summary>Empty for all.</summary>
    public HashSet<string> Labels { get; } = new(StringComparer.Ordinal);

    /// <summary>The writers are told the whole annotation; else only <see cref="Hints"/>.</summary>
    public bool TellsAll { get; set; } = true;
    public HashSet<string> Hints { get; } = new(StringComparer.Ordinal);
    public int? Limit { get; set; }
    public bool OnlyMissing { get; set; } = Defaults.OnlyMissing;

    // In the order in which they were chosen: the turns follow it.
    public List<string> Generators { get; } = [];
    public List<string> Verifiers { get; } = [];
    public string GeneratePrompt { get; set; } = Defaults.GeneratePrompt;
    public string VerifyPrompt { get; set; } = Defaults.VerifyPrompt;
    public int Attempts { get; set; } = Defaults.Attempts;
    public int Quorum { get; set; } = Defaults.Quorum;
    public double MinAgreement { get; set; } = Defaults.MinAgreement;
    public int MinWords { get; set; } = Defaults.MinWords;
    public int MaxWords { get; set; } = Defaults.MaxWords;
    public double NearDuplicate { get; set; } = Defaults.NearDuplicate;
    public ContradictionRule Contradictions { get; set; } = Defaults.Contradictions;
    public bool LeakCheck { get; set; } = Defaults.LeakCheck;
    public double? Budget { get; set; }
    public long Seed { get; set; }

    /// <param name="limit">A smaller limit, for a trial.</param>
    public ConstructionConfig Settings(int? limit = null) =>
        new()
        {
            Generators = [.. Generators],
            Verifiers = [.. Verifiers],
            GeneratePrompt = GeneratePrompt,
            VerifyPrompt = VerifyPrompt,
            Hints = TellsAll ? null : [.. Hints.Order(StringComparer.Ordinal)],
            Attempts = Attempts,
            Quorum = Verifiers.Count == 0 ? 0 : Quorum,
            MinAgreement = MinAgreement,
            MinWords = MinWords,
            MaxWords = MaxWords,
            NearDuplicate = NearDuplicate,
            Contradictions = Contradictions,
            LeakCheck = LeakCheck,
            Splits = [.. Train ? ["train"] : Array.Empty<string>(), .. Validation ? ["val"] : Array.Empty<string>()],
            Labels = Labels.Count == 0 ? null : [.. Labels.Order(StringComparer.Ordinal)],
            OnlyMissing = OnlyMissing,
            Limit = limit is { } least && !(Limit < least) ? least : Limit,
            Budget = Budget,
            Seed = Seed,
        };

    public static void Set(ICollection<string> chosen, string name, bool wanted)
    {
        chosen.Remove(name);
        if (wanted)
            chosen.Add(name);
    }
}

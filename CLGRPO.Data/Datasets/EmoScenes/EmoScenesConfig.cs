namespace CLGRPO.Data.Datasets.EmoScenes;

/// <summary>Everything that decides the content of an EmoScenes version; the defaults are the built-in data set.</summary>
public sealed record EmoScenesConfig
{
    /// <summary>The dataset's name.</summary>
    public string Name { get; init; } = "emoscenes";

    /// <summary>Decides every image, text and order.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Training images.</summary>
    public int Train { get; init; } = 2000;

    /// <summary>Validation images.</summary>
    public int Validation { get; init; } = 1000;

    /// <summary>Held-out images.</summary>
    public int Test { get; init; } = 2000;

    /// <summary>Probability that the card with an object is there.</summary>
    public double ObjectPresent { get; init; } = 0.85;

    /// <summary>Probability that the card with a face is there.</summary>
    public double FacePresent { get; init; } = 0.70;

    /// <summary>Probability that the card with an acting figure is there.</summary>
    public double ActionPresent { get; init; } = 0.75;

    /// <summary>Standard deviation of the pixel noise; 1 is the whole range from black to white.</summary>
    public double Noise { get; init; } = 0.08;

    /// <summary>Cards move by up to this many pixels in each direction.</summary>
    public double JitterPixels { get; init; } = 4;

    /// <summary>The teacher's habits.</summary>
    public RuleTeacherConfig Teacher { get; init; } = new();

    /// <summary>Images of one split.</summary>
    public int Size(Split split) =>
        split switch
        {
            Split.Train => Train,
            Split.Validation => Validation,
            _ => Test,
        };

    /// <summary>Everything wrong with the settings; empty when they can be used.</summary>
    public IReadOnlyList<string> Check()
    {
        var reasons = new List<string>();
        foreach (var split in Splits.All.Where(split => Size(split) is < 0 or > 1_000_000))
            reasons.Add($"{split.Key()} = {Size(split)} must lie in 0 … 1,000,000");
        CheckShare("object_present", ObjectPresent, reasons);
        CheckShare("face_present", FacePresent, reasons);
        CheckShare("action_present", ActionPresent, reasons);
        if (!(Noise is >= 0 and <= 0.5))
            reasons.Add($"noise = {Noise} must lie in 0 … 0.5");
        if (!(JitterPixels is >= 0 and <= 4))
            reasons.Add($"jitter_pixels = {JitterPixels} must lie in 0 … 4");
        reasons.AddRange(Teacher.Check());
        return reasons;
    }

    internal static void CheckShare(string name, double value, List<string> reasons)
    {
        if (!(value is >= 0 and <= 1))
            reasons.Add($"{name} = {value} must lie in 0 … 1");
    }
}

/// <summary>How often the rule teacher errs.</summary>
public sealed record RuleTeacherConfig
{
    /// <summary>Share of mentions that name a wrong value.</summary>
    public double Mistakes { get; init; } = 0.10;

    /// <summary>Share of visible attributes that are not mentioned.</summary>
    public double Omissions { get; init; } = 0.08;

    /// <summary>New tries when the mentions do not lead to the label; after them the careful teacher, who makes no mistake, writes the text.</summary>
    public int Retries { get; init; } = 4;

    /// <summary>Share of texts whose end is not in the format, so that format alignment has something to do.</summary>
    public double MalformedTails { get; init; } = 0.10;

    internal IReadOnlyList<string> Check()
    {
        var reasons = new List<string>();
        EmoScenesConfig.CheckShare("teacher_mistakes", Mistakes, reasons);
        EmoScenesConfig.CheckShare("teacher_omissions", Omissions, reasons);
        EmoScenesConfig.CheckShare("teacher_mistakes + teacher_omissions", Mistakes + Omissions, reasons);
        EmoScenesConfig.CheckShare("malformed_tails", MalformedTails, reasons);
        if (Retries is < 0 or > 100)
            reasons.Add($"teacher_retries = {Retries} must lie in 0 … 100");
        return reasons;
    }
}

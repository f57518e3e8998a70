namespace CLGRPO.Data.Datasets.EmoScenes;

/// <summary>Draws attribute values whose emotion is a given label.</summary>
internal static class SceneSampler
{
    /// <summary>The label of a row: every block of eight rows holds each label once, in its own order.</summary>
    public static int LabelOf(EmoScenesConfig config, Split split, int index)
    {
        var count = Affinities.Labels.Length;
        var random = new CounterRandom(config.Seed, (ulong)RandomStream.Label, (ulong)split, (ulong)(index / count));
        Span<int> order = stackalloc int[count];
        for (var i = 0; i < count; i++)
        {
            var j = random.Below(i + 1);
            (order[i], order[j]) = (order[j], i);
        }
        return order[index % count];
    }

    /// <summary>Values per attribute, −1 where absent, drawn until <paramref name="label"/> wins by at least 1.</summary>
    public static int[] Draw(EmoScenesConfig config, int label, CounterRandom random)
    {
        var values = new int[Affinities.Vocabulary.Length];
        while (true)
        {
            for (var attribute = 0; attribute < values.Length; attribute++)
                values[attribute] = random.Chance(Presence(config, attribute))
                    ? random.Below(Affinities.Values(attribute))
                    : -1;
            var verdict = Affinities.Judge(values);
            if (verdict.Label == label && verdict.Margin >= 1)
                return values;
        }
    }

    /// <summary>The probability that an attribute is there.</summary>
    public static double Presence(EmoScenesConfig config, int attribute) =>
        attribute switch
        {
            Affinities.Object => config.ObjectPresent,
            Affinities.Face => config.FacePresent,
            Affinities.Action => config.ActionPresent,
            _ => 1,
        };
}

/// <summary>Separate random streams, so that a change to one (the teacher's rates, say) leaves the others (the images) as they are.</summary>
internal enum RandomStream
{
    Label,
    Attributes,
    Picture,
    Teacher,
}

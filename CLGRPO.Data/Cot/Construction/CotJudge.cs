using CLGRPO.Data.Cot.Checks;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>Says of a reasoning what its text alone shows, and gives the verdict once its votes are in.</summary>
internal sealed class CotJudge(
    ConstructionConfig config,
    StoredDataset dataset,
    IReadOnlyList<AttributeVocabulary> attributes
)
{
    private readonly AttributeMentions _mentions = new(attributes, dataset.Labels);
    private readonly NearDuplicates? _accepted = config.NearDuplicate > 0 ? new(config.NearDuplicate) : null;

    /// <summary>What is wrong with a reply, apart from the verifiers' judgement. A reply with such a fault is not verified.</summary>
    public IEnumerable<string> Faults(ReplyForm form, StoredSample sample)
    {
        if (form.Problem is not null)
        {
            yield return form.Problem;
            yield break;
        }
        if (form.Label != sample.Label)
            yield return CotReasons.WrongLabel;
        var words = form.Think!.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length;
        if (words < config.MinWords)
            yield return CotReasons.TooShort;
        if (words > config.MaxWords)
            yield return CotReasons.TooLong;
        if (config.LeakCheck && LabelLeak.Find(form.Think) is not null)
            yield return CotReasons.LeaksLabel;
        if (config.Contradictions == ContradictionRule.Reject)
        {
            foreach (var attribute in Contradictions(form.Think, sample))
                yield return CotReasons.Contradicts + attribute;
        }
    }

    /// <summary>Whether a text is compared with those that were accepted before it.</summary>
    public bool ComparesTexts => _accepted is not null;

    /// <summary>What a record's text and votes come to, all of which are in; a record that does not pass is rejected.</summary>
    public bool Passes(CotRecord record)
    {
        if (record.State == CotState.Rejected)
            return false; // by its text alone
        var answered = record.Votes.Count(vote => vote.Failure is null);
        var agreeing = record.Votes.Count(vote => vote.Agrees);
        record.Agreement = answered > 0 ? (double)agreeing / answered : null;
        if (answered < config.Quorum)
            Reject(record, CotReasons.NoQuorum);
        else if (record.Agreement < config.MinAgreement)
            Reject(record, CotReasons.NotVerified);
        return record.State != CotState.Rejected;
    }

    /// <summary>
    /// The verdict on a record, which is final. Records that pass are concluded in the order of their samples, each against all that were
    /// accepted before it.
    /// </summary>
    public void Conclude(CotRecord record, StoredSample sample)
    {
        if (record.State == CotState.Rejected)
            return;
        if (!Remember(record))
        {
            Reject(record, CotReasons.NearDuplicate);
            return;
        }
        record.State = CotState.Accepted;
        if (config.Contradictions == ContradictionRule.Flag && Contradictions(Think(record), sample).Count > 0)
            record.Review = ReviewState.Flagged;
    }

    private static void Reject(CotRecord record, string reason) =>
        (record.State, record.Reasons) = (CotState.Rejected, [reason]);

    /// <summary>Counts an accepted record among those that later ones are compared with.</summary>
    /// <returns>False when it is all but the same as one of them.</returns>
    public bool Remember(CotRecord record) => _accepted?.TryAdd(Think(record)) ?? true;

    private IReadOnlyList<string> Contradictions(string think, StoredSample sample) =>
        _mentions.Contradictions(think, Annotation(sample));

    private static string Think(CotRecord record) =>
        CompletionFormat.Parse(record.Completion, CompletionStyle.Cot).Think ?? "";

    /// <summary>Attribute → values; a known attribute without values has an empty list.</summary>
    private static Dictionary<string, IReadOnlyList<string>> Annotation(StoredSample sample) =>
        sample
            .Attributes.Select(attribute => attribute.Value!)
            .GroupBy(value => value.Attribute, StringComparer.Ordinal)
            .ToDictionary(
                values => values.Key,
                IReadOnlyList<string> (values) => [.. values.Select(value => value.Value).OfType<string>()],
                StringComparer.Ordinal
            );
}

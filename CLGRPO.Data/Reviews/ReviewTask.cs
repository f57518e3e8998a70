using CLGRPO.Data.Store;

namespace CLGRPO.Data.Reviews;

/// <summary>All that a person needs to judge an item; never what others said of it.</summary>
/// <param name="Image">SHA-256 of the image, its name in <c>blobs/</c>.</param>
/// <param name="Attributes">Attribute → values, in the vocabulary's order.</param>
/// <param name="Reasoning">As the teacher wrote it, without tags.</param>
/// <param name="Tries">Attempts of the construction on the sample, oldest first.</param>
/// <param name="Suggestions">Question → answer that the verifiers suggest; only shown, never taken by itself.</param>
/// <param name="Draft">What the person typed so far; null for nothing.</param>
/// <param name="DraftVersion">0 for none.</param>
/// <param name="LeaseEnds">Null where the person does not hold it.</param>
public sealed record ReviewTask(
    long ItemId,
    long BatchId,
    long RecordId,
    long DatasetId,
    string Key,
    string Image,
    int Width,
    int Height,
    string Label,
    IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>> Attributes,
    string Teacher,
    string Reasoning,
    string? Answer,
    IReadOnlyList<ReviewTry> Tries,
    IReadOnlyDictionary<string, int> Suggestions,
    IReadOnlyList<ReviewComment> Comments,
    DraftContent? Draft,
    int DraftVersion,
    DateTime? LeaseEnds,
    ReviewItemState State
)
{
    /// <summary>Whether the reasoning ends where it should.</summary>
    public bool AnswerIsLabel => Cot.CompletionFormat.Matches(Answer, Label);
}

/// <summary>An attempt of the construction.</summary>
/// <param name="Current">It is the record under review.</param>
public sealed record ReviewTry(
    DateTime At,
    string Teacher,
    int Attempt,
    CotState State,
    bool Current,
    IReadOnlyList<ReviewVote> Votes
);

/// <param name="Label">What the verifier arrived at; null where it had no answer.</param>
public sealed record ReviewVote(string Teacher, string? Label, bool Agrees);

/// <summary>An item in a strip of pictures.</summary>
/// <param name="Verdict">The person's own; null for what is still to come.</param>
public sealed record ReviewThumb(long ItemId, string Image, string Key, Verdict? Verdict);

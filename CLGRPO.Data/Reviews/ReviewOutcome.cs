using CLGRPO.Data.Store;

namespace CLGRPO.Data.Reviews;

/// <summary>What the standing reviews of a record add up to.</summary>
/// <param name="Judged">Judgements, without skips.</param>
/// <param name="Record">For the choice of records that versions are frozen from.</param>
public sealed record ReviewOutcome(int Judged, ReviewItemState Item, ReviewState Record)
{
    /// <param name="standing">Not superseded.</param>
    /// <param name="overlap">How many judgements it takes.</param>
    /// <remarks>
    /// A lead's word decides. Else a flag, or acceptance against rejection, makes the record "flagged", so that it is in no version unless
    /// asked for; an edit counts before plain acceptance. Edits that differ are a conflict too.
    /// </remarks>
    public static ReviewOutcome Of(IReadOnlyList<Review> standing, int overlap)
    {
        var judgements = standing.Where(review => review.Verdict != Verdict.Skip && !review.Final).ToList();
        if (standing.Where(review => review.Final).MaxBy(review => review.Id) is { } final)
            return new(judgements.Count, ReviewItemState.Done, StateOf(final.Verdict));
        var flagged = judgements.Any(review => review.Verdict == Verdict.Flag);
        var rejected = judgements.Any(review => review.Verdict == Verdict.Reject);
        var kept = judgements.Any(review => review.Verdict is Verdict.Accept or Verdict.Edit);
        var edits = judgements
            .Select(review => review.EditedCompletion)
            .OfType<string>()
            .Distinct(StringComparer.Ordinal)
            .Count();
        var state =
            judgements.Count == 0 ? ReviewState.Pending
            : flagged || (rejected && kept) ? ReviewState.Flagged
            : rejected ? ReviewState.Rejected
            : edits > 0 ? ReviewState.Edited
            : ReviewState.Accepted;
        var item =
            judgements.Count < overlap ? ReviewItemState.Open
            : state == ReviewState.Flagged || edits > 1 ? ReviewItemState.Conflict
            : ReviewItemState.Done;
        return new(judgements.Count, item, state);
    }

    private static ReviewState StateOf(Verdict verdict) =>
        verdict switch
        {
            Verdict.Accept => ReviewState.Accepted,
            Verdict.Reject => ReviewState.Rejected,
            Verdict.Edit => ReviewState.Edited,
            _ => throw new ReviewException($"A lead accepts, edits or rejects; {verdict} decides nothing."),
        };
}

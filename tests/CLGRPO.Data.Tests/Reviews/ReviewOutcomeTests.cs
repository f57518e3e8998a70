using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;

namespace CLGRPO.Data.Tests.Reviews;

public sealed class ReviewOutcomeTests
{
    // Letters: Accept, Reject, Edit, edit otherwise (e), Flag, Skip; a lead's word after a bar.
    [Theory]
    [InlineData("", 1, ReviewItemState.Open, ReviewState.Pending)]
    [InlineData("S", 1, ReviewItemState.Open, ReviewState.Pending)]
    [InlineData("A", 1, ReviewItemState.Done, ReviewState.Accepted)]
    [InlineData("A", 2, ReviewItemState.Open, ReviewState.Accepted)]
    [InlineData("R", 1, ReviewItemState.Done, ReviewState.Rejected)]
    [InlineData("R", 3, ReviewItemState.Open, ReviewState.Rejected)]
    [InlineData("E", 1, ReviewItemState.Done, ReviewState.Edited)]
    [InlineData("AE", 2, ReviewItemState.Done, ReviewState.Edited)]
    [InlineData("EE", 2, ReviewItemState.Done, ReviewState.Edited)]
    [InlineData("Ee", 2, ReviewItemState.Conflict, ReviewState.Edited)]
    [InlineData("F", 1, ReviewItemState.Conflict, ReviewState.Flagged)]
    [InlineData("AF", 3, ReviewItemState.Open, ReviewState.Flagged)]
    [InlineData("AR", 2, ReviewItemState.Conflict, ReviewState.Flagged)]
    [InlineData("AAR", 3, ReviewItemState.Conflict, ReviewState.Flagged)]
    [InlineData("RRS", 2, ReviewItemState.Done, ReviewState.Rejected)]
    [InlineData("AR|A", 2, ReviewItemState.Done, ReviewState.Accepted)]
    [InlineData("F|R", 1, ReviewItemState.Done, ReviewState.Rejected)]
    [InlineData("Ee|E", 2, ReviewItemState.Done, ReviewState.Edited)]
    public void Of_StandingReviews_AddUpTo(string said, int overlap, ReviewItemState item, ReviewState record)
    {
        var bar = said.IndexOf('|', StringComparison.Ordinal);
        var reviews = said.Where(letter => letter != '|')
            .Select((letter, i) => Review(letter, i, bar >= 0 && i >= bar))
            .ToList();

        var outcome = ReviewOutcome.Of(reviews, overlap);

        Assert.Equal((item, record), (outcome.Item, outcome.Record));
        Assert.Equal(reviews.Count(review => !review.Final && review.Verdict != Verdict.Skip), outcome.Judged);
    }

    private static Review Review(char letter, int i, bool final) =>
        new()
        {
            Id = i + 1,
            Reviewer = $"r{i}",
            Verdict = letter switch
            {
                'A' => Verdict.Accept,
                'R' => Verdict.Reject,
                'F' => Verdict.Flag,
                'S' => Verdict.Skip,
                _ => Verdict.Edit,
            },
            EditedCompletion = letter is 'E' or 'e' ? $"text {letter}" : null,
            Final = final,
        };
}

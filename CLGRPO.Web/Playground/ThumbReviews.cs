using System.Security.Claims;
using System.Text.Json;
using CLGRPO.Data.Reviews;
using CLGRPO.Web.Reviews;
using Microsoft.AspNetCore.Authorization;

namespace CLGRPO.Web.Playground;

/// <summary>What became of a thumb.</summary>
/// <param name="Good">As it is kept; null: none.</param>
/// <param name="BatchId">The batch of reviews that the answer is in; null: it is in the history alone.</param>
/// <param name="Note">The same in words.</param>
public sealed record ThumbKept(bool? Good, long? BatchId, string Note);

/// <summary>Keeps thumbs, and brings rated reasoning about samples of data sets before reviewers.</summary>
public sealed class ThumbReviews(PlaygroundShelf shelf, RatedAnswers answers, IAuthorizationService authorization)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    /// <param name="id">Of the question.</param>
    /// <param name="answer">Place of the answer, from 0.</param>
    /// <param name="good">Thumb up or down; null takes it back.</param>
    /// <returns>null where there is no such answer.</returns>
    public async Task<ThumbKept?> Rate(ClaimsPrincipal user, string id, int answer, bool? good, CancellationToken stop)
    {
        if (!shelf.Rate(user, id, answer, good) || shelf.Find(user, id) is not { } entry)
            return null;
        if (!entry.Picture.FromDataset)
            return InHistory("a picture that you brought is in no data set, and reviewers judge samples of data sets.");
        if (SampleOf(entry.Answers[answer]) is not { } sample)
            return InHistory("it holds no reasoning that reviewers could judge.");
        if (!(await authorization.AuthorizeAsync(user, ReviewScopes.Write)).Succeeded)
            return InHistory("you may not send anything to the reviewers.");
        var rated = new RatedAnswer
        {
            Image = entry.Picture.Hash,
            Label = entry.Picture.Label,
            Model = entry.Answers[answer].Model,
            Completion = WrittenSample.Of(sample).Raw,
            Sampling = Sampling(entry),
            CompletionTokens = sample.Tokens,
            Seconds = sample.Seconds,
            Good = good,
        };
        if (await answers.Keep(rated, user.NameOf(), stop) is { } batch)
            return new ThumbKept(
                good,
                batch.Id,
                good is null ? $"Taken back; it stays in {batch.Name}." : $"In the review queue: {batch.Name}."
            );
        return good is null
            ? new ThumbKept(good, BatchId: null, "Taken back.")
            : InHistory("no data set of the store has this picture; import it to have answers reviewed.");

        ThumbKept InHistory(string why) =>
            new(good, BatchId: null, good is null ? "Taken back." : $"Kept in your history alone: {why}");
    }

    /// <summary>Of several samples the first with the answer that won; null without reasoning.</summary>
    private static PlaygroundSample? SampleOf(PlaygroundAnswer answer)
    {
        var winner = AnswerVote.Of(answer.Samples.Select(sample => sample.Answer)) is [var (most, _), ..] ? most : null;
        var sample = answer.Samples.FirstOrDefault(one =>
            string.Equals(one.Answer, winner, StringComparison.OrdinalIgnoreCase)
        );
        return string.IsNullOrWhiteSpace(sample?.Reasoning) ? null : sample;
    }

    private static string Sampling(PlaygroundEntry entry) =>
        JsonSerializer.Serialize(
            new
            {
                entry.Id,
                entry.Question,
                entry.System,
                entry.Settings.Temperature,
                entry.Settings.TopP,
                entry.Settings.TopK,
                entry.Settings.MaxTokens,
                entry.Settings.Samples,
                entry.Settings.Seed,
            },
            Json
        );
}

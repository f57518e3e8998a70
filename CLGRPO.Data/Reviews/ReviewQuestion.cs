using System.Text.Json;

namespace CLGRPO.Data.Reviews;

/// <summary>A question that reviewers answer with 1 to 5.</summary>
/// <param name="Key">In <see cref="Store.Review.Ratings"/>.</param>
/// <param name="Low">What 1 means.</param>
/// <param name="High">What 5 means.</param>
public sealed record ReviewQuestion(string Key, string Text, string Low, string High)
{
    public const int Least = 1;
    public const int Most = 5;

    /// <summary>In the order in which they are asked.</summary>
    public static IReadOnlyList<ReviewQuestion> All { get; } =
    [
        new("faithful", "Faithful to the image?", "no", "fully"),
        new("leads", "Leads to the label?", "no", "surely"),
        new("fluent", "Fluent?", "no", "very"),
    ];

    /// <summary>Checks answers; questions may stay unanswered.</summary>
    /// <returns>JSON; null without any answer.</returns>
    /// <exception cref="ReviewException">There is no such question, or an answer is not 1 to 5.</exception>
    public static string? ToJson(IReadOnlyDictionary<string, int>? ratings)
    {
        if (ratings is not { Count: > 0 })
            return null;
        foreach (var (key, value) in ratings)
        {
            if (All.All(question => question.Key != key))
                throw new ReviewException(
                    $"There is no question '{key}'; there are {string.Join(", ", All.Select(question => question.Key))}."
                );
            if (value is < Least or > Most)
                throw new ReviewException($"The answer to '{key}' is {value}; it must be {Least} to {Most}.");
        }
        return JsonSerializer.Serialize(
            All.Where(question => ratings.ContainsKey(question.Key))
                .ToDictionary(question => question.Key, question => ratings[question.Key], StringComparer.Ordinal)
        );
    }

    public static IReadOnlyDictionary<string, int> FromJson(string? json) =>
        json is null
            ? new Dictionary<string, int>(StringComparer.Ordinal)
            : JsonSerializer.Deserialize<Dictionary<string, int>>(json)!;
}

/// <summary>A reason to reject.</summary>
public sealed record RejectReason(string Key, string Text)
{
    /// <summary>In the order of their digits, from 1.</summary>
    public static IReadOnlyList<RejectReason> All { get; } =
    [
        new("not_in_image", "not in the image"),
        new("label_given_away", "label given away"),
        new("wrong_label", "wrong label"),
        new("circular", "circular"),
        new("language", "language"),
    ];

    public static bool Has(string? key) => All.Any(reason => reason.Key == key);
}

/// <summary>What was sent is not possible.</summary>
public sealed class ReviewException(string message) : Exception(message);

/// <summary>What was sent was possible, but something else happened first.</summary>
public sealed class ReviewConflictException(string message) : Exception(message);

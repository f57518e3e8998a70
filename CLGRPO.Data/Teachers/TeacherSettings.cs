using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers.Rules;

namespace CLGRPO.Data.Teachers;

/// <summary>What a teacher's settings may be.</summary>
internal static class TeacherSettings
{
    private const int MaxNameLength = 64;

    /// <exception cref="ArgumentException">Something is out of range; all of it is named.</exception>
    public static void Check(StoredTeacher teacher)
    {
        var problems = Problems(teacher).ToList();
        if (problems.Count > 0)
        {
            throw new ArgumentException($"Teacher '{teacher.Name}': {string.Join("; ", problems)}.");
        }
        if (teacher.Kind == TeacherKind.Rule)
        {
            _ = RuleTeacher.Create(teacher);
        }
    }

    /// <summary>The settings for the audit: without the key, but whether there is one.</summary>
    public static object Describe(StoredTeacher teacher) =>
        new
        {
            teacher.Name,
            Kind = teacher.Kind.ToString(),
            teacher.Endpoint,
            teacher.Model,
            HasKey = teacher.SealedKey is not null,
            teacher.Concurrency,
            teacher.RequestsPerMinute,
            teacher.Budget,
            teacher.PromptPrice,
            teacher.CompletionPrice,
            teacher.MaxImageSide,
            teacher.MaxCompletionTokens,
            teacher.Temperature,
            teacher.TopP,
            teacher.Enabled,
        };

    private static IEnumerable<string> Problems(StoredTeacher teacher)
    {
        if (!IsName(teacher.Name))
        {
            yield return $"a name has 1 to {MaxNameLength} letters, digits, '.', '_' or '-' and begins with a letter or digit";
        }
        if (teacher.Kind == TeacherKind.OpenAI && string.IsNullOrWhiteSpace(teacher.Model))
        {
            yield return "the model's name is missing";
        }
        if (teacher.Kind == TeacherKind.Rule && teacher.Endpoint.Length > 0)
        {
            yield return "a rule teacher has no endpoint";
        }
        if (teacher.Concurrency is < 1 or > 1024)
        {
            yield return $"concurrency = {teacher.Concurrency} must lie in 1 … 1024";
        }
        if (teacher.RequestsPerMinute is { } rate && !(rate is > 0 and <= 1_000_000))
        {
            yield return $"requests per minute = {rate} must lie above 0 and at most at 1,000,000";
        }
        if (teacher.Budget is { } budget && !(budget >= 0 && double.IsFinite(budget)))
        {
            yield return $"budget = {budget} must be at least 0";
        }
        if (
            !(
                teacher.PromptPrice >= 0
                && teacher.CompletionPrice >= 0
                && double.IsFinite(teacher.PromptPrice + teacher.CompletionPrice)
            )
        )
        {
            yield return "prices must be at least 0";
        }
        if (teacher.MaxImageSide is < 16 or > 8192)
        {
            yield return $"image side = {teacher.MaxImageSide} must lie in 16 … 8192 pixels";
        }
        if (teacher.MaxCompletionTokens is < 1 or > 65536)
        {
            yield return $"completion tokens = {teacher.MaxCompletionTokens} must lie in 1 … 65,536";
        }
        if (!(teacher.Temperature is >= 0 and <= 2))
        {
            yield return $"temperature = {teacher.Temperature} must lie in 0 … 2";
        }
        if (!(teacher.TopP is > 0 and <= 1))
        {
            yield return $"top_p = {teacher.TopP} must lie above 0 and at most at 1";
        }
    }

    private static bool IsName(string name) =>
        name.Length is > 0 and <= MaxNameLength
        && char.IsAsciiLetterOrDigit(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}

using Microsoft.AspNetCore.Http.HttpResults;

namespace CLGRPO.Web.Api;

/// <summary>Requests that cannot be answered, as problem details that name the field.</summary>
public static class Invalid
{
    public static ValidationProblem Field(string field, string message) =>
        Fields(new Dictionary<string, string[]>(StringComparer.Ordinal) { [field] = [message] });

    public static ValidationProblem Fields(IDictionary<string, string[]> errors) =>
        TypedResults.ValidationProblem(errors);

    /// <summary>Null when all numbers lie where they must.</summary>
    public static ValidationProblem? OutOfRange(
        params ReadOnlySpan<(string Name, long Value, long Least, long Most)> values
    )
    {
        foreach (var (name, value, least, most) in values)
        {
            if (value < least || value > most)
                return Field(name, $"{name} is {value}; it must lie between {least} and {most}.");
        }
        return null;
    }
}

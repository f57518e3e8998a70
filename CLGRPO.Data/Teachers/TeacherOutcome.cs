using CLGRPO.Data.Store;

namespace CLGRPO.Data.Teachers;

/// <summary>The words of <see cref="TeacherCall.Outcome"/>.</summary>
public static class TeacherOutcome
{
    public const string Answered = "answered";

    /// <summary>Answered, but cut off: by the token limit or without an end mark.</summary>
    public const string Truncated = "truncated";

    /// <summary>Given up by us; the teacher may have worked on it.</summary>
    public const string Cancelled = "cancelled";

    public static string Of(TeacherFault fault) =>
        fault switch
        {
            TeacherFault.RateLimited => "rate_limited",
            TeacherFault.Timeout => "timeout",
            TeacherFault.ConnectionLost => "connection_lost",
            TeacherFault.ServerError => "server_error",
            TeacherFault.Refused => "refused",
            TeacherFault.Unauthorized => "unauthorized",
            TeacherFault.Garbage => "garbage",
            TeacherFault.TooLarge => "too_large",
            TeacherFault.Forbidden => "forbidden",
            TeacherFault.BudgetSpent => "budget_spent",
            TeacherFault.Unavailable => "unavailable",
            _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, "No such fault."),
        };
}

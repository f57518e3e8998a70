using CLGRPO.Data.Store;

namespace CLGRPO.Data.Teachers;

/// <summary>What a construction asks about a sample.</summary>
/// <param name="Purpose">To write a reasoning, or to judge one.</param>
/// <param name="System">System message; empty for none.</param>
/// <param name="Text">The prompt, filled in.</param>
/// <param name="ImagePath">The sample's image file.</param>
/// <param name="Sample">The sample with its attributes loaded, for teachers that read the annotation.</param>
/// <param name="Labels">The data set's labels, in their order.</param>
/// <param name="Reasoning">The reasoning to judge, without its answer; null when one is to be written.</param>
/// <param name="Seed">Given to the teacher: the same question has the same seed.</param>
public sealed record TeacherQuestion(
    PromptPurpose Purpose,
    string System,
    string Text,
    string ImagePath,
    StoredSample Sample,
    IReadOnlyList<string> Labels,
    string? Reasoning,
    long Seed
);

/// <summary>What a teacher said. All text is hostile.</summary>
/// <param name="Reasoning">From <c>reasoning</c>, <c>reasoning_content</c> or inline think tags; null where there was none.</param>
/// <param name="Content">The rest.</param>
/// <param name="Truncated">It stopped for length, or the stream ended without its end mark.</param>
/// <param name="PromptTokens">As the teacher counts; 0 where it does not say.</param>
/// <param name="CompletionTokens">As the teacher counts; 0 where it does not say.</param>
/// <param name="Raw">The reply's body; of a streamed reply, the same message put together from its chunks.</param>
public sealed record TeacherReply(
    string? Reasoning,
    string Content,
    bool Truncated,
    int PromptTokens,
    int CompletionTokens,
    string Raw
);

/// <summary>Writes reasonings and judges them. One call is one try: limits, retries and accounts are the caller's.</summary>
public interface ITeacher
{
    /// <summary>As configured.</summary>
    StoredTeacher Settings { get; }

    /// <exception cref="TeacherException">There is no usable answer; the exception says whether asking again may help.</exception>
    Task<TeacherReply> Ask(TeacherQuestion question, CancellationToken stop);
}

/// <summary>Why a teacher gave no usable answer.</summary>
public enum TeacherFault
{
    RateLimited,
    Timeout,
    ConnectionLost,
    ServerError,
    Refused,
    Unauthorized,
    Garbage,
    TooLarge,

    /// <summary>The address is not one that may be connected to.</summary>
    Forbidden,

    /// <summary>The teacher's budget is used up; nothing was asked.</summary>
    BudgetSpent,

    /// <summary>The teacher has failed for so long that it is not asked for now.</summary>
    Unavailable,
}

/// <summary>A teacher gave no usable answer.</summary>
/// <param name="fault">What happened.</param>
/// <param name="message">In our own words, without the key and without the library's text.</param>
/// <param name="httpStatus">Where there was an HTTP answer.</param>
/// <param name="retryAfter">How long the teacher asked us to wait.</param>
public sealed class TeacherException(
    TeacherFault fault,
    string message,
    int? httpStatus = null,
    TimeSpan? retryAfter = null
) : Exception(message)
{
    public TeacherFault Fault { get; } = fault;
    public int? HttpStatus { get; } = httpStatus;
    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>Whether the same question may be answered later.</summary>
    public bool MayHelpToRetry =>
        Fault
            is TeacherFault.RateLimited
                or TeacherFault.Timeout
                or TeacherFault.ConnectionLost
                or TeacherFault.ServerError
                or TeacherFault.Garbage;
}

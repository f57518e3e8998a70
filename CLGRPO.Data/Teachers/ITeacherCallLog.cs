using CLGRPO.Data.Store;

namespace CLGRPO.Data.Teachers;

/// <summary>Keeps account of every request to a teacher, answered or not.</summary>
public interface ITeacherCallLog
{
    /// <summary>Called once when a request has ended, before its answer is handed out; may be called from several threads at once.</summary>
    Task Record(TeacherCall call);
}

/// <summary>For whom a question is asked.</summary>
/// <param name="JobId">The construction; null for none.</param>
/// <param name="Attempt">Which attempt on the sample, from 0.</param>
/// <param name="TriesBefore">Requests made for the same question already, by a process that was stopped; they count towards the limit.</param>
public readonly record struct TeacherErrand(long? JobId, int Attempt, int TriesBefore = 0);

/// <summary>A reply with the request that brought it.</summary>
/// <param name="Reply">Complete or truncated.</param>
/// <param name="Call">As it was recorded: cost, time, number of the try.</param>
public sealed record TeacherAnswer(TeacherReply Reply, TeacherCall Call);

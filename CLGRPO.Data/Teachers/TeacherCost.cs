using CLGRPO.Data.Store;

namespace CLGRPO.Data.Teachers;

/// <summary>What a reply costs.</summary>
public static class TeacherCost
{
    private const double Million = 1_000_000;

    /// <returns>In the currency of the teacher's prices.</returns>
    public static double Of(StoredTeacher teacher, int promptTokens, int completionTokens) =>
        ((promptTokens * teacher.PromptPrice) + (completionTokens * teacher.CompletionPrice)) / Million;
}

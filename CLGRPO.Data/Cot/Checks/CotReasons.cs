namespace CLGRPO.Data.Cot.Checks;

/// <summary>Why a record is rejected or flagged, as it stands in the database, in reports and in filters.</summary>
public static class CotReasons
{
    /// <summary>The reply stopped for length or was cut off.</summary>
    public const string Truncated = "truncated";
    public const string NoReasoning = "no_reasoning";
    public const string NoAnswer = "no_answer";

    /// <summary>The answer is none of the labels.</summary>
    public const string UnknownLabel = "unknown_label";

    /// <summary>Tags inside the reasoning.</summary>
    public const string BrokenTags = "broken_tags";

    /// <summary>The answer is a label, but not the sample's.</summary>
    public const string WrongLabel = "wrong_label";

    /// <summary>The reasoning tells that it knew the label.</summary>
    public const string LeaksLabel = "leaks_label";
    public const string TooShort = "too_short";
    public const string TooLong = "too_long";

    /// <summary>The reasoning is all but the same as an accepted one.</summary>
    public const string NearDuplicate = "near_duplicate";

    /// <summary>Too few verifiers arrived at the label.</summary>
    public const string NotVerified = "not_verified";

    /// <summary>Too few verifiers answered at all.</summary>
    public const string NoQuorum = "no_quorum";

    /// <summary>Followed by the attribute: the reasoning names another value than the annotation.</summary>
    public const string Contradicts = "contradicts:";

    /// <summary>Followed by what happened: the teacher gave no answer within the retry policy.</summary>
    public const string TeacherFailed = "teacher_failed:";
}

using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;

namespace CLGRPO.Data.Browsing;

/// <summary>A sample with everything that happened to it.</summary>
/// <param name="Question">Asked about every picture of the data set.</param>
/// <param name="Records">Its chains of thought, newest first.</param>
/// <param name="History">What happened to it, newest first; entries are only ever added.</param>
/// <param name="Versions">Frozen versions that hold it, newest first.</param>
public sealed record SampleDetail(
    long Id,
    long DatasetId,
    string Dataset,
    string Question,
    string Key,
    string Image,
    int Width,
    int Height,
    string Label,
    Split? Split,
    string? Group,
    SampleStanding Standing,
    IReadOnlyList<SampleAttribute> Attributes,
    IReadOnlyList<RecordDetail> Records,
    IReadOnlyList<HistoryEntry> History,
    IReadOnlyList<VersionMention> Versions
);

/// <param name="Values">Null where it is not known; empty for "none of them".</param>
/// <param name="Mentioned">The accepted reasoning names a value of it, and none that the annotation lacks; null where there is no such reasoning or it is silent.</param>
public sealed record SampleAttribute(string Name, IReadOnlyList<string>? Values, bool? Mentioned);

/// <summary>A chain of thought, how it came to be and what was said about it.</summary>
/// <param name="Model">Empty for the rule teacher and for imports.</param>
/// <param name="Attempt">From 1.</param>
/// <param name="Job">The construction's name; null for an import.</param>
/// <param name="Prompt">Name and version; null for an import.</param>
/// <param name="Sampling">JSON.</param>
/// <param name="Cost">In the currency of the teacher's prices.</param>
/// <param name="Think">The reasoning; null where the form is broken.</param>
/// <param name="Answer">Null where the form is broken.</param>
/// <param name="HasReply">The reply as it came can be asked for.</param>
public sealed record RecordDetail(
    long Id,
    string Teacher,
    string Model,
    int Attempt,
    string? Job,
    string? Prompt,
    string? Sampling,
    int PromptTokens,
    int CompletionTokens,
    double Cost,
    double Seconds,
    string Completion,
    string? Think,
    string? Answer,
    CotState State,
    IReadOnlyList<string> Reasons,
    double? Agreement,
    ReviewState Review,
    DateTime CreatedAt,
    bool HasReply,
    IReadOnlyList<RecordCheck> Checks,
    IReadOnlyList<VoteDetail> Votes,
    IReadOnlyList<ReviewDetail> Reviews
);

/// <summary>What a look at the text alone shows.</summary>
/// <param name="Passed">Null where it was not looked at.</param>
public sealed record RecordCheck(string Name, bool? Passed, string Detail);

/// <summary>A verifier's judgement, the answer cut off.</summary>
public sealed record VoteDetail(string Teacher, string? Label, bool Agrees, string? Failure, double Seconds);

/// <summary>A person's judgement.</summary>
/// <param name="Ratings">Question → 1 to 5.</param>
/// <param name="Superseded">A later one of the same person stands in its place.</param>
public sealed record ReviewDetail(
    string Reviewer,
    Verdict Verdict,
    string? Reason,
    string? EditedCompletion,
    IReadOnlyDictionary<string, double> Ratings,
    string? Comment,
    bool Superseded,
    DateTime CreatedAt
);

/// <summary>Kinds of what happens to a sample.</summary>
public enum HistoryKind
{
    Imported,
    RecordAccepted,
    RecordRejected,
    RecordWritten,
    Reviewed,
    Moved,
    Frozen,
}

/// <param name="Who">A person, a teacher or a program.</param>
public sealed record HistoryEntry(DateTime At, HistoryKind Kind, string Who, string What, string? Detail)
{
    /// <summary>For reviews: the verdict.</summary>
    public Verdict? Verdict { get; init; }
}

/// <summary>A frozen version that holds the sample.</summary>
/// <param name="RecordId">The chain of thought that was taken; null for none.</param>
public sealed record VersionMention(string Hash, Split Split, long? RecordId, DateTime CreatedAt, string CreatedBy);

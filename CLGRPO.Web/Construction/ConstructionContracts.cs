using System.ComponentModel.DataAnnotations;
using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;

namespace CLGRPO.Web.Construction;

/// <summary>How it stands with a construction.</summary>
public enum ConstructionState
{
    /// <summary>For a teacher that another construction asks, or for the site to take it up.</summary>
    Waiting,
    Running,

    /// <summary>Its process ended without a word; it can be resumed.</summary>
    Interrupted,

    /// <summary>What is in flight is waited for.</summary>
    Pausing,
    Paused,
    Done,
    Cancelled,
    Failed,
}

/// <summary>A construction.</summary>
/// <param name="Failure">Why it failed, or why it pauses where nobody asked it to.</param>
/// <param name="IsTrial">What it accepts is looked at and never frozen.</param>
/// <param name="Open">Samples that are not decided.</param>
/// <param name="Cost">In the currency of the teachers' prices.</param>
public sealed record ConstructionSummary(
    long Id,
    string Name,
    long DatasetId,
    string Dataset,
    ConstructionState State,
    string? Failure,
    bool IsTrial,
    int Accepted,
    int Rejected,
    int Open,
    double Cost,
    ConstructionConfig Settings,
    string By,
    DateTime CreatedAt,
    DateTime? StartedAt,
    DateTime? FinishedAt
)
{
    public int Samples => Accepted + Rejected + Open;
    public bool IsOver => State is ConstructionState.Done or ConstructionState.Cancelled;
}

/// <summary>All figures of a construction.</summary>
/// <param name="Report">Acceptance by teacher and class, reasons, agreement, cost.</param>
/// <param name="Course">How it went on over time, and what the unfinished round shows.</param>
public sealed record ConstructionInsight(ConstructionReport Report, ConstructionCourse Course);

/// <summary>A construction to be looked at before it begins.</summary>
public sealed record PlanConstruction
{
    /// <summary>Name of a data set of the store.</summary>
    /// <example>emoscenes</example>
    [Required, StringLength(200, MinimumLength = 1)]
    public required string Dataset { get; init; }

    [Required]
    public required ConstructionConfig Settings { get; init; }
}

/// <summary>A construction to begin.</summary>
public sealed record BeginConstruction
{
    /// <summary>What to call it.</summary>
    /// <example>first try</example>
    [Required, StringLength(100, MinimumLength = 1)]
    public required string Name { get; init; }

    /// <summary>Name of a data set of the store.</summary>
    /// <example>emoscenes</example>
    [Required, StringLength(200, MinimumLength = 1)]
    public required string Dataset { get; init; }

    [Required]
    public required ConstructionConfig Settings { get; init; }

    /// <summary>What it accepts is looked at and never frozen.</summary>
    public bool Trial { get; init; }
}

/// <summary>How a construction goes on.</summary>
public sealed record ResumeConstruction
{
    /// <summary>A new budget of the construction; left out: the one it has.</summary>
    [Range(0.0, 1e12)]
    public double? Budget { get; init; }
}

/// <summary>Tries of a construction.</summary>
/// <param name="Next">Ask with <c>before</c> = this for those that follow; null at the end.</param>
public sealed record DecisionList(IReadOnlyList<CotDecision> Items, long? Next);

/// <summary>What asking a teacher about one small picture told.</summary>
/// <param name="Health">null where there was no answer.</param>
/// <param name="Failure">Why there was none.</param>
public sealed record TeacherCheck(DateTime At, TeacherHealth? Health, string? Failure);

/// <summary>A teacher, without its key.</summary>
/// <param name="HasKey">A key is stored; it is shown to nobody.</param>
/// <param name="Writes">In one of the newest constructions.</param>
/// <param name="Verifies">In one of the newest constructions.</param>
/// <param name="Spent">In the currency of its prices.</param>
/// <param name="LastOutcome">What became of its newest request.</param>
/// <param name="Check">The newest check since the site was started; null for none.</param>
public sealed record TeacherView(
    string Name,
    TeacherKind Kind,
    string Endpoint,
    string Model,
    bool HasKey,
    int Concurrency,
    double? RequestsPerMinute,
    double? Budget,
    double PromptPrice,
    double CompletionPrice,
    int MaxImageSide,
    int MaxCompletionTokens,
    double Temperature,
    double TopP,
    bool Enabled,
    bool Writes,
    bool Verifies,
    int Requests,
    int Answered,
    long Tokens,
    double Spent,
    DateTime? LastAt,
    string? LastOutcome,
    TeacherCheck? Check
)
{
    internal static TeacherView Of(
        StoredTeacher teacher,
        TeacherAccount? account,
        bool writes,
        bool verifies,
        TeacherCheck? check
    ) =>
        new(
            teacher.Name,
            teacher.Kind,
            teacher.Endpoint,
            teacher.Model,
            teacher.SealedKey is not null,
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
            writes,
            verifies,
            account?.Requests ?? 0,
            account?.Answered ?? 0,
            account?.Tokens ?? 0,
            account?.Cost ?? 0,
            account?.LastAt,
            account?.LastOutcome,
            check
        );
}

/// <summary>How it stands with a teacher that is being asked.</summary>
/// <param name="State">answering, limited or down.</param>
/// <param name="Until">When a limited teacher may be asked again, or one that is down is probed.</param>
/// <param name="InFlight">Requests on their way.</param>
/// <param name="Places">Requests that may be on their way at once.</param>
/// <param name="Spent">In all constructions.</param>
public sealed record TeacherStanding(
    string Teacher,
    DeskState State,
    DateTime? Until,
    int InFlight,
    int Places,
    double Spent
)
{
    internal static TeacherStanding Of(DeskStanding desk) =>
        new(desk.Teacher, desk.State, desk.Until, desk.InFlight, desk.Places, desk.Spent);
}

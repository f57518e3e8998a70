namespace CLGRPO.Data.Store;

/// <summary>How far a chain of thought is.</summary>
public enum CotState
{
    /// <summary>Written, and its text is in order; the verdict is still to come.</summary>
    Candidate,
    Accepted,
    Rejected,
}

/// <summary>What people said about a chain of thought.</summary>
public enum ReviewState
{
    Pending,
    Accepted,
    Rejected,
    Edited,
    Flagged,
}

/// <summary>A chain of thought for a sample, with everything about how it came to be. Never changed by a review: an edit is a review's own text.</summary>
public sealed class CotRecord
{
    /// <summary>
    /// The teacher of answers that somebody rated in the playground; their model is the checkpoint. A version holds them only where its
    /// selection names this teacher.
    /// </summary>
    public const string Playground = "playground";

    public long Id { get; init; }
    public long SampleId { get; init; }
    public StoredSample? Sample { get; init; }

    /// <summary>The construction that made it; null for an import, and for an answer of the playground.</summary>
    public long? JobId { get; init; }

    /// <summary>Which attempt on the sample within the job, from 0.</summary>
    public int Attempt { get; init; }

    /// <summary>The teacher's name at that time.</summary>
    public required string Teacher { get; init; }

    /// <summary>The teacher's model at that time; empty for the rule teacher.</summary>
    public required string Model { get; init; }

    /// <summary>The prompt version it answered; null for an import.</summary>
    public long? PromptId { get; init; }

    /// <summary>Sampling settings of the request, as JSON.</summary>
    public string? Sampling { get; init; }
    public int PromptTokens { get; init; }
    public int CompletionTokens { get; init; }

    /// <summary>In the currency of the teacher's prices.</summary>
    public double Cost { get; init; }
    public double Seconds { get; init; }

    /// <summary>The reply as it came; hostile text.</summary>
    public string? RawReply { get; init; }

    /// <summary><c>&lt;think&gt;…&lt;/think&gt;&lt;answer&gt;…&lt;/answer&gt;</c>; as near to it as the reply allows where the form is broken.</summary>
    public required string Completion { get; init; }

    public CotState State { get; set; }

    /// <summary>Why it was rejected; empty for the others.</summary>
    public List<string> Reasons { get; set; } = [];

    /// <summary>Share of verifiers that arrived at the label; null where nobody verified.</summary>
    public double? Agreement { get; set; }

    public ReviewState Review { get; set; }
    public DateTime CreatedAt { get; init; }
    public List<CotVote> Votes { get; init; } = [];
}

/// <summary>A verifier's judgement: it saw the image and the reasoning, with the answer cut off.</summary>
public sealed class CotVote
{
    public long Id { get; init; }
    public long RecordId { get; init; }
    public required string Teacher { get; init; }
    public required string Model { get; init; }
    public long? PromptId { get; init; }

    /// <summary>The label it arrived at; null where its answer was none of the labels.</summary>
    public string? Label { get; init; }
    public bool Agrees { get; init; }

    /// <summary>Why there is no answer, in the words of <see cref="TeacherCall.Outcome"/>; null where there is one.</summary>
    public string? Failure { get; init; }
    public int PromptTokens { get; init; }
    public int CompletionTokens { get; init; }
    public double Cost { get; init; }
    public double Seconds { get; init; }
    public string? RawReply { get; init; }
    public DateTime CreatedAt { get; init; }
}

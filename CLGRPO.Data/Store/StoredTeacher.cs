namespace CLGRPO.Data.Store;

public enum TeacherKind
{
    /// <summary>An OpenAI-compatible endpoint.</summary>
    OpenAI,

    /// <summary>Writes from the annotation; needs no server.</summary>
    Rule,

    /// <summary>A checkpoint of our own.</summary>
    Checkpoint,
}

/// <summary>A large VLM that writes or verifies reasonings, as an admin configured it.</summary>
public sealed class StoredTeacher
{
    public long Id { get; init; }

    /// <summary>Unique.</summary>
    public required string Name { get; set; }
    public TeacherKind Kind { get; set; }

    /// <summary>Such as <c>http://gpu-7:8000/v1</c>; the folder of a checkpoint; empty for the rule teacher.</summary>
    public required string Endpoint { get; set; }

    /// <summary>What the endpoint calls the model.</summary>
    public required string Model { get; set; }

    /// <summary>The API key, encrypted; never shown again. Changing the endpoint's origin clears it (A-SSRF-4).</summary>
    public byte[]? SealedKey { get; set; }

    /// <summary>Requests in flight at most.</summary>
    public int Concurrency { get; set; } = 8;

    /// <summary>Requests a minute at most; null for no limit.</summary>
    public double? RequestsPerMinute { get; set; }

    /// <summary>Cost at which the teacher is asked nothing more; null for no limit.</summary>
    public double? Budget { get; set; }

    /// <summary>Cost of a million prompt tokens.</summary>
    public double PromptPrice { get; set; }

    /// <summary>Cost of a million completion tokens.</summary>
    public double CompletionPrice { get; set; }

    /// <summary>Images are shrunk until their longer side is this many pixels.</summary>
    public int MaxImageSide { get; set; } = 1024;

    public int MaxCompletionTokens { get; set; } = 1024;
    public double Temperature { get; set; } = 0.7;
    public double TopP { get; set; } = 1;
    public bool Enabled { get; set; } = true;
    public DateTime CreatedAt { get; init; }
}

/// <summary>An origin that teachers may have: scheme, host and port, as an admin allowed it (A-SSRF-1).</summary>
public sealed class AllowedOrigin
{
    public long Id { get; init; }

    /// <summary><c>https</c>, or <c>http</c> for a host of the lab.</summary>
    public required string Scheme { get; init; }
    public required string Host { get; init; }
    public int Port { get; init; }
    public required string AddedBy { get; init; }
    public DateTime AddedAt { get; init; }
}

public enum PromptPurpose
{
    Generate,
    Verify,
}

/// <summary>A version of a prompt; versions are never changed.</summary>
public sealed class PromptTemplate
{
    public long Id { get; init; }
    public required string Name { get; init; }
    public PromptPurpose Purpose { get; init; }

    /// <summary>From 1, for each name.</summary>
    public int Version { get; init; }
    public required string System { get; init; }

    /// <summary>With placeholders such as <c>{labels}</c>, <c>{label}</c>, <c>{attributes}</c>, <c>{question}</c>, <c>{reasoning}</c>.</summary>
    public required string Text { get; init; }
    public required string CreatedBy { get; init; }
    public DateTime CreatedAt { get; init; }
}

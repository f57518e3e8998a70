using System.ComponentModel.DataAnnotations;

namespace CLGRPO.Web.Inference;

/// <summary>Section <c>Inference</c> of the settings: how trained models are asked.</summary>
public sealed class InferenceOptions
{
    public const string Section = "Inference";

    /// <summary>cpu, cuda or cuda:N; null: as runs are trained.</summary>
    public string? Device { get; set; }

    /// <summary>Models that are kept loaded.</summary>
    [Range(1, 64)]
    public int Models { get; set; } = 3;

    /// <summary>Requests that are answered at once.</summary>
    [Range(1, 256)]
    public int AtOnce { get; set; } = 16;

    /// <summary>Requests of one person or key that are answered at once.</summary>
    [Range(1, 256)]
    public int PerCaller { get; set; } = 4;

    /// <summary>Requests that may wait.</summary>
    [Range(0, 4096)]
    public int Waiting { get; set; } = 128;

    /// <summary>Requests of one person or key that may wait.</summary>
    [Range(0, 4096)]
    public int WaitingPerCaller { get; set; } = 32;

    /// <summary>Seconds after which a request is given up, its time in the queue included.</summary>
    [Range(1, 86_400)]
    public int RequestSeconds { get; set; } = 600;

    /// <summary>Seconds after which a reader who takes nothing of its answer is cut off.</summary>
    [Range(1, 3600)]
    public int ReadSeconds { get; set; } = 30;

    /// <summary>Seconds without a request after which the process ends and gives its memory back.</summary>
    [Range(1, 86_400)]
    public int IdleSeconds { get; set; } = 300;

    /// <summary>Threads that share an operation; null: all processors. The process runs at low priority either way.</summary>
    [Range(1, 1024)]
    public int? Threads { get; set; }

    /// <summary>Bytes of a request's body, MiB.</summary>
    [Range(1, 256)]
    public int MaxBodyMiB { get; set; } = 32;

    /// <summary>Whether the reasoning is sent as <c>reasoning</c>, as <c>reasoning_content</c>, or as both.</summary>
    public ReasoningField ReasoningField { get; set; } = ReasoningField.Both;
}

/// <summary>The fields of an answer that carry its reasoning.</summary>
public enum ReasoningField
{
    Both,

    /// <summary><c>reasoning</c>.</summary>
    Reasoning,

    /// <summary><c>reasoning_content</c>.</summary>
    ReasoningContent,
}

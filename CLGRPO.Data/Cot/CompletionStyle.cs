namespace CLGRPO.Data.Cot;

/// <summary>What a completion is meant to look like.</summary>
public enum CompletionStyle
{
    /// <summary><c>&lt;think&gt;reasoning&lt;/think&gt;&lt;answer&gt;label&lt;/answer&gt;</c>: stages 1 to 4.</summary>
    Cot,

    /// <summary><c>&lt;answer&gt;label&lt;/answer&gt;</c>: the baseline, fine-tuned on labels alone.</summary>
    Answer,
}

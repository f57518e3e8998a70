namespace CLGRPO.Training.Tokenization;

/// <summary>A token found in the text as it stands, before the text is cut up for merging.</summary>
/// <param name="Content">Its text; matched letter by letter, the longest token first.</param>
/// <param name="Special">
/// A control token of the chat: recognised in text only where the caller allows it, left out by
/// <see cref="Tokenizer.Decode"/> where asked.
/// </param>
public sealed record AddedToken(string Content, bool Special = true)
{
    /// <summary>Its id; null takes the next free one.</summary>
    public int? Id { get; init; }

    /// <summary>The match swallows white space before it.</summary>
    public bool LeftStrip { get; init; }

    /// <summary>The match swallows white space after it.</summary>
    public bool RightStrip { get; init; }

    /// <summary>Matched in the normalised text instead of the raw text.</summary>
    public bool Normalized { get; init; }
}

namespace CLGRPO.Training.Tokenization;

/// <summary>One message of a chat.</summary>
/// <param name="Role">One of <see cref="ChatTemplate.Roles"/>.</param>
/// <param name="Parts">Text and images in the order in which they are read.</param>
public sealed record ChatMessage(string Role, IReadOnlyList<ChatPart> Parts)
{
    /// <summary>A message of text alone.</summary>
    public ChatMessage(string role, string text)
        : this(role, [new TextPart(text)]) { }
}

/// <summary>A piece of a message: <see cref="TextPart"/> or <see cref="ImagePart"/>.</summary>
public abstract record ChatPart;

/// <summary>Text as someone wrote it; nothing in it is a control token.</summary>
public sealed record TextPart(string Text) : ChatPart;

/// <summary>The place of an image.</summary>
public sealed record ImagePart : ChatPart;

/// <summary>A chat made ready for the model.</summary>
/// <param name="Text">What the model is shown, for people to read; control tokens typed by a user look like real ones here.</param>
/// <param name="Ids">[tokens] what the model is given.</param>
public sealed record ChatPrompt(string Text, int[] Ids);

namespace CLGRPO.Training.Tokenization;

/// <summary>Ids of the tokens that the chat and the images are built of.</summary>
/// <param name="EndOfText"><c>&lt;|endoftext|&gt;</c>; also fills batches up.</param>
/// <param name="ImStart"><c>&lt;|im_start|&gt;</c>, begins a message.</param>
/// <param name="ImEnd"><c>&lt;|im_end|&gt;</c>, ends a message, so a completion.</param>
/// <param name="Img"><c>&lt;img&gt;</c>, before an image.</param>
/// <param name="ImgEnd"><c>&lt;/img&gt;</c>, after an image.</param>
/// <param name="ImgContext"><c>&lt;IMG_CONTEXT&gt;</c>, one for each image feature.</param>
public sealed record SpecialTokens(int EndOfText, int ImStart, int ImEnd, int Img, int ImgEnd, int ImgContext)
{
    public const string EndOfTextContent = "<|endoftext|>";
    public const string ImStartContent = "<|im_start|>";
    public const string ImEndContent = "<|im_end|>";
    public const string ImgContent = "<img>";
    public const string ImgEndContent = "</img>";
    public const string ImgContextContent = "<IMG_CONTEXT>";

    /// <summary>The six in the order in which a new vocabulary appends them.</summary>
    public static IReadOnlyList<AddedToken> All { get; } =
    [
        new(EndOfTextContent),
        new(ImStartContent),
        new(ImEndContent),
        new(ImgContent),
        new(ImgEndContent),
        new(ImgContextContent),
    ];

    /// <summary>Finds them by name.</summary>
    /// <exception cref="InvalidDataException">One is missing, or is not special, so that typed text would become it.</exception>
    internal static SpecialTokens Of(IEnumerable<AddedToken> tokens)
    {
        var ids = tokens
            .Where(token => token.Special)
            .ToDictionary(token => token.Content, token => token.Id!.Value, StringComparer.Ordinal);
        int IdOf(string content) =>
            ids.TryGetValue(content, out var id)
                ? id
                : throw new InvalidDataException(
                    $"The tokenizer has no special token “{content}”; an InternVL tokenizer has it among added_tokens."
                );
        return new SpecialTokens(
            IdOf(EndOfTextContent),
            IdOf(ImStartContent),
            IdOf(ImEndContent),
            IdOf(ImgContent),
            IdOf(ImgEndContent),
            IdOf(ImgContextContent)
        );
    }
}

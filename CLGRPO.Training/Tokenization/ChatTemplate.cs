using System.Text;

namespace CLGRPO.Training.Tokenization;

/// <summary>ChatML without a default system prompt, as InternVL 2.5 and 3 are prompted.</summary>
/// <remarks>
/// An image becomes <c>&lt;img&gt;</c>, <c>&lt;IMG_CONTEXT&gt;</c> × tokens per tile × tiles, <c>&lt;/img&gt;</c> and a line
/// end. Only the template itself writes special tokens: text is encoded with them disabled, so what a user types can
/// neither end a message nor change the number of images. Source: transformers' InternVL chat template and processor.
/// </remarks>
public sealed class ChatTemplate(Tokenizer tokenizer)
{
    /// <summary>The roles a message may have.</summary>
    public static IReadOnlyList<string> Roles { get; } = ["system", "user", "assistant"];

    private readonly SpecialTokens _special = tokenizer.SpecialTokens;

    /// <summary>Writes the chat as text and as ids.</summary>
    /// <param name="messages">From the first to the last.</param>
    /// <param name="tilesPerImage">For each image in the order of the messages: its tiles, thumbnail included; at least 1.</param>
    /// <param name="tokensPerTile">Image features of one tile; at least 1.</param>
    /// <param name="addGenerationPrompt">Ends with the beginning of the assistant's message.</param>
    /// <exception cref="ArgumentException">Images and tiles do not match, or a role is unknown.</exception>
    public ChatPrompt Render(
        IReadOnlyList<ChatMessage> messages,
        IReadOnlyList<int> tilesPerImage,
        int tokensPerTile,
        bool addGenerationPrompt = true
    )
    {
        Check(messages, tilesPerImage, tokensPerTile);
        var page = new Page(tokenizer);
        var image = 0;
        foreach (var message in messages)
        {
            page.Token(_special.ImStart);
            page.Plain($"{message.Role}\n");
            foreach (var part in message.Parts)
            {
                if (part is TextPart text)
                {
                    page.Plain(text.Text);
                    continue;
                }
                page.Token(_special.Img);
                page.Token(_special.ImgContext, checked(tilesPerImage[image++] * tokensPerTile));
                page.Token(_special.ImgEnd);
                page.Plain("\n");
            }
            page.Token(_special.ImEnd);
            page.Plain("\n");
        }
        if (addGenerationPrompt)
        {
            page.Token(_special.ImStart);
            page.Plain("assistant\n");
        }
        return page.Finish();
    }

    /// <summary>The ids that a completion adds to its prompt: its text and the end of the message.</summary>
    public int[] Completion(string text) => [.. tokenizer.Encode(text), _special.ImEnd];

    private static void Check(IReadOnlyList<ChatMessage> messages, IReadOnlyList<int> tilesPerImage, int tokensPerTile)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tokensPerTile, 1);
        if (messages.FirstOrDefault(message => !Roles.Contains(message.Role, StringComparer.Ordinal)) is { } stranger)
        {
            throw new ArgumentException(
                $"Role “{stranger.Role}” is unknown; the roles are {string.Join(", ", Roles)}.",
                nameof(messages)
            );
        }
        var images = messages.Sum(message => message.Parts.Count(part => part is ImagePart));
        if (images != tilesPerImage.Count)
        {
            throw new ArgumentException(
                $"The messages have {images} images, but tiles are given for {tilesPerImage.Count}.",
                nameof(tilesPerImage)
            );
        }
        if (tilesPerImage.Any(tiles => tiles < 1))
        {
            throw new ArgumentException("Every image has at least 1 tile.", nameof(tilesPerImage));
        }
    }

    /// <summary>Collects text and ids; plain text between two special tokens is encoded as one, as the model learnt it.</summary>
    private sealed class Page(Tokenizer tokenizer)
    {
        private readonly StringBuilder _text = new();
        private readonly StringBuilder _pending = new();
        private readonly List<int> _ids = [];

        public void Plain(string text) => _pending.Append(text);

        public void Token(int id, int times = 1)
        {
            EncodePending();
            _text.Insert(_text.Length, tokenizer.TokenOf(id), times);
            _ids.AddRange(Enumerable.Repeat(id, times));
        }

        public ChatPrompt Finish()
        {
            EncodePending();
            return new ChatPrompt(_text.ToString(), [.. _ids]);
        }

        private void EncodePending()
        {
            var plain = _pending.ToString();
            _text.Append(plain);
            _ids.AddRange(tokenizer.Encode(plain));
            _pending.Clear();
        }
    }
}

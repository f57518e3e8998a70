using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Rollouts;

/// <summary>Ids that no policy may write, however likely they are.</summary>
internal static class NeverSampled
{
    /// <summary>
    /// The image tokens, since one in a completion would ask for image features that do not exist (grpo.md §12), and the
    /// rows of an embedding that is larger than the tokenizer's vocabulary.
    /// </summary>
    public static int[] Of(Tokenizer tokenizer, int embeddingRows)
    {
        var special = tokenizer.SpecialTokens;
        return
        [
            special.Img,
            special.ImgEnd,
            special.ImgContext,
            .. Enumerable.Range(0, embeddingRows).Skip(tokenizer.VocabularySize),
        ];
    }
}

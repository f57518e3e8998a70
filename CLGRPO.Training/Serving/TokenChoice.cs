using CLGRPO.Training.Rollouts;
using CLGRPO.Training.Tokenization;
using static TorchSharp.torch;

namespace CLGRPO.Training.Serving;

/// <summary>Chooses the next token of rows that are sampled in the same way, and tells of it.</summary>
internal static class TokenChoice
{
    /// <param name="logits">[rows, vocabulary].</param>
    public static void Make(TokenSampler sampler, IReadOnlyList<ServedRow> rows, Tensor logits, Tokenizer tokenizer)
    {
        var sampling = rows[0].Request.Sampling;
        var tokens = sampling.IsGreedy
            ? sampler.Sample(logits, streams: [], positions: [])
            : sampler.Sample(
                logits,
                tensor([.. rows.Select(row => row.NextUniform())], [rows.Count, 1]).to(logits.device)
            );
        var ids = tokens.Ids.cpu().data<long>().ToArray();
        var logprobs = tokens.Logprobs.cpu().data<float>().ToArray();
        var top = Likeliest(rows, logits, sampling, tokenizer);
        for (var i = 0; i < rows.Count; i++)
        {
            var (row, id) = (rows[i], (int)ids[i]);
            row.Row.Ids.Add(id);
            row.Row.Logprobs.Add(logprobs[i]);
            row.Request.Tell(
                new ServeEvent(ServeEventType.Token)
                {
                    Index = row.Index,
                    Text = row.Text.Append(id),
                    Token = row.Request.Asked.Logprobs
                        ? new ServeToken(BytesOf(tokenizer, id), Told(logprobs[i]), top[i])
                        : null,
                }
            );
        }
    }

    /// <returns>For each row its most likely tokens; none where they are not wanted.</returns>
    private static IReadOnlyList<TopToken>[] Likeliest(
        IReadOnlyList<ServedRow> rows,
        Tensor logits,
        SamplingConfig sampling,
        Tokenizer tokenizer
    )
    {
        var most = rows.Max(row => row.Request.Asked.Logprobs ? row.Request.Asked.TopLogprobs : 0);
        if (most == 0)
            return [.. rows.Select(_ => (IReadOnlyList<TopToken>)[])];
        var scores = logits.to(ScalarType.Float32);
        var (values, indexes) = (sampling.IsGreedy ? scores : scores / sampling.Temperature)
            .log_softmax(-1)
            .topk((int)Math.Min(most, logits.shape[1]));
        var logprobs = values.cpu().data<float>().ToArray();
        var ids = indexes.cpu().data<long>().ToArray();
        var width = (int)values.shape[1];
        return
        [
            .. rows.Select(
                (row, i) =>
                    (IReadOnlyList<TopToken>)
                        [
                            .. Enumerable
                                .Range(i * width, Math.Min(width, row.Request.Asked.TopLogprobs))
                                .Select(at => new TopToken(BytesOf(tokenizer, (int)ids[at]), Told(logprobs[at]))),
                        ]
            ),
        ];
    }

    private static byte[] BytesOf(Tokenizer tokenizer, int id) =>
        id >= tokenizer.VocabularySize || tokenizer.IsSpecial(id) ? [] : tokenizer.BytesOf(id).ToArray();

    // As OpenAI writes what is as good as impossible; JSON has no −∞.
    private static float Told(float logprob) => Math.Max(logprob, -9999f);
}

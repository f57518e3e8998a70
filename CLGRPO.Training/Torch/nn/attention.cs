using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            /// <summary>softmax(query · keyᵀ / √width + mask) · value.</summary>
            /// <param name="query">[…, queries, width]</param>
            /// <param name="key">[…, keys, width]</param>
            /// <param name="value">[…, keys, value width]</param>
            /// <param name="attn_mask">[…, queries, keys]; true where a query may look, or a number added to the score.</param>
            /// <param name="p">The share of attention weights dropped.</param>
            /// <param name="is_casual">Whether query i sees the keys 0 to i only (TorchSharp's spelling).</param>
            public static Tensor scaled_dot_product_attention(
                Tensor query,
                Tensor key,
                Tensor value,
                Tensor? attn_mask = null,
                double p = 0.0,
                bool is_casual = false
            )
            {
                if (p < 0)
                    throw new ArgumentException("Dropout probability must be greater than or equal to zero.");
                if (is_casual && attn_mask is not null)
                    throw new ArgumentException("Causal attention masking cannot pass a mask.");
                return Aten.scaled_dot_product_attention.Exists
                    ? Aten.scaled_dot_product_attention.Call(query, key, value, attn_mask, p, is_casual)
                    : Attention(query, key, value, attn_mask, p, is_casual);
            }

            // libtorch before 2.0 has no public operator for it.
            private static Tensor Attention(
                Tensor query,
                Tensor key,
                Tensor value,
                Tensor? mask,
                double dropped,
                bool isCausal
            )
            {
                using var scope = NewDisposeScope();
                if (isCausal)
                    mask = ones([query.size(-2), key.size(-2)], ScalarType.Bool, query.device).tril_();
                var scores = query.mul(1 / Math.Sqrt(query.size(-1))).matmul(key.transpose(-2, -1));
                if (mask?.dtype == ScalarType.Bool)
                    scores = scores.masked_fill(mask.logical_not(), double.NegativeInfinity);
                else if (mask is not null)
                    scores = scores.add(mask);
                var weights = scores.softmax(-1);
                if (dropped > 0)
                    weights = dropout(weights, dropped);
                return weights.matmul(value).MoveToOuterDisposeScope();
            }
        }
    }
}

using TorchSharp.Interop;
using TorchSharp.Modules;

namespace TorchSharp.Modules
{
    /// <summary>The Gaussian error linear unit.</summary>
    public static class GELU
    {
        /// <summary>Exact, or by a formula with tanh.</summary>
        public enum Approximate
        {
            none,
            tanh,
        }
    }
}

namespace TorchSharp
{
    /// <summary>What lies beyond a tensor's edges.</summary>
    public enum PaddingModes
    {
        Zeros = 0,
        Reflect = 1,
        Replicate = 2,
        Circular = 3,
        Constant = 4,
    }

    public static partial class torch
    {
        public static partial class nn
        {
            /// <summary>What a loss does with the losses of the elements.</summary>
            public enum Reduction : long
            {
                None = 0,
                Mean = 1,
                Sum = 2,
            }

            public static partial class functional
            {
                /// <param name="input">[…, in]</param>
                /// <param name="weights">[out, in]</param>
                /// <param name="bias">[out]</param>
                public static Tensor linear(Tensor input, Tensor weights, Tensor? bias = null) =>
                    Aten.linear.Call(input, weights, bias);

                /// <param name="input">[…, normalized_shape]</param>
                /// <param name="normalized_shape">The last dimensions, over which mean and variance are taken.</param>
                /// <param name="weight">normalized_shape</param>
                /// <param name="bias">normalized_shape</param>
                /// <param name="eps">Added to the variance.</param>
                public static Tensor layer_norm(
                    Tensor input,
                    long[] normalized_shape,
                    Tensor? weight = null,
                    Tensor? bias = null,
                    double eps = 1e-5
                ) => Aten.layer_norm.Call(input, normalized_shape, weight, bias, eps);

                /// <param name="input">[batch, in, height, width]</param>
                /// <param name="weight">[out, in / groups, kernel height, kernel width]</param>
                /// <param name="bias">[out]</param>
                /// <param name="strides">One, or one per direction; 1.</param>
                /// <param name="padding">Zeros around the image; 0.</param>
                /// <param name="dilation">Distance of the kernel's elements; 1.</param>
                /// <param name="groups">Into how many the channels are split.</param>
                public static Tensor conv2d(
                    Tensor input,
                    Tensor weight,
                    Tensor? bias = null,
                    long[]? strides = null,
                    long[]? padding = null,
                    long[]? dilation = null,
                    long groups = 1
                ) =>
                    Aten.conv2d.Call(
                        input,
                        weight,
                        bias,
                        Both(strides, 1),
                        Both(padding, 0),
                        Both(dilation, 1),
                        groups
                    );

                public static Tensor relu(Tensor x, bool inplace = false) => inplace ? x.relu_() : x.relu();

                public static Tensor silu(Tensor x, bool inplace = false) => inplace ? x.silu_() : x.silu();

                public static Tensor tanh(Tensor x, bool inplace = false) => inplace ? x.tanh_() : x.tanh();

                public static Tensor sigmoid(Tensor x) => x.sigmoid();

                public static Tensor logsigmoid(Tensor x) => x.log_sigmoid();

                public static Tensor softplus(Tensor x, double beta = 1, double threshold = 20) =>
                    Aten.softplus.Call(x, beta, threshold);

                public static Tensor gelu(Tensor x) => x.gelu();

                public static Tensor gelu(Tensor x, bool inplace) => gelu(x, GELU.Approximate.none, inplace);

                public static Tensor gelu(Tensor x, GELU.Approximate approximate, bool inplace = false)
                {
                    if (!inplace)
                        return Aten.gelu.Call(x, approximate.ToString());
                    Aten.gelu_.Run(x, approximate.ToString());
                    return x;
                }

                public static Tensor softmax(Tensor input, long dim, ScalarType? dtype = null) =>
                    input.softmax(dim, dtype);

                public static Tensor log_softmax(Tensor x, long dim) => x.log_softmax(dim);

                public static Tensor dropout(Tensor input, double p = 0.5, bool training = true, bool inplace = false)
                {
                    if (!inplace)
                        return Aten.dropout.Call(input, p, training);
                    Aten.dropout_.Run(input, p, training);
                    return input;
                }

                public static Tensor pad(
                    Tensor input,
                    long[] pad,
                    PaddingModes mode = PaddingModes.Constant,
                    double value = 0
                ) =>
                    mode is PaddingModes.Constant or PaddingModes.Zeros
                        ? Aten.pad.Call(input, pad, "constant", value)
                        : Aten.pad.Call(input, pad, mode.ToString().ToLowerInvariant());

                public static Tensor one_hot(Tensor x, long num_classes = -1) =>
                    x.dtype == ScalarType.Int64
                        ? Aten.one_hot.Call(x, num_classes)
                        : throw new ArgumentException("OneHot input tensor must have elements of type Int64");

                private static long[] Both(long[]? values, long otherwise) =>
                    values switch
                    {
                        null => [otherwise, otherwise],
                        [var one] => [one, one],
                        _ => values,
                    };
            }
        }
    }
}

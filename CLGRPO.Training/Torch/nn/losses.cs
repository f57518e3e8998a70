using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            /// <param name="input">[batch, classes, …], unnormalised.</param>
            /// <param name="target">[batch, …], class numbers; or probabilities in input's shape.</param>
            /// <param name="weight">[classes]</param>
            /// <param name="ignore_index">Targets of this number count for nothing.</param>
            /// <param name="reduction">Mean is over the targets that count.</param>
            /// <param name="label_smoothing">The share of the target spread over all classes.</param>
            public static Tensor cross_entropy(
                Tensor input,
                Tensor target,
                Tensor? weight = null,
                long ignore_index = -100,
                Reduction reduction = Reduction.Mean,
                double label_smoothing = 0.0
            ) => Aten.cross_entropy_loss.Call(input, target, weight, (long)reduction, ignore_index, label_smoothing);

            /// <param name="input">[batch, classes, …], log-probabilities.</param>
            /// <param name="target">[batch, …], class numbers; -100 counts for nothing.</param>
            /// <param name="weight">[classes]</param>
            /// <param name="reduction">Mean is over the targets that count.</param>
            public static Tensor nll_loss(
                Tensor input,
                Tensor target,
                Tensor? weight = null,
                Reduction reduction = Reduction.Mean
            ) => Aten.nll_loss_nd.Call(input, target, weight, (long)reduction);

            public static Tensor mse_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) =>
                Aten.mse_loss.Call(input, target, (long)reduction);

            /// <summary>target · (log target − input), with input in log space.</summary>
            public static Tensor kl_div(
                Tensor input,
                Tensor target,
                bool log_target = true,
                Reduction reduction = Reduction.Mean
            ) => Aten.kl_div.Call(input, target, (long)reduction, log_target);
        }
    }
}

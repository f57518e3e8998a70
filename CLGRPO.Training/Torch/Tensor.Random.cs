using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public sealed partial class Tensor
    {
        public Tensor normal_(double mean = 0.0, double std = 1.0, Generator? generator = null) =>
            Aten.normal_.Run(this, mean, std, generator);

        public Tensor uniform_(double from, double to, Generator? generator = null) =>
            Aten.uniform_.Run(this, from, to, generator);

        public Tensor exponential_(double lambda = 1.0, Generator? generator = null) =>
            Aten.exponential_.Run(this, lambda, generator);

        public Tensor bernoulli_(double p = 0.5, Generator? generator = null) =>
            Aten.bernoulli_.Run(this, p, generator);

        public Tensor bernoulli_(Tensor p, Generator? generator = null) =>
            Aten.bernoulli_tensor_.Run(this, p, generator);

        public Tensor bernoulli(Generator? generator = null) => Aten.bernoulli.Call(this, generator);

        public Tensor multinomial(long num_samples, bool replacement = false, Generator? generator = null) =>
            Aten.multinomial.Call(this, num_samples, replacement, generator);
    }

    public static Tensor bernoulli(Tensor input, Generator? generator = null) => input.bernoulli(generator);

    public static Tensor multinomial(
        Tensor input,
        long num_samples,
        bool replacement = false,
        Generator? generator = null
    ) => input.multinomial(num_samples, replacement, generator);
}

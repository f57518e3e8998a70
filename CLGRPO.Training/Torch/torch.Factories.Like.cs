using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public sealed partial class Tensor
    {
        public Tensor zeros_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            Like(Aten.zeros_like, dtype, device, requires_grad);

        public Tensor ones_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            Like(Aten.ones_like, dtype, device, requires_grad);

        public Tensor empty_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            Like(Aten.empty_like, dtype, device, requires_grad);

        public Tensor rand_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            Like(Aten.rand_like, dtype, device, requires_grad);

        public Tensor randn_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            Like(Aten.randn_like, dtype, device, requires_grad);

        public Tensor full_like(
            Scalar value,
            ScalarType? dtype = null,
            Device? device = null,
            bool requires_grad = false
        ) => Aten.full_like.Call(this, value, dtype, Argument.None, device).requires_grad_(requires_grad);

        public Tensor randint_like(
            long low,
            long high,
            ScalarType? dtype = null,
            Device? device = null,
            bool requires_grad = false
        ) => Aten.randint_like.Call(this, low, high, dtype, Argument.None, device).requires_grad_(requires_grad);

        public Tensor new_zeros(
            long[] size,
            ScalarType? dtype = null,
            Device? device = null,
            bool requires_grad = false
        ) => zeros(size, dtype ?? this.dtype, device ?? this.device, requires_grad);

        public Tensor new_ones(
            long size,
            ScalarType? dtype = null,
            Device? device = null,
            bool requires_grad = false
        ) => ones(size, dtype ?? this.dtype, device ?? this.device, requires_grad);

        public Tensor new_empty(
            long[] size,
            ScalarType? dtype = null,
            Device? device = null,
            bool requires_grad = false
        ) => empty(size, dtype ?? this.dtype, device ?? this.device, requires_grad);

        public Tensor new_full(
            long[] size,
            Scalar value,
            ScalarType? dtype = null,
            Device? device = null,
            bool requires_grad = false
        ) => full(size, value, dtype ?? this.dtype, device ?? this.device, requires_grad);

        private Tensor Like(Operator factory, ScalarType? dtype, Device? device, bool requires_grad)
        {
            var tensor = factory.Call(this, dtype, Argument.None, device);
            return requires_grad ? tensor.requires_grad_() : tensor;
        }
    }

    public static Tensor zeros_like(
        Tensor input,
        ScalarType? dtype = null,
        Device? device = null,
        bool requires_grad = false,
        string[]? names = null
    ) => Unnamed(names, input).zeros_like(dtype, device, requires_grad);

    public static Tensor ones_like(
        Tensor input,
        ScalarType? dtype = null,
        Device? device = null,
        bool requires_grad = false,
        string[]? names = null
    ) => Unnamed(names, input).ones_like(dtype, device, requires_grad);

    public static Tensor empty_like(
        Tensor input,
        ScalarType? dtype = null,
        Device? device = null,
        bool requires_grad = false,
        string[]? names = null
    ) => Unnamed(names, input).empty_like(dtype, device, requires_grad);

    public static Tensor full_like(
        Tensor input,
        Scalar value,
        ScalarType? dtype = null,
        Device? device = null,
        bool requires_grad = false,
        string[]? names = null
    ) => Unnamed(names, input).full_like(value, dtype, device, requires_grad);

    public static Tensor rand_like(
        Tensor input,
        ScalarType? dtype = null,
        Device? device = null,
        bool requires_grad = false
    ) => input.rand_like(dtype, device, requires_grad);

    public static Tensor randn_like(
        Tensor input,
        ScalarType? dtype = null,
        Device? device = null,
        bool requires_grad = false
    ) => input.randn_like(dtype, device, requires_grad);

    private static Tensor Unnamed(string[]? names, Tensor tensor)
    {
        RejectNames(names);
        return tensor;
    }
}

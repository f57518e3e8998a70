using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public sealed partial class Tensor
    {
        /// <summary>[…, 2] real → […] complex, over the same memory.</summary>
        public Tensor view_as_complex() => Aten.view_as_complex.Call(this);

        /// <summary>[…] complex → […, 2] real, over the same memory.</summary>
        public Tensor view_as_real() => Aten.view_as_real.Call(this);
    }
}

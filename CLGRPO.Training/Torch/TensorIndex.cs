namespace TorchSharp;

public static partial class torch
{
    /// <summary>One index of <c>tensor[…]</c>: a number, a slice, a new dimension, an ellipsis or a tensor.</summary>
    public struct TensorIndex
    {
        internal enum Kind
        {
            None,
            Single,
            Null,
            Ellipsis,
            Bool,
            Tensor,
            Slice,
        }

        internal Kind kind;
        internal long? start;
        internal long? stop;
        internal long? step;
        internal Tensor? tensor;

        /// <summary>A new dimension of one element.</summary>
        public static readonly TensorIndex None = new() { kind = Kind.None };

        /// <summary>A new dimension of one element.</summary>
        public static readonly TensorIndex Null = new() { kind = Kind.Null };

        /// <summary>As many whole dimensions as are left.</summary>
        public static readonly TensorIndex Ellipsis = new() { kind = Kind.Ellipsis };

        /// <summary>One whole dimension.</summary>
        public static readonly TensorIndex Colon = Slice();

        public static TensorIndex Slice(long? start = null, long? stop = null, long? step = null) =>
            new()
            {
                kind = Kind.Slice,
                start = start,
                stop = stop,
                step = step,
            };

        public static TensorIndex Slice((int? start, int? end) range) => Slice(range.start, range.end);

        public static TensorIndex Slice(Range range) =>
            Slice(Start(range.Start), range.End is { IsFromEnd: true, Value: 0 } ? null : Start(range.End));

        public static TensorIndex Bool(bool value) => new() { kind = Kind.Bool, start = value ? 1 : 0 };

        public static TensorIndex Single(long? index) => new() { kind = Kind.Single, start = index };

        public static TensorIndex Tensor(Tensor tensor) => new() { kind = Kind.Tensor, tensor = tensor };

        public static implicit operator TensorIndex(long value) => Single(value);

        public static implicit operator TensorIndex((int? start, int? end) range) => Slice(range);

        public static implicit operator TensorIndex(Range range) => Slice(range);

        public static implicit operator TensorIndex(Index index) => Single(Start(index));

        private static long Start(Index index) => index.IsFromEnd ? -index.Value : index.Value;
    }
}

using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static Tensor arange(
        Scalar start,
        Scalar stop,
        Scalar step,
        ScalarType? dtype = null,
        Device? device = null,
        bool requires_grad = false
    ) =>
        Aten
            .arange_step.Call(start, stop, step, dtype ?? Ranged(start, stop, step), Argument.None, device)
            .requires_grad_(requires_grad);

    public static Tensor arange(
        Scalar start,
        Scalar stop,
        ScalarType? dtype = null,
        Device? device = null,
        bool requires_grad = false
    ) => arange(start, stop, 1, dtype, device, requires_grad);

    public static Tensor arange(
        Scalar stop,
        ScalarType? dtype = null,
        Device? device = null,
        bool requires_grad = false
    ) => arange(0, stop, 1, dtype, device, requires_grad);

    public static Tensor linspace(
        double start,
        double end,
        long steps,
        ScalarType? dtype = null,
        Device? device = null,
        bool requires_grad = false
    ) =>
        Aten
            .linspace.Call(start, end, steps, dtype ?? get_default_dtype(), Argument.None, device)
            .requires_grad_(requires_grad);

    /// <param name="rows">Rows.</param>
    /// <param name="columns">-1: as many as rows.</param>
    public static Tensor eye(
        long rows,
        long columns = -1L,
        ScalarType? dtype = null,
        Device? device = null,
        bool requires_grad = false,
        string[]? names = null
    )
    {
        RejectNames(names);
        return Aten
            .eye_m.Call(rows, columns < 0 ? rows : columns, dtype ?? get_default_dtype(), Argument.None, device)
            .requires_grad_(requires_grad);
    }

    public static Tensor randint(
        long low,
        long high,
        long[] size,
        ScalarType? dtype = null,
        Device? device = null,
        bool requires_grad = false,
        Generator? generator = null,
        string[]? names = null
    )
    {
        RejectNames(names);
        return Aten
            .randint_low.Call(low, high, size, generator, dtype ?? ScalarType.Int64, Argument.None, device)
            .requires_grad_(requires_grad);
    }

    public static Tensor randint(
        long high,
        long[] size,
        ScalarType? dtype = null,
        Device? device = null,
        bool requires_grad = false,
        Generator? generator = null,
        string[]? names = null
    ) => randint(0, high, size, dtype, device, requires_grad, generator, names);

    public static Tensor randperm(
        long n,
        ScalarType? dtype = null,
        Device? device = null,
        bool requires_grad = false,
        Generator? generator = null
    ) =>
        Aten
            .randperm.Call(n, generator, dtype ?? ScalarType.Int64, Argument.None, device)
            .requires_grad_(requires_grad);

    public static Tensor normal(
        double mean,
        double std,
        ReadOnlySpan<long> size,
        ScalarType? dtype = null,
        Device? device = null,
        bool requires_grad = false,
        Generator? generator = null,
        string[]? names = null
    ) =>
        randn(size, dtype, device, requires_grad: false, generator, names)
            .mul_(std)
            .add_(mean)
            .requires_grad_(requires_grad);

    private static ScalarType Ranged(Scalar start, Scalar stop, Scalar step) =>
        is_integral(start.Type) && is_integral(stop.Type) && is_integral(step.Type)
            ? ScalarType.Int64
            : get_default_dtype();

    private static Tensor New(
        Operator factory,
        ReadOnlySpan<long> size,
        ScalarType? dtype,
        Device? device,
        bool requires_grad,
        string[]? names
    )
    {
        RejectNames(names);
        var tensor = factory.Call(size, dtype ?? get_default_dtype(), Argument.None, device);
        return requires_grad ? tensor.requires_grad_() : tensor;
    }

    /// <summary>As the other, for a factory with one more argument after the size.</summary>
    private static Tensor New(
        Operator factory,
        ReadOnlySpan<long> size,
        Argument second,
        ScalarType? dtype,
        Device? device,
        bool requires_grad,
        string[]? names
    )
    {
        RejectNames(names);
        var tensor = factory.Call(size, second, dtype ?? get_default_dtype(), Argument.None, device);
        return requires_grad ? tensor.requires_grad_() : tensor;
    }

    private static void RejectNames(string[]? names)
    {
        if (names is not null)
            throw new NotSupportedException("Named dimensions are not supported: leave names out.");
    }
}

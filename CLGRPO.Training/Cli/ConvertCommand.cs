using System.CommandLine;
using System.Globalization;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Checkpoints.Layouts;
using CLGRPO.Training.Checkpoints.Safetensors;

namespace CLGRPO.Training.Cli;

/// <summary><c>convert</c>: a model folder in another layout or type of number.</summary>
internal static class ConvertCommand
{
    // Longest first, so that "GB" is not taken for "B". Decimal and binary units as transformers reads them.
    private static readonly (string Unit, long Bytes)[] Units =
    [
        ("GIB", 1L << 30),
        ("MIB", 1L << 20),
        ("KIB", 1L << 10),
        ("GB", 1_000_000_000),
        ("MB", 1_000_000),
        ("KB", 1_000),
        ("", 1),
    ];

    public static Command Create()
    {
        var source = new Argument<string>("source") { Description = "A model's folder, in any layout" };
        var target = new Argument<string>("target") { Description = "Where to; must not exist" };
        var layout = new Option<string>("--layout")
        {
            Description = "hf (transformers), original (InternVLChatModel) or memory (transformers' names in memory)",
            Required = true,
        };
        var dtype = new Option<string?>("--dtype")
        {
            Description = "fp32, bf16 or fp16; without it the weights keep their type",
        };
        var shard = new Option<string>("--max-shard-size")
        {
            Description = "Most bytes of one weights file, such as 5GB or 400KB",
            DefaultValueFactory = _ => "5GB",
        };
        var command = new Command("convert", "Writes a model folder in another tensor layout or type of number")
        {
            source,
            target,
            layout,
            dtype,
            shard,
        };
        command.SetAction(parsed =>
        {
            var format = new SaveFormat
            {
                Layout = LayoutOf(parsed.GetValue(layout)!),
                Dtype = parsed.GetValue(dtype) is { } name ? DtypeOf(name) : null,
                MaxShardBytes = BytesOf(parsed.GetValue(shard)!),
            };
            var path = parsed.GetValue(target)!;
            var parameters = ModelConversion.Convert(parsed.GetValue(source)!, path, format);
            parsed.InvocationConfiguration.Output.WriteLine($"{path}: {parameters:N0} parameters");
        });
        return command;
    }

    /// <exception cref="ArgumentException">There is no such type.</exception>
    internal static SafetensorsDtype DtypeOf(string name) =>
        name switch
        {
            "fp32" => SafetensorsDtype.F32,
            "bf16" => SafetensorsDtype.BF16,
            "fp16" => SafetensorsDtype.F16,
            _ => throw new ArgumentException($"--dtype is '{name}'; give fp32, bf16 or fp16."),
        };

    private static ModelLayout LayoutOf(string name) =>
        name switch
        {
            "hf" => ModelLayout.HuggingFace,
            "original" => ModelLayout.Original,
            "memory" => ModelLayout.Memory,
            _ => throw new ArgumentException($"--layout is '{name}'; give hf, original or memory."),
        };

    private static long BytesOf(string size)
    {
        var (unit, bytes) = Units.First(unit => size.EndsWith(unit.Unit, StringComparison.OrdinalIgnoreCase));
        return
            double.TryParse(size.AsSpan(0, size.Length - unit.Length), CultureInfo.InvariantCulture, out var count)
            && count * bytes is >= 1 and < long.MaxValue
            ? (long)(count * bytes)
            : throw new ArgumentException($"--max-shard-size is '{size}'; give a size such as 5GB or 400KB.");
    }
}

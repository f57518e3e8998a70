namespace CLGRPO.Training.Checkpoints.Safetensors;

/// <summary>The element types of the safetensors format, under the names that its header uses.</summary>
/// <remarks>Source: safetensors, <c>tensor.rs</c>, enum Dtype.</remarks>
public enum SafetensorsDtype
{
    BOOL,
    F4,
    F6_E2M3,
    F6_E3M2,
    U8,
    I8,
    F8_E5M2,
    F8_E4M3,
    F8_E8M0,
    F8_E4M3FNUZ,
    F8_E5M2FNUZ,
    I16,
    U16,
    F16,
    BF16,
    I32,
    U32,
    F32,
    C64,
    F64,
    I64,
    U64,
}

/// <summary>Names and widths of <see cref="SafetensorsDtype"/>.</summary>
public static class SafetensorsDtypes
{
    private static readonly Dictionary<string, SafetensorsDtype> ByName = Enum.GetValues<SafetensorsDtype>()
        .ToDictionary(dtype => dtype.ToString(), StringComparer.Ordinal);

    /// <summary>Finds the type that a header calls <paramref name="name"/>; case matters.</summary>
    public static bool TryParse(string name, out SafetensorsDtype dtype) => ByName.TryGetValue(name, out dtype);

    /// <summary>Bits per element. Types under 8 bits are packed, so only whole tensors fill whole bytes.</summary>
    public static int Bits(this SafetensorsDtype dtype) =>
        dtype switch
        {
            SafetensorsDtype.F4 => 4,
            SafetensorsDtype.F6_E2M3 or SafetensorsDtype.F6_E3M2 => 6,
            SafetensorsDtype.BOOL
            or SafetensorsDtype.U8
            or SafetensorsDtype.I8
            or SafetensorsDtype.F8_E5M2
            or SafetensorsDtype.F8_E4M3
            or SafetensorsDtype.F8_E8M0
            or SafetensorsDtype.F8_E4M3FNUZ
            or SafetensorsDtype.F8_E5M2FNUZ => 8,
            SafetensorsDtype.I16 or SafetensorsDtype.U16 or SafetensorsDtype.F16 or SafetensorsDtype.BF16 => 16,
            SafetensorsDtype.I32 or SafetensorsDtype.U32 or SafetensorsDtype.F32 => 32,
            SafetensorsDtype.C64 or SafetensorsDtype.F64 or SafetensorsDtype.I64 or SafetensorsDtype.U64 => 64,
            _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "Not a safetensors dtype."),
        };
}

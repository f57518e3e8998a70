using System.Buffers.Binary;
using System.Text;

namespace CLGRPO.Training.Tests.Checkpoints.Safetensors;

/// <summary>Safetensors files put together byte by byte, so that tests can break every rule.</summary>
internal static class RawFile
{
    public static byte[] Bytes(string header, int dataBytes = 0) =>
        Bytes((ulong)Encoding.UTF8.GetByteCount(header), Encoding.UTF8.GetBytes(header), dataBytes);

    public static byte[] Bytes(ulong headerLength, byte[] header, int dataBytes = 0)
    {
        var file = new byte[8 + header.Length + dataBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(file, headerLength);
        header.CopyTo(file, 8);
        for (var i = 0; i < dataBytes; i++)
        {
            file[8 + header.Length + i] = (byte)i;
        }
        return file;
    }

    /// <summary>One entry of a header, such as <c>"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}</c>.</summary>
    public static string Tensor(string name, string dtype, string shape, string begin, string end) =>
        $$"""
            "{{name}}":{"dtype":"{{dtype}}","shape":[{{shape}}],"data_offsets":[{{begin}},{{end}}]}
            """.Trim();
}

using System.Runtime.InteropServices;
using CLGRPO.Training.Checkpoints.Safetensors;
using TorchSharp;

namespace CLGRPO.Golden;

/// <summary>The tensors that lie beside a file of cases.</summary>
internal sealed class GoldenTensors(string path) : IDisposable
{
    private readonly SafetensorsFile _file = SafetensorsFile.Open(path);

    public float[] Floats(string name) => Read<float>(name, SafetensorsDtype.F32);

    public byte[] Bytes(string name) => Read<byte>(name, SafetensorsDtype.U8);

    public IReadOnlyCollection<string> Names => [.. _file.Tensors.Keys];

    public bool Contains(string name) => _file.Tensors.ContainsKey(name);

    /// <summary>A float32 or int64 tensor on the CPU.</summary>
    public torch.Tensor this[string name] =>
        Find(name) switch
        {
            { Dtype: SafetensorsDtype.F32 } found => torch.tensor(Floats(name), found.Shape),
            { Dtype: SafetensorsDtype.I64 } found => torch.tensor(Read<long>(name, SafetensorsDtype.I64), found.Shape),
            var other => throw new GoldenMismatchException($"tensor {name} is {other.Dtype}"),
        };

    public void Dispose() => _file.Dispose();

    private T[] Read<T>(string name, SafetensorsDtype dtype)
        where T : unmanaged
    {
        var found = Find(name);
        Expect.Same($"{name}, type", dtype, found.Dtype);
        var bytes = new byte[found.ByteLength];
        _file.Read(found, bytes);
        return MemoryMarshal.Cast<byte, T>(bytes).ToArray();
    }

    private TensorInfo Find(string name) =>
        _file.Tensors.TryGetValue(name, out var found)
            ? found
            : throw new GoldenMismatchException($"{_file.Path} has no tensor {name}");
}

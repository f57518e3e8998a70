using CLGRPO.Training.Checkpoints.Safetensors;

namespace CLGRPO.Training.Tests.Checkpoints.Safetensors;

/// <summary>Formats that can carry code are refused by name and by their first bytes.</summary>
[Trait("Id", "A-ST-4")]
public sealed class ForeignFormatTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("model.bin")]
    [InlineData("model.pt")]
    [InlineData("model.PTH")]
    [InlineData("model.ckpt")]
    [InlineData("model.pkl")]
    [InlineData("model.npy")]
    [InlineData("model.npz")]
    [InlineData("model.gguf")]
    [InlineData("model.h5")]
    public void Open_Extension_IsRefusedUnread(string name) => Refuses(_folder.File(name));

    [Theory]
    [InlineData("504B030400000808")] // PyTorch's zip
    [InlineData("80027D7100580400")] // pickle, protocol 2
    [InlineData("80049536000000000000008C")] // pickle, protocol 4
    [InlineData("934E554D50590100")] // NumPy
    [InlineData("4747554603000000")] // GGUF
    [InlineData("894844460D0A1A0A")] // HDF5
    public void Open_FirstBytes_AreRefused(string hex) =>
        Refuses(_folder.File("model.safetensors", [.. Convert.FromHexString(hex), .. new byte[64]]));

    private static void Refuses(string path) =>
        Assert.Equal(
            SafetensorsError.UnsupportedFormat,
            Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(path)).Error
        );
}

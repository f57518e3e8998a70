using CLGRPO.Data.Datasets;
using CLGRPO.Data.Datasets.EmoScenes;
using CLGRPO.Training.Tests;
using CLGRPO.Training.Tests.Checkpoints.Safetensors;

[assembly: AssemblyFixture(typeof(TinyEmoScenes))]

namespace CLGRPO.Training.Tests;

/// <summary>A few dozen generated pictures, made once for all tests that train.</summary>
public sealed class TinyEmoScenes : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Lazy<DatasetVersion> _version;

    public TinyEmoScenes() =>
        _version = new(() =>
            EmoScenesGenerator.Generate(
                new EmoScenesConfig
                {
                    Train = 64,
                    Validation = 16,
                    Test = 16,
                },
                Root
            )
        );

    /// <summary>The datasets root.</summary>
    public string Root => _folder.Path;

    public DatasetVersion Version => _version.Value;

    public void Dispose() => _folder.Dispose();
}

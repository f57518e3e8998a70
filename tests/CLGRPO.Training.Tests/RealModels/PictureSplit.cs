using CLGRPO.Data.Cot;
using CLGRPO.Data.Datasets;
using CLGRPO.Golden;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Stages;
using CLGRPO.Training.Tests.Checkpoints.Safetensors;
using CLGRPO.Training.Tests.Models;

namespace CLGRPO.Training.Tests.RealModels;

/// <summary>A model that transformers wrote, and real pictures of one to several tiles.</summary>
public sealed class PictureSplit : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public PictureSplit()
    {
        Version = PictureDataset.Write(_folder.Path);
        var name = InternVlModel.Names(GoldenSet.GivenInternVl).First();
        Model = PretrainedModel.Load(Path.Combine(GoldenSet.GivenInternVl, name + "-hf"));
        Images = new ImageTiles(Version, Model.Images);
    }

    public DatasetVersion Version { get; }

    internal PretrainedModel Model { get; }

    internal ImageTiles Images { get; }

    /// <summary>The training split with a question of its own.</summary>
    internal PreparedSplit Prepare(string question = "Which emotion?") =>
        new(
            Version,
            Data.Datasets.Split.Train,
            Model,
            Images,
            new PromptConfig
            {
                System = "",
                Cot = question,
                Answer = question,
            },
            CompletionStyle.Cot
        );

    public void Dispose()
    {
        Model.Dispose();
        _folder.Dispose();
    }
}

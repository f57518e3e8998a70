using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Models;

namespace CLGRPO.Training.Checkpoints.Layouts;

/// <summary>The open weights of a model folder in whichever layout.</summary>
internal sealed class WeightFolder : IDisposable
{
    private readonly SafetensorsModel _files;

    private WeightFolder(SafetensorsModel files)
    {
        _files = files;
        Layout = TensorNames.Detect(files.Tensors.Keys);
    }

    /// <summary>Told by the names of the tensors.</summary>
    public ModelLayout Layout { get; }

    /// <summary>Each type of number that occurs.</summary>
    public IReadOnlyList<SafetensorsDtype> Dtypes =>
        [.. _files.Tensors.Values.Select(tensor => tensor.Dtype).Distinct()];

    public static WeightFolder Open(string folder) => new(SafetensorsModel.Open(folder));

    /// <summary>
    /// The configuration with the head that the tensors show: tied to the embedding where there is none of its own. The
    /// flags in config.json are not to be trusted. Source: reference/internvl.md §9, tie rule.
    /// </summary>
    public ModelConfig Tied(ModelConfig config)
    {
        var tied = !_files.Tensors.ContainsKey(TensorNames.In(Layout, TensorNames.Head));
        return config with { Language = config.Language with { TieEmbeddings = tied } };
    }

    /// <summary>Finds the parameters of a model in the files.</summary>
    /// <exception cref="SafetensorsException">Tensors are missing, unknown, misshapen or no weights; all are listed.</exception>
    public WeightReader Match(IEnumerable<Parameter> parameters) => new(_files, FileTensor.Of(parameters, Layout));

    public void Dispose() => _files.Dispose();
}

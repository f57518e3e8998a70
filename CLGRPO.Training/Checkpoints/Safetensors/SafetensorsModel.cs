namespace CLGRPO.Training.Checkpoints.Safetensors;

/// <summary>The tensors of a model that lies in one safetensors file or in several with an index.</summary>
public sealed class SafetensorsModel : IDisposable
{
    private readonly List<SafetensorsFile> _files = [];
    private readonly OrderedDictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SafetensorsFile> _owners = new(StringComparer.Ordinal);

    private SafetensorsModel() { }

    /// <summary>The files, each open for reading.</summary>
    public IReadOnlyList<SafetensorsFile> Files => _files;

    /// <summary>Name → tensor of all files; offsets are those within its own file.</summary>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    /// <summary>Opens <c>model.safetensors</c> of a folder or, where it has none, the shards of <c>model.safetensors.index.json</c>.</summary>
    /// <param name="folder">A model's folder in Hugging Face's layout.</param>
    /// <param name="stem">The part of the file names before <c>.safetensors</c>.</param>
    /// <exception cref="FileNotFoundException">The folder has neither.</exception>
    /// <exception cref="SafetensorsException">A file or the index is refused.</exception>
    public static SafetensorsModel Open(string folder, string stem = "model")
    {
        var single = Path.Combine(folder, $"{stem}.safetensors");
        var index = single + ".index.json";
        if (!File.Exists(single) && !File.Exists(index))
        {
            throw new FileNotFoundException(
                $"{folder} has neither {stem}.safetensors nor {stem}.safetensors.index.json. Only safetensors weights are read."
            );
        }
        var model = new SafetensorsModel();
        try
        {
            if (File.Exists(single))
            {
                model.Add(SafetensorsFile.Open(single));
            }
            else
            {
                model.AddShards(folder, index);
            }
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Reads a whole tensor; see <see cref="SafetensorsFile.Read(TensorInfo, Span{byte})"/>.</summary>
    public void Read(TensorInfo tensor, Span<byte> destination) => Owner(tensor).Read(tensor, destination);

    /// <summary>Reads a piece of a tensor; see <see cref="SafetensorsFile.Read(TensorInfo, long, Span{byte})"/>.</summary>
    public void Read(TensorInfo tensor, long offset, Span<byte> destination) =>
        Owner(tensor).Read(tensor, offset, destination);

    public void Dispose() => _files.ForEach(file => file.Dispose());

    private SafetensorsFile Owner(TensorInfo tensor) =>
        _owners.TryGetValue(tensor.Name, out var file)
            ? file
            : throw new ArgumentException($"The model has no tensor '{tensor.Name}'.", nameof(tensor));

    private void Add(SafetensorsFile file)
    {
        _files.Add(file);
        foreach (var tensor in file.Tensors.Values)
        {
            if (!_tensors.TryAdd(tensor.Name, tensor))
            {
                throw new SafetensorsException(
                    SafetensorsError.DuplicateKey,
                    $"Tensor {SafetensorsException.Show(tensor.Name)} is in two files: {_owners[tensor.Name].Path} and {file.Path}."
                );
            }
            _owners[tensor.Name] = file;
        }
    }

    private void AddShards(string folder, string indexPath)
    {
        var index = SafetensorsIndex.Read(indexPath);
        foreach (var name in index.WeightMap.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            var path = Path.Combine(folder, name);
            if (!File.Exists(path))
            {
                throw new SafetensorsException(
                    SafetensorsError.InvalidIndex,
                    $"{indexPath} names the shard {name}, which the folder lacks; fetch the model again."
                );
            }
            Add(SafetensorsFile.Open(path));
        }
        CheckComplete(index, indexPath);
    }

    private void CheckComplete(SafetensorsIndex index, string indexPath)
    {
        foreach (var (name, file) in index.WeightMap)
        {
            if (!_owners.TryGetValue(name, out var owner) || Path.GetFileName(owner.Path) != file)
            {
                throw new SafetensorsException(
                    SafetensorsError.InvalidIndex,
                    $"{indexPath} places tensor {SafetensorsException.Show(name)} in {file}, which does not hold it."
                );
            }
        }
        if (_tensors.Keys.FirstOrDefault(name => !index.WeightMap.ContainsKey(name)) is { } unlisted)
        {
            throw new SafetensorsException(
                SafetensorsError.InvalidIndex,
                $"{_owners[unlisted].Path} holds tensor {SafetensorsException.Show(unlisted)}, which {indexPath} does not list."
            );
        }
    }
}

using System.Runtime.InteropServices;
using CLGRPO.Data.Files;
using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Optimization;
using static TorchSharp.torch;

namespace CLGRPO.Training.Checkpoints;

/// <summary>
/// A run's checkpoints: <c>step-N/</c> is a model folder plus optimizer and state, written to a temporary folder, flushed,
/// sealed by a manifest and renamed. A reader takes only what is whole.
/// </summary>
/// <param name="folder">The run's <c>checkpoints</c>.</param>
public sealed class CheckpointStore(string folder)
{
    private const string StateFile = "state.json";
    private const string OptimizerFile = "optimizer.safetensors";
    private const string Prefix = "step-";
    private const long PieceElements = 1 << 24;

    /// <summary>The folder name of the checkpoint after some steps of the run.</summary>
    public static string NameOf(int runStep) => Prefix + runStep.ToString("D7");

    public string PathOf(string name) => Path.Combine(folder, name);

    /// <summary>Saves weights, what trains them, and state.</summary>
    /// <param name="model">The policy.</param>
    /// <param name="moments">The optimizer's tensors, and a reference policy that moves; all flat.</param>
    /// <param name="state">Where the run stands.</param>
    /// <returns>The checkpoint's folder name.</returns>
    public string Save(PretrainedModel model, IReadOnlyList<(string Name, Tensor Value)> moments, CheckpointState state)
    {
        var name = NameOf(state.RunStep);
        if (Directory.Exists(PathOf(name)))
        {
            if (CheckpointManifest.Fault(PathOf(name)) is null)
                return name; // the same step of the same run: the same bits
            Directory.Delete(PathOf(name), recursive: true); // damaged, and made again now
        }
        using var target = new AtomicFolder(PathOf(name));
        model.Save(target.Path);
        SafetensorsWriter.Write(
            Path.Combine(target.Path, OptimizerFile),
            [.. moments.Select(moment => Source(moment.Name, moment.Value))]
        );
        File.WriteAllText(Path.Combine(target.Path, StateFile), state.ToJson());
        CheckpointManifest.Seal(target.Path);
        target.Commit();
        return name;
    }

    /// <summary>Bytes that a checkpoint will take, and a fifth more for what is not tensors.</summary>
    public static long ExpectedBytes(PretrainedModel model, IReadOnlyList<(string Name, Tensor Value)> moments)
    {
        var weights = model.Model.Parameters.Weights;
        var tensors =
            (weights.numel() * weights.element_size()) + moments.Sum(moment => moment.Value.numel() * sizeof(float));
        return (long)(1.2 * tensors);
    }

    /// <summary>The newest whole checkpoint; broken ones are named in <paramref name="ignored"/>.</summary>
    public string? Newest(out IReadOnlyList<string> ignored)
    {
        var faults = new List<string>();
        ignored = faults;
        foreach (var name in Names().Reverse())
        {
            if (CheckpointManifest.Fault(PathOf(name)) is not { } fault)
                return name;
            faults.Add(fault);
        }
        return null;
    }

    public CheckpointState ReadState(string name) =>
        CheckpointState.Parse(File.ReadAllText(Path.Combine(PathOf(name), StateFile)));

    /// <summary>Fills the tensors that <see cref="Save"/> was given as moments.</summary>
    public void Restore(string name, IReadOnlyList<(string Name, Tensor Value)> moments)
    {
        using var file = SafetensorsFile.Open(Path.Combine(PathOf(name), OptimizerFile));
        using var noGrad = no_grad();
        foreach (var (moment, value) in moments)
        {
            var saved = file.Tensors[moment];
            foreach (var (first, piece) in Pieces(value))
            {
                using var scope = NewDisposeScope();
                var values = new float[piece.numel()];
                file.Read(saved, first * sizeof(float), MemoryMarshal.AsBytes(values.AsSpan()));
                piece.copy_(tensor(values));
            }
        }
    }

    /// <summary>Deletes what a killed process was in the middle of saving.</summary>
    public void RemoveUnfinished()
    {
        if (!Directory.Exists(folder))
            return;
        foreach (var unfinished in Directory.GetDirectories(folder, Prefix + "*.tmp-*"))
            Directory.Delete(unfinished, recursive: true);
    }

    /// <summary>Deletes old checkpoints: the newest <paramref name="keep"/> whole ones and the pinned ones stay.</summary>
    public void Prune(int keep, IReadOnlySet<string> pinned)
    {
        var whole = Names().Reverse().Where(name => CheckpointManifest.Fault(PathOf(name)) is null);
        foreach (var name in whole.Skip(keep).Where(name => !pinned.Contains(name)).ToList())
            Directory.Delete(PathOf(name), recursive: true);
    }

    private IEnumerable<string> Names() =>
        Directory.Exists(folder)
            ? Directory
                .EnumerateDirectories(folder, Prefix + "*")
                .Select(path => Path.GetFileName(path)!)
                .Where(name => name[Prefix.Length..].All(char.IsAsciiDigit))
                .Order(StringComparer.Ordinal)
            : [];

    private static TensorSource Source(string name, Tensor value) =>
        new(
            name,
            SafetensorsDtype.F32,
            value.shape,
            stream =>
            {
                foreach (var (_, piece) in Pieces(value))
                {
                    using var onHost = piece.to(ScalarType.Float32, CPU); // a bfloat16 reference too: it loses nothing
                    stream.Write(MemoryMarshal.AsBytes(onHost.data<float>().ToArray().AsSpan()));
                }
            }
        );

    /// <summary>A flat tensor in pieces: the moments of a 1B are more than an array or a span of bytes can hold.</summary>
    private static IEnumerable<(long First, Tensor Piece)> Pieces(Tensor flat)
    {
        for (long first = 0; first < flat.shape[0]; first += PieceElements)
        {
            using var piece = flat.narrow(0, first, Math.Min(PieceElements, flat.shape[0] - first));
            yield return (first, piece);
        }
    }
}

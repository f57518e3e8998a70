using static TorchSharp.torch;

namespace CLGRPO.Training.Models;

/// <summary>
/// Low-rank adapters of a model: a small parameter store of their own, whose A and B learn while the model's weights stay
/// as they are. Several threads' replicas share one set of values, and with it whether they are merged.
/// </summary>
public sealed class LoraAdapters : IDisposable
{
    private readonly List<LowRankUpdate> _updates = [];
    private readonly IReadOnlySet<string> _modules;
    private readonly Merging _merging;

    /// <summary>Adapters of zeros for the modules of these names.</summary>
    internal LoraAdapters(VisionLanguageModel model, LoraConfig config, IReadOnlySet<string> modules)
        : this(model, config, modules, new ParameterStore(model.Parameters.Dtype), new Merging()) { }

    private LoraAdapters(
        VisionLanguageModel model,
        LoraConfig config,
        IReadOnlySet<string> modules,
        ParameterStore store,
        Merging merging
    )
    {
        (Config, Parameters, _modules, _merging) = (config, store, modules, merging);
        foreach (var matrix in Matrices(model.Parameters.Parameters))
        {
            StoredTensor[] targets = [.. matrix.Stored.Where(stored => modules.Contains(ModuleOf(stored)))];
            if (targets.Length > 0)
                Adapt(matrix, targets);
        }
        store.Allocate(model.Device);
    }

    public LoraConfig Config { get; }

    /// <summary>All A and B; what an optimizer of a LoRA stage moves.</summary>
    public ParameterStore Parameters { get; }

    /// <summary>The parts of the model that hold an adapter.</summary>
    public IReadOnlySet<ModelPart> Parts => Parameters.Parameters.Select(parameter => parameter.Part).ToHashSet();

    /// <summary>Elements of A and B together, for a model that need not be in memory.</summary>
    public static long CountElements(ModelConfig model, LoraConfig config, IReadOnlySet<ModelPart> parts) =>
        Targets(VisionLanguageModel.Declare(model), config, parts)
            .Sum(target => config.Rank * (target.Stored.Shape[0] + target.Stored.Shape[1]));

    /// <summary>The modules that a config's targets name in some parts.</summary>
    /// <exception cref="ModelException">A part has none.</exception>
    internal static IReadOnlySet<string> Modules(
        VisionLanguageModel model,
        LoraConfig config,
        IReadOnlySet<ModelPart> parts
    )
    {
        var found = Targets(model.Parameters.Parameters, config, parts).ToList();
        ModelPart[] without = [.. parts.Except(found.Select(target => target.Matrix.Part)).Order()];
        return without.Length == 0
            ? found.Select(target => ModuleOf(target.Stored)).ToHashSet(StringComparer.Ordinal)
            : throw new ModelException(
                $"The targets {string.Join(", ", config.Targets)} name no matrix of {string.Join(", ", without)}; "
                    + $"there are {string.Join(", ", without.SelectMany(LoraConfig.TargetsOf))}."
            );
    }

    /// <summary>The same values with leaves and gradients of their own, for another thread's replica.</summary>
    internal LoraAdapters Share(VisionLanguageModel replica) =>
        new(replica, Config, _modules, Parameters.Share(), _merging);

    /// <summary>
    /// Adds the adapters into the model's weights, for sampling and saving. Disposing what it returns gives the weights
    /// back their values, bit for bit. Costs a copy of the adapted matrices; nothing may train meanwhile.
    /// </summary>
    /// <exception cref="InvalidOperationException">They are merged already.</exception>
    public IDisposable Merge()
    {
        if (_merging.IsMerged)
            throw new InvalidOperationException("The adapters are merged already.");
        return new MergedWeights(this);
    }

    public void Dispose() => Parameters.Dispose();

    /// <summary>The name of a tensor's module: the tensor's without <c>.weight</c>.</summary>
    internal static string ModuleOf(StoredTensor stored) =>
        stored.Name.EndsWith(".weight", StringComparison.Ordinal) ? stored.Name[..^".weight".Length] : stored.Name;

    /// <summary>The last word of a module's name, such as q_proj.</summary>
    internal static string TargetOf(string module) => module.Split('.')[^1];

    private static IEnumerable<Parameter> Matrices(IEnumerable<Parameter> parameters) =>
        parameters.Where(parameter => parameter.Shape.Length == 2);

    private static IEnumerable<(Parameter Matrix, StoredTensor Stored)> Targets(
        IEnumerable<Parameter> parameters,
        LoraConfig config,
        IReadOnlySet<ModelPart> parts
    ) =>
        from matrix in Matrices(parameters)
        where parts.Contains(matrix.Part)
        let targets = config.Targets.Intersect(LoraConfig.TargetsOf(matrix.Part), StringComparer.Ordinal)
        from stored in matrix.Stored
        where targets.Contains(TargetOf(ModuleOf(stored)), StringComparer.Ordinal)
        select (matrix, stored);

    private void Adapt(Parameter matrix, StoredTensor[] targets)
    {
        long rank = Config.Rank;
        var inputs = matrix.Shape[1];
        var down = Parameters.Declare(
            matrix.Part,
            [targets.Length * rank, inputs],
            Initialization.AdapterDown,
            [
                .. targets.Select(
                    (target, i) => new StoredTensor(ModuleOf(target) + ".lora_A.weight", [rank, inputs], i * rank, rank)
                ),
            ]
        );
        List<(StoredTensor, Parameter)> ups =
        [
            .. targets.Select(target =>
                (target, Parameters.Declare(matrix.Part, [target.Rows, rank], Initialization.AdapterUp, Up(target)))
            ),
        ];
        matrix.Update = new LowRankUpdate(matrix, down, ups, Config.Scale, () => _merging.IsMerged);
        _updates.Add(matrix.Update);
    }

    /// <summary>B's rows lie in the order of the rows they are added to.</summary>
    private StoredTensor Up(StoredTensor target) =>
        new(ModuleOf(target) + ".lora_B.weight", [target.Rows, Config.Rank], 0, target.Rows, target.RotaryHeadSize);

    /// <summary>Whether the weights hold the adapters; one for all replicas.</summary>
    private sealed class Merging
    {
        public bool IsMerged { get; set; }
    }

    private sealed class MergedWeights : IDisposable
    {
        private readonly LoraAdapters _adapters;
        private readonly List<IReadOnlyList<Tensor>> _before;

        public MergedWeights(LoraAdapters adapters)
        {
            _adapters = adapters;
            using var noGrad = no_grad();
            using var scope = NewDisposeScope();
            _before = [.. adapters._updates.Select(update => update.CopyRows())];
            foreach (var rows in _before.SelectMany(rows => rows))
                rows.DetachFromDisposeScope();
            foreach (var update in adapters._updates)
                update.Merge();
            adapters._merging.IsMerged = true;
        }

        public void Dispose()
        {
            using var noGrad = no_grad();
            using var scope = NewDisposeScope();
            foreach (var (update, rows) in _adapters._updates.Zip(_before))
                update.Restore(rows);
            foreach (var rows in _before.SelectMany(rows => rows))
                rows.Dispose();
            _adapters._merging.IsMerged = false;
        }
    }
}

using System.CommandLine;
using System.Globalization;
using CLGRPO.Data.Datasets;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Planning;
using CLGRPO.Training.Stages;
using static TorchSharp.torch;

namespace CLGRPO.Training.Cli;

/// <summary>The part of <c>train</c> that says what a recipe would take, before it takes it.</summary>
internal sealed class DryRun
{
    private static readonly (string Suffix, double Bytes)[] Units =
    [
        ("GiB", 1L << 30),
        ("MiB", 1L << 20),
        ("GB", 1e9),
        ("MB", 1e6),
    ];

    private readonly Option<bool> _dryRun = new("--dry-run")
    {
        Description = "Train nothing: say what each stage takes, and whether that fits",
    };
    private readonly Option<bool> _measure = new("--measure")
    {
        Description =
            "With --dry-run: also load the model and train one step at the longest sample, and show its peak memory",
    };
    private readonly Option<string?> _deviceMemory = new("--device-memory")
    {
        Description = "With --dry-run: plan for a GPU of this size, such as 24GB, on another machine",
    };
    private readonly Option<string?> _hostMemory = new("--host-memory")
    {
        Description = "With --dry-run: plan for a machine with this much memory available, such as 64GB",
    };

    public IEnumerable<Option> Options => [_dryRun, _measure, _deviceMemory, _hostMemory];

    public bool IsAsked(ParseResult parsed) => parsed.GetValue(_dryRun);

    /// <summary>Prints the plan and, if asked, what one step took.</summary>
    /// <returns>0 when all stages fit, 1 when one does not.</returns>
    public int Run(ParseResult parsed, Recipe recipe, string datasets, int? workers, string deviceName)
    {
        var device = ComputeDevice.Parse(deviceName);
        var machine = Machine(parsed, device);
        var count = machine.DeviceBytes is null ? ComputeDevice.Workers(device, workers) : 1;
        var dataset = DatasetVersion.Open(DatasetVersion.Find(datasets, recipe.Dataset));
        var planner = new RecipePlanner(recipe, dataset, count, machine);
        var plan = planner.Plan();
        parsed.InvocationConfiguration.Output.Write(PlanText.Of(plan));
        if (plan.Fits && parsed.GetValue(_measure))
        {
            using var threads = new WorkerThreads(count);
            var measured = new StepTrial(recipe, dataset, device, threads).Run(planner, plan);
            parsed.InvocationConfiguration.Output.Write("\n" + PlanText.Of(measured));
        }
        return plan.Fits ? 0 : 1;
    }

    /// <summary>Refuses a recipe that this machine cannot hold, before a run is begun.</summary>
    /// <exception cref="ArgumentException">It does not fit; the message says what to change.</exception>
    public static void RequireFits(Recipe recipe, string datasets, int workers, Device device)
    {
        var dataset = DatasetVersion.Open(DatasetVersion.Find(datasets, recipe.Dataset));
        var plan = new RecipePlanner(recipe, dataset, workers, MachineMemory.Here(device)).Plan();
        if (!plan.Fits)
            throw new ArgumentException(
                $"this machine has too little memory for the recipe (--force tries anyway).\n{PlanText.Refusal(plan)}".TrimEnd()
            );
    }

    private MachineMemory Machine(ParseResult parsed, Device device)
    {
        var (gpu, host) = (parsed.GetValue(_deviceMemory), parsed.GetValue(_hostMemory));
        if (gpu is null && host is null)
            return MachineMemory.Here(device);
        if (gpu is not null && parsed.GetValue(_measure))
            throw new ArgumentException("--measure runs here, --device-memory plans for another machine; give one.");
        return new MachineMemory(
            host is null ? null : BytesOf("--host-memory", host),
            gpu is null ? MachineMemory.Here(device).DeviceBytes : BytesOf("--device-memory", gpu)
        );
    }

    /// <summary>Reads 24GB, 24GiB, 800MB.</summary>
    private static long BytesOf(string option, string text)
    {
        foreach (var (suffix, bytes) in Units)
        {
            if (
                text.EndsWith(suffix, StringComparison.OrdinalIgnoreCase)
                && double.TryParse(
                    text.AsSpan(0, text.Length - suffix.Length),
                    NumberStyles.AllowDecimalPoint,
                    CultureInfo.InvariantCulture,
                    out var number
                )
                && number is > 0 and < 1e6
            )
                return (long)(number * bytes);
        }
        throw new ArgumentException($"{option} is '{text}'; give a size such as 24GB or 24GiB.");
    }
}

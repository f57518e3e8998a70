using System.Globalization;
using System.Text;
using CLGRPO.Training.Evaluation;
using CLGRPO.Training.Planning;

namespace CLGRPO.Training.Cli;

/// <summary>A plan for people.</summary>
internal static class PlanText
{
    /// <summary>Every stage: parts, tokens, longest sample, memory; then whether all fits.</summary>
    public static string Of(RunPlan plan)
    {
        var text = new StringBuilder();
        text.Append(
            Line(
                $"{plan.Recipe} on {plan.Dataset}, {plan.Precision.ToString().ToLowerInvariant()}, {plan.Workers} worker{(plan.Workers == 1 ? "" : "s")}"
            )
        );
        text.Append(Line($"memory: {Available(plan.Machine)}"));
        var described = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var stage in plan.Stages)
        {
            var details = OfStage(stage, plan.Machine);
            var title = $"{stage.Name} ({stage.Kind.ToString().ToLowerInvariant()})";
            text.Append(
                described.TryAdd(details, stage.Name)
                    ? $"\n{title}\n{details}"
                    : $"\n{title}: as {described[details]}\n"
            );
        }
        text.Append('\n').Append(plan.Fits ? "All stages fit.\n" : Refusal(plan));
        return text.ToString();
    }

    /// <summary>What does not fit, and what to change.</summary>
    public static string Refusal(RunPlan plan)
    {
        var text = new StringBuilder();
        foreach (var stage in plan.Stages)
        {
            foreach (var shortfall in stage.Shortfalls)
                text.Append(OfShortfall(stage.Name, shortfall, plan.Machine));
        }
        return text.ToString();
    }

    /// <summary>What was measured beside what was estimated.</summary>
    public static string Of(StepMeasurement measured)
    {
        string[][] rows =
        [
            ["", "measured", "estimated"],
            ["model loaded", Size(measured.LoadedBytes), ""],
            ["peak of a forward pass", Size(measured.ForwardPeakBytes), ""],
            ["peak of a step", Size(measured.StepPeakBytes), Size(measured.EstimatedBytes)],
        ];
        return Line(
                $"stage {measured.Stage}, {measured.Samples} times {measured.Sample}: loaded in {measured.LoadSeconds:F1} s, forward {measured.ForwardSeconds:F1} s, step {measured.StepSeconds:F1} s, loss {measured.Loss:F3}"
            )
            + TextTable.Aligned(rows)
            + Line($"estimate / measured: {(double)measured.EstimatedBytes / measured.StepPeakBytes:F2}");
    }

    private static string OfStage(StagePlan stage, MachineMemory machine)
    {
        var (tokens, longest) = (stage.Tokens, stage.Tokens.Longest);
        string[][] parts =
        [
            ["", "parameters", "trainable"],
            .. stage.Parts.Select(part =>
                (string[])
                    [$"  {part.Part.ToString().ToLowerInvariant()}", Count(part.Parameters), Count(part.Trainable)]
            ),
            [
                "  together",
                Count(stage.Parts.Sum(part => part.Parameters)),
                Count(stage.Parts.Sum(part => part.Trainable)),
            ],
        ];
        string[][] memory =
        [
            ["", "where", "when", ""],
            .. stage
                .Memory.Items.OrderBy(item => item.Place)
                .ThenBy(item => item.Phase)
                .Select(item =>
                    (string[])[$"  {item.Part}", Place(item.Place, machine), When(item.Phase), Size(item.Bytes)]
                ),
        ];
        var rollouts = tokens.RolloutBatchTokens is { } batch ? $", a batch of rollouts up to {batch:N0}" : "";
        return TextTable.Aligned(parts)
            + Line(
                $"  {tokens.Samples:N0} samples; prompts of {tokens.MeanPromptTokens:F0} tokens on average ({tokens.MeanTiles:F1} tiles of {tokens.TokensPerTile}), completions of {tokens.MeanCompletionTokens:F0}"
            )
            + Line($"  an optimizer step reads up to {tokens.OptimizerStepTokens:N0} tokens{rollouts}")
            + Line(
                $"  longest: {longest.Id}, {longest.Tiles} tile{(longest.Tiles == 1 ? "" : "s")}, {longest.PromptTokens} + {longest.CompletionTokens} tokens, {longest.ImageTokens} of them image"
            )
            + TextTable.Aligned(memory)
            + Line($"  peak: {Peak(stage.Memory, machine)}");
    }

    private static string OfShortfall(string stage, Shortfall shortfall, MachineMemory machine)
    {
        var text = new StringBuilder(
            Line(
                $"{stage} needs {Size(shortfall.NeededBytes)} of {Place(shortfall.Place, machine)} memory; there is {Size(shortfall.AvailableBytes)}. Change:"
            )
        );
        foreach (var remedy in shortfall.Remedies)
            text.Append(
                Line(
                    $"  {Change(remedy)} saves {Size(remedy.SavedBytes)}{(remedy.Suffices ? ", which is enough" : "")}"
                )
            );
        if (shortfall.Together is { } together)
            text.Append(Line($"  enough together: {string.Join(", ", together.Select(Change))}"));
        else if (!shortfall.Remedies.Any(remedy => remedy.Suffices))
            text.Append(Line($"  no settings make it fit: it needs a smaller model or a larger machine"));
        return text.ToString();
    }

    private static string Change(Remedy remedy) => $"{remedy.Setting} {remedy.From} → {remedy.To}";

    private static string Peak(MemoryEstimate memory, MachineMemory machine) =>
        machine.DeviceBytes is null
            ? Size(memory.TotalBytes)
            : $"{Size(memory.DeviceBytes)} of the GPU, {Size(memory.HostBytes)} of the host";

    private static string Available(MachineMemory machine)
    {
        var host = machine.HostBytes is { } bytes ? $"host {Size(bytes)}" : "host not asked";
        return machine.DeviceBytes is { } device ? $"GPU {Size(device)}, {host}" : $"{host}, no GPU in use";
    }

    private static string Place(MemoryPlace place, MachineMemory machine) =>
        place == MemoryPlace.Device && machine.DeviceBytes is not null ? "GPU" : "host";

    private static string When(MemoryPhase phase) => phase.ToString().ToLowerInvariant();

    private static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Size(long bytes) =>
        bytes < 100_000_000
            ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:F1} MB")
            : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:F2} GB");

    private static string Line(FormattableString text) => FormattableString.Invariant(text) + "\n";
}

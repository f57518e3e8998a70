using System.Diagnostics.Metrics;
using CLGRPO.Web.Operation;

namespace CLGRPO.Web.Runs;

/// <summary>Figures of training as instruments: how many runs there are, and what the running ones are at.</summary>
public sealed class TrainingMeter : IDisposable
{
    public const string Name = "CLGRPO.Training";
    private readonly Meter _meter;

    public TrainingMeter(IMeterFactory meters, TrainingService training, MachineWatch machine)
    {
        _meter = meters.Create(Name);
        _meter.CreateObservableGauge("clgrpo.runs", () => Counts(training), "{run}", "Runs by state");
        _meter.CreateObservableGauge("clgrpo.run.step", () => Steps(training), "{step}", "Steps done in the stage");
        _meter.CreateObservableGauge("clgrpo.run.steps", () => AllSteps(training), "{step}", "Steps of the stage");
        _meter.CreateObservableGauge(
            "clgrpo.run.metric",
            () => Metrics(training),
            description: "Metrics of the newest step, under TRL's names"
        );
        _meter.CreateObservableGauge(
            "clgrpo.machine",
            () => machine.Latest.Select(metric => new Measurement<double>(metric.Value, Tag("metric", metric.Key))),
            description: "How busy the machine is, under MLflow's names"
        );
    }

    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<int>> Counts(TrainingService training)
    {
        var runs = training.All().CountBy(run => run.State).ToDictionary();
        return Enum.GetValues<RunState>()
            .Select(state => new Measurement<int>(runs.GetValueOrDefault(state), Tag("state", RunWords.Of(state))));
    }

    private static IEnumerable<Measurement<int>> Steps(TrainingService training) =>
        Training(training).Select(run => new Measurement<int>(run.Step, Tags(run)));

    private static IEnumerable<Measurement<int>> AllSteps(TrainingService training) =>
        Training(training).Select(run => new Measurement<int>(run.Steps, Tags(run)));

    private static IEnumerable<Measurement<double>> Metrics(TrainingService training) =>
        from run in Training(training)
        from metric in run.Metrics
        select new Measurement<double>(metric.Value, [.. Tags(run), Tag("metric", metric.Key)]);

    private static IEnumerable<RunSummary> Training(TrainingService training) =>
        training
            .All()
            .Where(run => run.State is RunState.Running or RunState.Pausing or RunState.Paused or RunState.Stopping);

    private static KeyValuePair<string, object?>[] Tags(RunSummary run) =>
        [Tag("run", run.Id), Tag("stage", run.Stage ?? "")];

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}

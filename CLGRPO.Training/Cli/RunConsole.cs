using CLGRPO.Training.Evaluation;
using Spectre.Console;

namespace CLGRPO.Training.Cli;

/// <summary>Tells a person how a run goes: a progress line in a terminal, plain lines elsewhere.</summary>
internal sealed class RunConsole(TextWriter log, TimeProvider? clock = null)
{
    private static readonly TimeSpan PlainEvery = TimeSpan.FromSeconds(10);
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly bool _terminal = !Console.IsOutputRedirected;
    private long _stageStarted;
    private int _firstStep;
    private long _lastLine;

    public void Say(string text)
    {
        ClearLine();
        Console.WriteLine(text);
        log.WriteLine($"{_clock.GetUtcNow():yyyy-MM-dd HH:mm:ss} {text}");
        log.Flush();
    }

    public void StageStarted(string stage, int step, int total)
    {
        Say(step == 0 ? $"{stage}: {total} steps" : $"{stage}: goes on after step {step} of {total}");
        (_stageStarted, _firstStep, _lastLine) = (_clock.GetTimestamp(), step, 0);
    }

    public void Step(string stage, int step, int total, IReadOnlyDictionary<string, double> metrics)
    {
        var elapsed = _clock.GetElapsedTime(_stageStarted);
        var line = Line(stage, step, total, metrics, elapsed);
        if (_terminal)
            AnsiConsole.Write(
                $"\r{line.PadRight(Math.Max(1, Console.WindowWidth - 1))[..Math.Max(1, Console.WindowWidth - 1)]}"
            );
        else if (_lastLine == 0 || _clock.GetElapsedTime(_lastLine) >= PlainEvery || step == total)
        {
            Say(line);
            _lastLine = _clock.GetTimestamp();
        }
    }

    public void Validation(string stage, int step, double accuracy, double format) =>
        Say($"{stage}: validation after step {step}: accuracy {accuracy:P1}, format {format:P1}");

    public void Evaluated(string stage, EvaluationScores greedy, EvaluationScores sampled) =>
        Say(
            $"{stage}: held-out accuracy {greedy.Accuracy:P1} greedy, {sampled.Accuracy:P1} sampled; format {greedy.FormatRate:P1} and {sampled.FormatRate:P1}"
        );

    private string Line(
        string stage,
        int step,
        int total,
        IReadOnlyDictionary<string, double> metrics,
        TimeSpan elapsed
    )
    {
        var left = TimeSpan.FromSeconds(elapsed.TotalSeconds / Math.Max(1, step - _firstStep) * (total - step));
        var outcome = metrics.TryGetValue("reward", out var reward)
            ? $"reward {reward:F3}"
            : $"loss {metrics["loss"]:F4}";
        var speed = metrics["num_tokens"] / Math.Max(1e-9, metrics["step_time"]);
        return $"{stage}: step {step}/{total}  {outcome}  {speed:N0} tokens/s  {left:mm\\:ss} left";
    }

    private void ClearLine()
    {
        if (_terminal)
            Console.Write($"\r{new string(' ', Math.Max(1, Console.WindowWidth - 1))}\r");
    }
}

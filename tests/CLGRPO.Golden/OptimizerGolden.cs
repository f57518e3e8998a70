using System.Text.Json;
using CLGRPO.Training.Optimization;
using TorchSharp;

namespace CLGRPO.Golden;

/// <summary>training/optimizer.json: PyTorch's AdamW under transformers' schedules, step for step.</summary>
internal sealed class OptimizerGolden : IGoldenWalker
{
    private const double Tolerance = 1e-6;

    public string Folder => "training";

    public GoldenResult Walk(string folder)
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "optimizer.json")));
        using var tensors = new GoldenTensors(Path.Combine(folder, "optimizer.safetensors"));
        var tally = new CaseTally();
        foreach (var item in file.RootElement.EnumerateArray())
        {
            var number = item.GetProperty("case").GetInt32();
            tally.Case($"optimizer.json[{number}]", () => Check(item, tensors, number));
        }
        return tally.Result;
    }

    private static void Check(JsonElement item, GoldenTensors tensors, int number)
    {
        using var scope = torch.NewDisposeScope();
        var a = tensors[$"{number}.a"].requires_grad_();
        var b = tensors[$"{number}.b"].requires_grad_();
        var betas = Json.Doubles(item, "betas");
        using var optimizer = new AdamW(
            [
                ParameterGroup.Flatten("a", [("a", a)], item.GetProperty("weight_decay_a").GetDouble()),
                ParameterGroup.Flatten("b", [("b", b)], item.GetProperty("weight_decay_b").GetDouble()),
            ],
            betas[0],
            betas[1],
            item.GetProperty("eps").GetDouble()
        );
        var total = item.GetProperty("total_steps").GetInt32();
        var schedule = new LearningRateSchedule(
            Json.Choice<ScheduleKind>(item, "schedule"),
            item.GetProperty("learning_rate").GetDouble(),
            item.GetProperty("warmup_steps").GetInt32(),
            total
        );
        var rates = Json.Doubles(item, "learning_rates");
        var norms = Json.Doubles(item, "grad_norms");
        for (var step = 0; step < total; step++)
        {
            Expect.Close($"learning rate of step {step}", rates[step], schedule.At(step), 1e-12);
            a.grad!.copy_(tensors[$"{number}.grad_a"][step]);
            b.grad!.copy_(tensors[$"{number}.grad_b"][step]);
            var norm = optimizer.Step(schedule.At(step), Json.Optional(item, "max_grad_norm") ?? 0);
            Expect.Close($"gradient norm of step {step}", norms[step], norm, Tolerance);
            CheckWeights($"a after step {step}", tensors[$"{number}.a_after"][step], a);
            CheckWeights($"b after step {step}", tensors[$"{number}.b_after"][step], b);
        }
    }

    private static void CheckWeights(string what, torch.Tensor expected, torch.Tensor actual) =>
        Expect.Close(
            what,
            [.. expected.contiguous().data<float>().ToArray().Select(value => (double)value)],
            [.. actual.detach().data<float>().ToArray().Select(value => (double)value)],
            Tolerance
        );
}

using System.Text.Json;
using CLGRPO.Training.Grpo;
using TorchSharp;

namespace CLGRPO.Golden;

/// <summary>grpo/loss.json: TRL's loss, its gradient with respect to the log-probabilities, and its metrics.</summary>
internal sealed class GrpoLossGolden : IGoldenWalker
{
    private const double Tolerance = 1e-5;

    public string Folder => "grpo";

    public GoldenResult Walk(string folder)
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "loss.json")));
        using var tensors = new GoldenTensors(Path.Combine(folder, "loss.safetensors"));
        var tally = new CaseTally();
        foreach (var item in file.RootElement.EnumerateArray())
        {
            var number = item.GetProperty("case").GetInt32();
            tally.Case($"loss.json[{number}]", () => Check(item, tensors, number));
        }
        return tally.Result;
    }

    private static void Check(JsonElement item, GoldenTensors tensors, int number)
    {
        using var scope = torch.NewDisposeScope();
        var logprobs = tensors[$"{number}.logps"].requires_grad_();
        var batch = new GrpoBatch(
            logprobs,
            tensors[$"{number}.old_logps"],
            tensors[$"{number}.ref_logps"],
            tensors[$"{number}.advantages"],
            tensors[$"{number}.mask"],
            tensors[$"{number}.entropies"]
        );
        var share = GrpoCase.Loss(item).Share(batch, Totals(batch));
        share.Loss.backward();

        Expect.Close("loss", Json.Number(item.GetProperty("loss")), share.Loss.item<float>(), Tolerance);
        Expect.Close(
            "gradient",
            [.. tensors.Floats($"{number}.grad").Select(value => (double)value)],
            [.. logprobs.grad!.data<float>().ToArray().Select(value => (double)value)],
            Tolerance
        );
        GrpoCase.CheckMetrics(item, batch, share, Tolerance);
    }

    private static StepTotals Totals(GrpoBatch batch) => new((int)batch.Mask.shape[0], batch.Mask.sum().item<long>());
}

using System.Text.Json;
using CLGRPO.Data.Images;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Checkpoints.Layouts;
using CLGRPO.Training.Models;
using TorchSharp;

namespace CLGRPO.Golden;

/// <summary>internvl/&lt;model&gt;-lora: an adapter that peft wrote, its loss, log-probabilities and gradients, and it merged.</summary>
internal sealed class InternVlLoraGolden : IGoldenWalker
{
    private const double Tolerance = 2e-4;
    private const string Suffix = "-lora";

    public string Folder => "internvl";

    public bool IsIn(string folder) => Adapters(folder).Any();

    public GoldenResult Walk(string folder)
    {
        var tally = new CaseTally();
        foreach (var adapter in Adapters(folder))
        {
            var name = Path.GetFileName(adapter);
            tally.Case($"{name}: forward and gradients", () => Check(adapter, CheckAdapted));
            tally.Case($"{name}: merged", () => Check(adapter, CheckMerged));
            tally.Case($"{name}: saved again", () => Check(adapter, CheckSaved));
        }
        return tally.Result;
    }

    private static IEnumerable<string> Adapters(string folder) =>
        Directory.GetDirectories(folder, "*" + Suffix).Order(StringComparer.Ordinal);

    private static void Check(string adapter, Action<Example> check)
    {
        using var scope = torch.NewDisposeScope();
        using var expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(adapter, "expected.json")));
        using var example = new Example(adapter, expected.RootElement);
        check(example);
    }

    private static void CheckAdapted(Example example)
    {
        example.Adapters.Parameters.EnableGradients(example.Adapters.Parts);
        var logps = example.Logprobs(out var head, out var result);
        Expect.Close("logps", Json.Doubles(example.Expected, "logps"), logps, Tolerance);

        var loss = result
            .Logprobs.narrow(0, example.FirstTarget - 1, logps.Length + 1 - example.FirstTarget)
            .mean()
            .neg();
        Json.Close(example.Expected, "loss", loss.item<float>(), Tolerance);
        loss.backward();
        head.Backward(result);
        using var gradients = new GoldenTensors(Path.Combine(example.Folder, "gradients.safetensors"));
        foreach (var parameter in example.Adapters.Parameters.Parameters)
        {
            foreach (var stored in parameter.Stored)
                CheckGradient(gradients, parameter, stored);
        }
    }

    private static void CheckGradient(GoldenTensors gradients, Parameter parameter, StoredTensor stored)
    {
        var name = PeftAdapter.PeftName(stored.Name);
        var expected = gradients.Floats(name);
        var found = RotaryOrder.ToHalves(
            parameter.Value.grad!.narrow(0, stored.FirstRow, stored.Rows).contiguous().data<float>().ToArray(),
            stored
        );
        var distance = Norm(expected.Zip(found, (a, b) => a - b));
        if (!(distance <= (Tolerance * Norm(expected)) + 1e-6))
            throw new GoldenMismatchException($"gradient of {name}: off by {distance}, its norm is {Norm(expected)}");
    }

    private static double Norm(IEnumerable<float> values) => Math.Sqrt(values.Sum(value => (double)value * value));

    private static void CheckMerged(Example example)
    {
        using var noGrad = torch.no_grad();
        using var merged = example.Adapters.Merge();
        using var plain = example.Pretrained.Model.WithoutAdapters();
        Expect.Close(
            "merged_logps",
            Json.Doubles(example.Expected, "merged_logps"),
            example.Logprobs(out _, out _, plain),
            Tolerance
        );
        var sums = example.Expected.GetProperty("merged_absolute_sums");
        foreach (var parameter in plain.Parameters.Parameters)
        {
            foreach (var stored in parameter.Stored)
            {
                if (sums.TryGetProperty(TensorNames.In(ModelLayout.Memory, stored.Name), out var sum))
                    Expect.Close(
                        stored.Name,
                        sum.GetDouble(),
                        parameter.Value.narrow(0, stored.FirstRow, stored.Rows).abs().sum().item<float>(),
                        1e-5
                    );
            }
        }
    }

    /// <summary>Writing what was read gives peft's tensors again, name by name and bit by bit.</summary>
    private static void CheckSaved(Example example)
    {
        var folder = Directory.CreateTempSubdirectory("clgrpo-lora-").FullName;
        try
        {
            PeftAdapter.Save(example.Adapters, folder, baseModel: null);
            const string file = "adapter_model.safetensors";
            Expect.SameItems(
                file,
                File.ReadAllBytes(Path.Combine(example.Folder, file)),
                File.ReadAllBytes(Path.Combine(folder, file))
            );
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>A model with peft's adapter, and the sample that was computed with it.</summary>
    private sealed class Example : IDisposable
    {
        private readonly GoldenTensors _tensors;
        private readonly int[] _ids;

        public Example(string folder, JsonElement expected)
        {
            (Folder, Expected) = (folder, expected);
            var internvl = Path.GetDirectoryName(folder)!;
            var name = Path.GetFileName(folder)[..^Suffix.Length];
            _tensors = new GoldenTensors(Path.Combine(internvl, name + ".safetensors"));
            Pretrained = PretrainedModel.Load(Path.Combine(internvl, expected.GetProperty("base").GetString()!));
            Adapters = PeftAdapter.Load(Pretrained.Model, folder);
            using var model = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(internvl, name + ".json")));
            var sample = model.RootElement.GetProperty("sft").GetProperty("samples")[0];
            _ids = Json.Ints(sample, "input_ids");
            FirstTarget = Array.FindIndex(Json.Ints(sample, "labels"), label => label != -100);
        }

        public string Folder { get; }
        public JsonElement Expected { get; }
        public PretrainedModel Pretrained { get; }
        public LoraAdapters Adapters { get; }

        /// <summary>Place of the first token that counts in the loss.</summary>
        public int FirstTarget { get; }

        /// <summary>Log-probabilities of every token after the first.</summary>
        public double[] Logprobs(
            out TokenLogprobs head,
            out TokenLogprobs.Result result,
            VisionLanguageModel? model = null
        )
        {
            model ??= Pretrained.Model;
            var batch = TokenBatch.OfSequences([(_ids[..1], _ids[1..])], model.Config, torch.CPU);
            head = new TokenLogprobs(model.Decoder.Head);
            result = head.Forward(model.Forward(batch, Features(model)), batch.Targets);
            return [.. result.Logprobs.detach().data<float>().ToArray().Select(value => (double)value)];
        }

        private torch.Tensor? Features(VisionLanguageModel model)
        {
            const string key = "sft.0.tiles";
            if (!_tensors.Contains(key))
                return null;
            var bytes = _tensors.Bytes(key);
            var values = new float[bytes.Length];
            new ImagePreprocessor(Pretrained.Images).Normalize(bytes, values);
            var side = Pretrained.Images.TileSize;
            return model.ImageFeatures(torch.tensor(values, [values.Length / (3 * side * side), 3, side, side]));
        }

        public void Dispose()
        {
            Pretrained.Dispose();
            _tensors.Dispose();
        }
    }
}

using System.Runtime.InteropServices;
using System.Text.Json;
using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Tests.Cli;

public sealed class ModelCommandTests(SmallRun run) : IClassFixture<SmallRun>
{
    // Two ways to the same number: the decoder over the whole prompt, and the sampler's prefill.
    [Fact]
    public async Task Forward_LastRow_NamesTheTokenThatGenerateWritesFirst()
    {
        var path = run.Temporary("logits.safetensors");
        string[] ask = ["--model", run.Checkpoint, "--image", run.Image];
        var (code, _, error) = await SmallRun.RunAsync(["forward", .. ask, "--output", path]);
        Assert.Equal((0, ""), (code, error));
        var (_, written, _) = await SmallRun.RunAsync(["generate", .. ask, "--max-tokens", "1"]);

        var tokenizer = Tokenizer.Load(Path.Combine(run.Checkpoint, "tokenizer.json"));
        using var file = SafetensorsFile.Open(path);
        var shape = file.Tensors["logits"].Shape;
        Assert.Equal(file.Tensors["input_ids"].Shape[0], shape[0]);
        Assert.Equal(tokenizer.VocabularySize, shape[1]);
        var logits = new float[shape[0] * shape[1]];
        file.Read(file.Tensors["logits"], MemoryMarshal.AsBytes(logits.AsSpan()));
        var last = logits[^(int)shape[1]..];
        var best = Array.IndexOf(last, last.Max());
        Assert.Equal(tokenizer.Decode([best], skipSpecialTokens: true), written.TrimEnd('\n'));
    }

    [Fact]
    public async Task Forward_PromptWithControlTokens_KeepsThemText()
    {
        var path = run.Temporary("hostile.safetensors");
        string[] args = ["forward", "--model", run.Model, "--prompt", "<|im_end|>", "--output", path];
        var (code, _, error) = await SmallRun.RunAsync(args);
        Assert.Equal((0, ""), (code, error));
        using var file = SafetensorsFile.Open(path);
        var ids = new long[file.Tensors["input_ids"].Shape[0]];
        file.Read(file.Tensors["input_ids"], MemoryMarshal.AsBytes(ids.AsSpan()));
        var end = Tokenizer.Load(Path.Combine(run.Model, "tokenizer.json")).SpecialTokens.ImEnd;
        Assert.Equal(1, ids.Count(id => id == end)); // the template's own
    }

    [Fact]
    public async Task Eval_Checkpoint_PrintsAndWritesScores()
    {
        var path = run.Temporary("scores.json");
        string[] args =
        [
            "eval",
            "--model",
            run.Checkpoint,
            "--dataset",
            "emoscenes",
            "--datasets",
            run.Datasets,
            "--limit",
            "12",
            "--max-tokens",
            "4",
            "--workers",
            "1",
            "--output",
            path,
        ];
        var (code, output, error) = await SmallRun.RunAsync(args);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("macro recall", output, StringComparison.Ordinal);
        Assert.Contains("no label", output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
        var root = json.RootElement;
        Assert.Equal(12, root.GetProperty("images").GetInt32());
        Assert.Equal("cot", root.GetProperty("completion").GetString());
        Assert.Equal(run.Dataset.Hash, root.GetProperty("dataset_hash").GetString());
        var scores = root.GetProperty("scores");
        Assert.Equal(2, scores.GetProperty("accuracy_interval").GetArrayLength());
        // Four tokens of an untrained model are no well-formed chain of thought.
        Assert.Equal(0, scores.GetProperty("format_rate").GetDouble());
        Assert.Equal(
            12,
            scores
                .GetProperty("confusion")
                .EnumerateArray()
                .Sum(row => row.EnumerateArray().Sum(cell => cell.GetInt32()))
        );
    }

    [Fact]
    public async Task Eval_AnswerPromptWithLabels_FillsThemIn()
    {
        string[] args =
        [
            "eval",
            "--model",
            run.Checkpoint,
            "--dataset",
            "emoscenes",
            "--datasets",
            run.Datasets,
            "--completion",
            "answer",
            "--limit",
            "2",
            "--max-tokens",
            "2",
            "--workers",
            "1",
        ];
        Assert.Equal(0, (await SmallRun.RunAsync(args)).Code);
    }
}

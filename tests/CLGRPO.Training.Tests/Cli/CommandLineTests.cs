namespace CLGRPO.Training.Tests.Cli;

public sealed class CommandLineTests(SmallRun run) : IClassFixture<SmallRun>
{
    [Theory]
    [InlineData("", "Required command was not provided")]
    [InlineData("frobnicate", "'frobnicate'")]
    [InlineData("train", "--run")]
    [InlineData("train missing.yaml --run {missing}", "missing.yaml")]
    [InlineData("train --run {missing}", "give a recipe")]
    [InlineData("report {missing}", "is not a run")]
    [InlineData("reproduce --recipe {missing}", "{missing}")]
    [InlineData("tokenize --model {missing} text", "{missing}")]
    [InlineData("data validate nothing --root {missing}", "No dataset 'nothing'")]
    [InlineData("data generate emoscenes --train -1 --root {missing}", "-1")]
    [InlineData("generate --model {missing} --prompt x", "no model folder")]
    [InlineData("generate --model {datasets} --prompt x", "has no config.json")]
    [InlineData("convert {missing} {missing}-2 --layout hf", "no model folder")]
    [InlineData("convert {model} {checkpoint} --layout hf", "exists already")]
    [InlineData("convert {model} {missing}", "--layout")]
    [InlineData("convert {model} {missing} --layout b", "give hf, original or memory")]
    [InlineData("convert {model} {missing} --layout hf --dtype int8", "give fp32, bf16 or fp16")]
    [InlineData("convert {model} {missing} --layout hf --max-shard-size much", "such as 5GB")]
    [InlineData("convert {model} {missing} --layout hf --max-shard-size 0KB", "such as 5GB")]
    [InlineData("generate --model {model}", "give --prompt")]
    [InlineData("generate --model {checkpoint} --image {missing}", "{missing}")]
    [InlineData("generate --model {checkpoint} --image {recipe}", "not a PNG, JPEG or WebP")]
    [InlineData("generate --model {checkpoint} --temperature -1", "temperature is -1")]
    [InlineData("generate --model {checkpoint} --samples 0", "--samples is 0")]
    [InlineData("generate --model {checkpoint} --max-tokens many", "'many'")]
    [InlineData("generate --model {checkpoint} --device abacus", "give cpu or cuda")]
    [InlineData("forward --model {checkpoint} --output {missing}/logits.safetensors", "no folder")]
    [InlineData("eval --model {checkpoint} --dataset nothing --datasets {datasets}", "No dataset 'nothing'")]
    [InlineData("eval --model {model} --dataset emoscenes --datasets {datasets}", "give --prompt")]
    [InlineData("eval --model {checkpoint} --dataset emoscenes --datasets {datasets} --split all", "'all'")]
    [InlineData("eval --model {checkpoint} --dataset emoscenes --datasets {datasets} --limit 0", "--limit is 0")]
    public async Task Run_UsersMistake_OneLineAndCode1(string line, string expected)
    {
        var args = Fill(line).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var (code, output, error) = await SmallRun.RunAsync(args);
        Assert.Equal(1, code);
        Assert.Empty(output);
        Assert.StartsWith("clgrpo: ", error, StringComparison.Ordinal);
        Assert.Contains(Fill(expected), error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("")]
    [InlineData("data")]
    [InlineData("data generate")]
    [InlineData("data get")]
    [InlineData("data validate")]
    [InlineData("data stats")]
    [InlineData("train")]
    [InlineData("eval")]
    [InlineData("report")]
    [InlineData("reproduce")]
    [InlineData("generate")]
    [InlineData("forward")]
    [InlineData("tokenize")]
    [InlineData("convert")]
    public async Task Help_EveryCommand_DescribesEveryOption(string command)
    {
        var (code, output, _) = await SmallRun.RunAsync([
            .. command.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            "--help",
        ]);
        Assert.Equal(0, code);
        var options = output
            .Split('\n')
            .Select(line => line.Trim())
            .Where(line => line.StartsWith("--", StringComparison.Ordinal));
        // Two blanks part a name from what is said about it.
        Assert.All(options, option => Assert.Matches(@"  [A-Za-z]", option));
    }

    [Fact]
    public async Task Generate_Greedy_WritesTheSameTextWhateverTheSeed()
    {
        string[] args = ["generate", "--model", run.Checkpoint, "--image", run.Image, "--max-tokens", "9"];
        var first = await SmallRun.RunAsync(args);
        var second = await SmallRun.RunAsync([.. args, "--seed", "7"]);
        Assert.Equal((0, ""), (first.Code, first.Error));
        Assert.Equal(first.Output, second.Output);
    }

    [Fact]
    public async Task Generate_Sampled_FollowsItsSeed()
    {
        Task<(int, string Output, string)> Sample(string seed) =>
            SmallRun.RunAsync(
                "generate",
                "--model",
                run.Model,
                "--prompt",
                "Which emotion?",
                "--temperature",
                "1",
                "--samples",
                "2",
                "--max-tokens",
                "12",
                "--seed",
                seed
            );
        var first = (await Sample("1")).Output;
        Assert.Equal(first, (await Sample("1")).Output);
        Assert.NotEqual(first, (await Sample("2")).Output);
    }

    private string Fill(string text) =>
        text.Replace("{missing}", run.Temporary("missing"), StringComparison.Ordinal)
            .Replace("{datasets}", run.Datasets, StringComparison.Ordinal)
            .Replace("{model}", run.Model, StringComparison.Ordinal)
            .Replace("{checkpoint}", run.Checkpoint, StringComparison.Ordinal)
            .Replace("{recipe}", Path.Combine(run.Temporary("run"), "recipe.yaml"), StringComparison.Ordinal);
}

using System.CommandLine;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers.Keys;

namespace CLGRPO.Data.Commands;

/// <summary>The options that say what a teacher is like; those not given leave it as it is.</summary>
internal sealed class TeacherOptions
{
    private readonly Option<string?> _endpoint = new("--endpoint")
    {
        Description = "Base URL such as https://api.example.org/v1; of a checkpoint its folder",
    };
    private readonly Option<string?> _model = new("--model") { Description = "What the endpoint calls the model" };
    private readonly Option<int?> _concurrency = new("--concurrency") { Description = "Requests in flight at most" };
    private readonly Option<double?> _rate = new("--requests-per-minute") { Description = "Requests a minute at most" };
    private readonly Option<double?> _budget = new("--budget")
    {
        Description = "Cost at which it is asked nothing more",
    };
    private readonly Option<double?> _promptPrice = new("--prompt-price")
    {
        Description = "Cost of a million prompt tokens",
    };
    private readonly Option<double?> _completionPrice = new("--completion-price")
    {
        Description = "Cost of a million completion tokens",
    };
    private readonly Option<int?> _imageSide = new("--image-side")
    {
        Description = "Images are shrunk to this many pixels",
    };
    private readonly Option<int?> _maxTokens = new("--max-tokens") { Description = "Completion tokens at most" };
    private readonly Option<double?> _temperature = new("--temperature") { Description = "Of the sampling" };
    private readonly Option<double?> _topP = new("--top-p") { Description = "Of the sampling" };
    private readonly Option<bool?> _enabled = new("--enabled") { Description = "Whether constructions may ask it" };
    private readonly Option<string?> _keyVariable = new("--key-env")
    {
        Description = "Environment variable that holds the API key",
    };
    private readonly Option<bool> _keyInput = new("--key-stdin")
    {
        Description = "Read the API key from standard input",
    };

    public void AddTo(Command command)
    {
        foreach (
            var option in (Option[])
                [
                    _endpoint,
                    _model,
                    _concurrency,
                    _rate,
                    _budget,
                    _promptPrice,
                    _completionPrice,
                    _imageSide,
                    _maxTokens,
                    _temperature,
                    _topP,
                    _enabled,
                    _keyVariable,
                    _keyInput,
                ]
        )
        {
            command.Add(option);
        }
    }

    public void Apply(ParseResult parsed, StoredTeacher teacher)
    {
        teacher.Endpoint = parsed.GetValue(_endpoint) ?? teacher.Endpoint;
        teacher.Model = parsed.GetValue(_model) ?? teacher.Model;
        teacher.Concurrency = parsed.GetValue(_concurrency) ?? teacher.Concurrency;
        teacher.RequestsPerMinute = parsed.GetValue(_rate) ?? teacher.RequestsPerMinute;
        teacher.Budget = parsed.GetValue(_budget) ?? teacher.Budget;
        teacher.PromptPrice = parsed.GetValue(_promptPrice) ?? teacher.PromptPrice;
        teacher.CompletionPrice = parsed.GetValue(_completionPrice) ?? teacher.CompletionPrice;
        teacher.MaxImageSide = parsed.GetValue(_imageSide) ?? teacher.MaxImageSide;
        teacher.MaxCompletionTokens = parsed.GetValue(_maxTokens) ?? teacher.MaxCompletionTokens;
        teacher.Temperature = parsed.GetValue(_temperature) ?? teacher.Temperature;
        teacher.TopP = parsed.GetValue(_topP) ?? teacher.TopP;
        teacher.Enabled = parsed.GetValue(_enabled) ?? teacher.Enabled;
    }

    /// <summary>The key, from the environment or standard input: arguments can be read by every process of the machine.</summary>
    public async Task<Secret?> ReadKey(ParseResult parsed, CancellationToken stop)
    {
        if (parsed.GetValue(_keyVariable) is { } variable)
        {
            return Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value
                ? new Secret(value)
                : throw new ArgumentException($"The environment variable {variable} is not set.");
        }
        return parsed.GetValue(_keyInput)
            ? new Secret(
                await Console.In.ReadLineAsync(stop) ?? throw new ArgumentException("Standard input holds no key.")
            )
            : null;
    }
}

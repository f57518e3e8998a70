using System.CommandLine;
using CLGRPO.Training.Rollouts;

namespace CLGRPO.Training.Cli;

/// <summary>The options that say how tokens are chosen; greedy by default.</summary>
internal sealed class SamplingOptions
{
    private readonly Option<double> _temperature = new("--temperature")
    {
        Description = "Divides the logits; 0 always takes the most likely token",
    };
    private readonly Option<int> _topK = new("--top-k") { Description = "Keep the k most likely tokens; 0 keeps all" };
    private readonly Option<double> _topP = new("--top-p")
    {
        Description = "Keep the fewest tokens that have this probability together",
        DefaultValueFactory = _ => 1,
    };
    private readonly Option<double> _minP = new("--min-p")
    {
        Description = "Drop tokens below this share of the most likely token's probability",
    };
    private readonly Option<long> _seed = new("--seed")
    {
        Description = "Where random numbers come from; the same seed writes the same text",
    };

    public void AddTo(Command command)
    {
        command.Add(_temperature);
        command.Add(_topK);
        command.Add(_topP);
        command.Add(_minP);
        command.Add(_seed);
    }

    /// <exception cref="ArgumentException">A value is out of range; all are named.</exception>
    public SamplingConfig Read(ParseResult parsed) =>
        new SamplingConfig
        {
            Temperature = parsed.GetValue(_temperature),
            TopK = parsed.GetValue(_topK),
            TopP = parsed.GetValue(_topP),
            MinP = parsed.GetValue(_minP),
            Seed = parsed.GetValue(_seed),
        }.Validated();
}

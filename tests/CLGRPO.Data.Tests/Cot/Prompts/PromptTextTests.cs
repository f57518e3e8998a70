using CLGRPO.Data.Cot.Prompts;
using CLGRPO.Data.Store;

namespace CLGRPO.Data.Tests.Cot.Prompts;

public sealed class PromptTextTests
{
    [Fact]
    public void Fill_BracesInValuesAndText_StayText() =>
        Assert.Equal(
            "{ } {Label} {\"a\": 1} {label} end",
            PromptText.Fill(
                "{ } {Label} {\"a\": 1} {reasoning} end",
                new Dictionary<string, string>(StringComparer.Ordinal) { ["reasoning"] = "{label}" }
            )
        );

    [Fact]
    public void Problem_BuiltInPrompts_HaveNone() =>
        Assert.All(
            BuiltInPrompts.All(DateTime.UnixEpoch),
            prompt => Assert.Null(PromptText.Problem(prompt.Purpose, prompt.Text))
        );

    [Theory]
    [InlineData(PromptPurpose.Generate, "{labels}", "lacks {label}")]
    [InlineData(PromptPurpose.Generate, "{label} {emotion}", "{emotion} is no placeholder")]
    [InlineData(PromptPurpose.Verify, "{reasoning} {label}", "{label} is no placeholder")] // a verifier must not be told
    public void Problem_TemplateThatCannotServe_SaysWhy(PromptPurpose purpose, string template, string reason) =>
        Assert.Contains(reason, PromptText.Problem(purpose, template), StringComparison.Ordinal);
}

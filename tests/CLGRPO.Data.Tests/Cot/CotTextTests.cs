using CLGRPO.Data.Cot;

namespace CLGRPO.Data.Tests.Cot;

public class CotTextTests
{
    [Fact]
    public void TryParse_Composed_GivesThePartsBack()
    {
        Assert.True(
            CotText.TryParse(
                CotText.Compose(" dark light.\nso. ", " fear"),
                out var reasoning,
                out var answer
            )
        );
        Assert.Equal(("dark light.\nso.", "fear"), (reasoning, answer));
    }

    [Theory]
    [InlineData("<think>a</think> \n <answer>b</answer>", true)]
    [InlineData("<think>a</think><answer>b</answer>\n", false)]
    [InlineData(" <think>a</think><answer>b</answer>", false)]
    [InlineData("<think></think><answer>b</answer>", false)]
    [InlineData("<think>a</think><answer></answer>", false)]
    [InlineData("<think>a</think>b<answer>c</answer>", false)]
    [InlineData("<think>a<think></think><answer>b</answer>", false)]
    [InlineData("<think>a</think><answer>b</answer><answer>c</answer>", false)]
    [InlineData("<think>a</think><answer>b", false)]
    [InlineData("", false)]
    public void IsWellFormed_IsTheFormatRewardsPattern(string text, bool expected) =>
        Assert.Equal(expected, CotText.IsWellFormed(text));
}

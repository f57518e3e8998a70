using CLGRPO.Training.Evaluation;

namespace CLGRPO.Training.Tests.Evaluation;

public sealed class McNemarTests
{
    // The second example of the article "McNemar's test" in Wikipedia: 59, 6, 16, 80; it gives .053, 3.68 and .055.
    [Fact]
    public void Test_PublishedExample_IsThePublishedValue()
    {
        var test = new McNemar(OnlyFirst: 6, OnlySecond: 16);

        Assert.Equal(0.053, test.ExactP, 0.001);
        Assert.Equal(3.68, test.ChiSquare, 0.005);
        Assert.Equal(0.055, test.ChiSquareP, 0.0005);
    }

    [Fact]
    public void ExactP_SmallCounts_IsTheBinomialTail()
    {
        Assert.Equal(2 * (1 + 8) / 256.0, new McNemar(1, 7).ExactP, 1e-15);
        Assert.Equal(2 * Math.Pow(2, -40), new McNemar(0, 40).ExactP, 1e-24);
    }

    // 2^−3100 is no double any more; both tests must still agree.
    [Fact]
    public void ExactP_ThousandsOfItems_NeitherUnderflowsNorLosesDigits() =>
        Assert.Equal(new McNemar(1500, 1600).ChiSquareP, new McNemar(1500, 1600).ExactP, 1e-4);

    [Fact]
    public void Test_NothingDiffers_IsNotSignificant()
    {
        var test = new McNemar(0, 0);

        Assert.Equal(1, test.ExactP);
        Assert.Equal(0, test.ChiSquare);
        Assert.Equal(1, test.ChiSquareP);
    }

    [Fact]
    public void Compare_ItemByItem_CountsOnlyWhatDiffers() =>
        Assert.Equal(
            new McNemar(OnlyFirst: 2, OnlySecond: 1),
            McNemar.Compare([true, true, true, false, false], [true, false, false, true, false])
        );

    [Fact]
    public void Compare_DifferentNumbersOfItems_Throws() =>
        Assert.Throws<ArgumentException>(() => McNemar.Compare([true], [true, false]));

    // Reference values: Python's math.erfc.
    [Theory]
    [InlineData(0, 1.0)]
    [InlineData(0.1, 0.8875370839817152)]
    [InlineData(1, 0.15729920705028513)]
    [InlineData(2.4999, 0.0004071699003334514)]
    [InlineData(2.5, 0.0004069520174449589)]
    [InlineData(5, 1.5374597944280351e-12)]
    [InlineData(10, 2.088487583762545e-45)]
    public void ErrorFunctionComplement_WholeRange_IsRightToTwelveDigits(double x, double expected) =>
        Assert.Equal(1, ErrorFunction.Complement(x) / expected, 1e-12);
}

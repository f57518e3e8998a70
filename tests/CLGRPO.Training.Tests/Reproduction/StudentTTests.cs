using CLGRPO.Training.Reproduction;

namespace CLGRPO.Training.Tests.Reproduction;

public sealed class StudentTTests
{
    // The 97.5 % column of a printed t table; three decimals.
    [Theory]
    [InlineData(1, 12.706)]
    [InlineData(2, 4.303)]
    [InlineData(3, 3.182)]
    [InlineData(4, 2.776)]
    [InlineData(5, 2.571)]
    [InlineData(9, 2.262)]
    [InlineData(10, 2.228)]
    [InlineData(29, 2.045)]
    [InlineData(30, 2.042)]
    [InlineData(120, 1.980)]
    public void TwoSided95_IsTheTables(int freedom, double expected) =>
        Assert.Equal(expected, StudentT.TwoSided95(freedom), 5e-4);

    [Fact]
    public void TwoSided95_NoFreedom_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => StudentT.TwoSided95(0));

    // By hand: mean 2, sample deviation 1, t(2) = 4.302653, half = 4.302653 / √3 = 2.484138.
    [Fact]
    public void Interval_ThreeSeeds_IsStudents()
    {
        var mean = new SeedMean([1, 2, 3]);
        Assert.Equal(2, mean.Mean);
        Assert.Equal(2 - 2.484138, mean.Interval!.Low, 1e-5);
        Assert.Equal(2 + 2.484138, mean.Interval.High, 1e-5);
    }

    [Fact]
    public void Interval_OneSeed_IsNone() => Assert.Null(new SeedMean([1]).Interval);

    [Fact]
    public void Mean_NoSeeds_IsNoNumber() => Assert.True(double.IsNaN(new SeedMean([]).Mean));

    [Theory]
    [InlineData(new[] { 3.0, 3.1, 3.2 }, 2.77, Verdict.Holds)]
    [InlineData(new[] { 1.0, 1.1, 1.2 }, 2.77, Verdict.DoesNotHold)]
    [InlineData(new[] { 1.0, 3.0, 5.0 }, 2.77, Verdict.Undecided)]
    [InlineData(new[] { 5.0 }, 0, Verdict.Undecided)]
    [InlineData(new[] { 0.0, 0.0, 0.0 }, 0, Verdict.DoesNotHold)]
    public void Verdict_FollowsTheInterval(double[] points, double threshold, Verdict expected) =>
        Assert.Equal(expected, new Claim("", "", new SeedMean(points), threshold).Verdict);
}

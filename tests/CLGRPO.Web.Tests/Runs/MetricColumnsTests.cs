using CLGRPO.Web.Runs;
using FsCheck;
using FsCheck.Fluent;

namespace CLGRPO.Web.Tests.Runs;

public sealed class MetricColumnsTests
{
    private static readonly Arbitrary<(double[] Values, int Points)> Series = (
        from count in Gen.Choose(1, 400)
        from values in Gen.ArrayOf(Gen.OneOf(ArbMap.Default.GeneratorFor<double>(), Gen.Constant(0.5)), count)
        from points in Gen.Choose(2, 120)
        select (values, points)
    ).ToArbitrary();

    [Fact]
    public void Thin_OfAnySeries_HasItsFirstItsLastAndOfEachStretchTheExtremes() =>
        Prop.ForAll(
                Series,
                series =>
                {
                    var (values, points) = series;
                    var (steps, kept) = Column(values).Thin(points);

                    Assert.InRange(steps.Count, 1, points);
                    Assert.Equal(steps.Order().Distinct(), steps);
                    Assert.Equal(steps.Select(step => values[step - 1]), kept);
                    Assert.Equal((1, values.Length), (steps[0], steps[^1]));
                    var stretches = values.Length <= points ? values.Length : (points - 2) / 2;
                    for (var i = 0; i < stretches; i++)
                    {
                        var (from, to) = (values.Length * i / stretches, values.Length * (i + 1) / stretches);
                        var there = kept.Where((_, at) => steps[at] > from && steps[at] <= to).ToList();
                        Assert.Equal(values[from..to].Min(), there.Min());
                        Assert.Equal(values[from..to].Max(), there.Max());
                    }
                }
            )
            .Check(Config.QuickThrowOnFailure);

    private static MetricColumn Column(double[] values)
    {
        var column = new MetricColumn();
        for (var i = 0; i < values.Length; i++)
            column.Add(i + 1, values[i]);
        return column;
    }
}

using CLGRPO.Web.Evaluations;
using FsCheck;
using FsCheck.Fluent;

namespace CLGRPO.Web.Tests.Evaluations;

public sealed class PlotAxisTests
{
    [Fact]
    public void Ticks_OfAnyAxis_AreFewAndInsideIt() =>
        Prop.ForAll(
                ArbMap.Default.ArbFor<NonEmptyArray<NormalFloat>>(),
                values =>
                {
                    var axis = PlotAxis.Of(values.Get.Select(value => Math.Clamp(value.Get, -1, 1)));
                    return axis.Ticks.Count is >= 1 and <= 5
                        && axis.Ticks.All(tick => tick >= axis.Low && tick <= axis.High);
                }
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Of_OneValue_HasRoomAroundIt()
    {
        var axis = PlotAxis.Of([0.5]);

        Assert.Equal(50, axis.At(0.5, 100), 1e-9);
    }
}

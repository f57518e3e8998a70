using CLGRPO.Data.Runs;
using FsCheck;
using FsCheck.Fluent;

namespace CLGRPO.Data.Tests.Runs;

public sealed class MetricRowTests
{
    // Names that come and go and change their places, and some that JSON has to escape.
    [Fact]
    public void Read_RowsOfAnyNames_AreThoseThatWereWritten() =>
        Prop.ForAll(
                (
                    from names in Gen.SubListOf("loss", "kl", "reward/a", "\"quoted\"", "größe\n", "")
                    from order in Gen.Shuffle(names.ToArray())
                    from values in Gen.ArrayOf(ArbMap.Default.GeneratorFor<double>(), order.Length)
                    select order.Zip(values).ToList()
                )
                    .ListOf()
                    .ToArbitrary(),
                rows =>
                    Assert.Equal(
                        rows,
                        Parse(
                                rows.Select(row =>
                                    RunEvent.StepDone(1, row.ToDictionary(one => one.First, one => one.Second))
                                )
                            )
                            .Select(row => row.Select(one => (one.Key, one.Value)).ToList())
                    )
            )
            .Check(Config.QuickThrowOnFailure);

    [Fact]
    public void Read_OfTheSameNamesAgain_SharesThem()
    {
        var step = RunEvent.StepDone(1, new Dictionary<string, double> { ["loss"] = 0.5, ["kl"] = double.NaN });
        var other = RunEvent.StepDone(1, new Dictionary<string, double> { ["loss"] = 0.5 });

        var rows = Parse([step, step, other, step]);

        Assert.Same(rows[0].Names, rows[1].Names);
        Assert.NotSame(rows[1].Names, rows[2].Names);
        Assert.Equal(["loss", "kl"], rows[3].Names);
        Assert.True(rows[0].TryGetValue("loss", out var loss));
        Assert.Equal(0.5, loss);
        Assert.False(rows[2].ContainsKey("kl"));
        Assert.Throws<KeyNotFoundException>(() => rows[2]["kl"]);
    }

    [Fact]
    public void Read_ANameTwice_HasItsLastValue()
    {
        var row = Assert.IsType<MetricRow>(
            RunEvent.Parse("""{"number":1,"type":"step","metrics":{"a":1,"b":2,"a":3}}"""u8).Metrics
        );

        Assert.Equal([("a", 3), ("b", 2)], row.Select(one => (one.Key, one.Value)));
    }

    [Theory]
    [InlineData("[1]")]
    [InlineData("7")]
    [InlineData("""{"loss":null}""")]
    [InlineData("""{"loss":true}""")]
    [InlineData("""{"loss":"high"}""")]
    [InlineData("""{"loss":{}}""")]
    [InlineData("""{"loss":1""")]
    public void Read_OfWhatAreNoMetrics_IsRefused(string metrics) =>
        Assert.ThrowsAny<System.Text.Json.JsonException>(() =>
            RunEvent.Parse(System.Text.Encoding.UTF8.GetBytes($$"""{"number":1,"type":"step","metrics":{{metrics}}}"""))
        );

    private static List<MetricRow> Parse(IEnumerable<RunEvent> events) =>
        [.. events.Select(item => Assert.IsType<MetricRow>(RunEvent.Parse(item.ToLine()).Metrics))];
}

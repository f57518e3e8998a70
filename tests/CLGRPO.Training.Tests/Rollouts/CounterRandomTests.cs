using CLGRPO.Training.Rollouts;

namespace CLGRPO.Training.Tests.Rollouts;

public sealed class CounterRandomTests
{
    [Fact]
    public void Uniform_ManyDraws_FillsTheUnitIntervalEvenly()
    {
        const int Draws = 100_000;
        var bins = new int[20];
        for (var i = 0; i < Draws; i++)
        {
            var value = CounterRandom.Uniform(seed: 1, CounterRandom.Stream(i / 50), i % 50);
            Assert.InRange(value, 0f, 0.99999994f);
            bins[(int)(value * bins.Length)]++;
        }
        // χ² with 19 degrees of freedom exceeds 43.8 once in a thousand; the seed is fixed.
        var expected = (double)Draws / bins.Length;
        Assert.InRange(bins.Sum(count => (count - expected) * (count - expected) / expected), 0, 43.8);
    }

    [Fact]
    public void Uniform_AnyKeyChanged_GivesAnotherNumber()
    {
        var number = CounterRandom.Uniform(1, CounterRandom.Stream(2, 3), 4);

        Assert.Equal(number, CounterRandom.Uniform(1, CounterRandom.Stream(2, 3), 4));
        Assert.NotEqual(number, CounterRandom.Uniform(2, CounterRandom.Stream(2, 3), 4));
        Assert.NotEqual(number, CounterRandom.Uniform(1, CounterRandom.Stream(3, 2), 4));
        Assert.NotEqual(number, CounterRandom.Uniform(1, CounterRandom.Stream(2, 3), 5));
    }

    [Fact]
    public void Stream_ManyKeys_NeverMeet()
    {
        var streams =
            from step in Enumerable.Range(0, 100)
            from prompt in Enumerable.Range(0, 32)
            from member in Enumerable.Range(0, 8)
            select CounterRandom.Stream(step, prompt, member);
        Assert.Equal(100 * 32 * 8, streams.Distinct().Count());
    }

    // The largest number times a total must stay below the total, or the inverse distribution function runs off its end.
    [Theory]
    [InlineData(1f)]
    [InlineData(1.9999999f)]
    [InlineData(0.99999994f)]
    [InlineData(3e-30f)]
    public void LargestUniform_TimesATotal_StaysBelowIt(float total)
    {
        const float Largest = ((1 << 23) - 1) * (1f / (1 << 23));
        Assert.True(Largest * total < total);
    }
}

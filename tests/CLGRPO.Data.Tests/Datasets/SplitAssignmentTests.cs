using System.Globalization;
using CLGRPO.Data.Datasets;
using FsCheck;
using FsCheck.Fluent;

namespace CLGRPO.Data.Tests.Datasets;

public sealed class SplitAssignmentTests
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(200);

    [Fact]
    public void Assign_SinglesOfAnyNumber_EachClassIsWithinOneOfItsShares() =>
        Prop.ForAll(
                Samples(maxGroup: 1).ToArbitrary(),
                Shares().ToArbitrary(),
                (samples, shares) =>
                {
                    var splits = SplitAssignment.Assign(samples, shares, seed: 7);
                    var wished = shares.Normalized();
                    return samples
                        .Zip(splits)
                        .GroupBy(s => s.First.Label)
                        .All(label =>
                            new[] { wished.Train, wished.Validation, wished.Test }
                                .Select((share, i) => label.Count(s => (int)s.Second == i) - share * label.Count())
                                .All(difference => Math.Abs(difference) <= 1 + 1e-9)
                        );
                }
            )
            .Check(Thorough);

    [Fact]
    public void Assign_Groups_AreNeverInTwoSplits() =>
        Prop.ForAll(
                Samples(maxGroup: 9).ToArbitrary(),
                Shares().ToArbitrary(),
                (samples, shares) =>
                    samples
                        .Zip(SplitAssignment.Assign(samples, shares, seed: 7))
                        .Where(s => s.First.Group is not null)
                        .GroupBy(s => s.First.Group)
                        .All(group => group.Select(s => s.Second).Distinct().Count() == 1)
            )
            .Check(Thorough);

    [Fact]
    public void Assign_OtherOrder_SameSplits() =>
        Prop.ForAll(
                Samples(maxGroup: 5).ToArbitrary(),
                ArbMap.Default.ArbFor<int>(),
                (samples, order) =>
                {
                    var shuffled = samples.ToArray();
                    new Random(order).Shuffle(shuffled);
                    return ByKey(samples, 7).SequenceEqual(ByKey(shuffled, 7));
                }
            )
            .Check(Thorough);

    [Fact]
    public void Assign_OneSampleLess_MovesFew() =>
        Prop.ForAll(
                Samples(maxGroup: 1).Where(samples => samples.Count > 1).ToArbitrary(),
                ArbMap.Default.ArbFor<NonNegativeInt>(),
                (samples, which) =>
                {
                    var gone = samples[which.Get % samples.Count];
                    var before = ByKey(samples, 7).Where(s => s.Key != gone.Key);
                    var after = ByKey([.. samples.Where(s => s != gone)], 7);
                    return before.Except(after).Count() <= 2; // one at each of the two cuts of its class
                }
            )
            .Check(Thorough);

    [Fact]
    public void Assign_OneGroupLess_MovesFew()
    {
        var samples = Enumerable
            .Range(0, 3_000)
            .Select(i => Candidate(i, "joy", i % 4 == 0 ? null : $"g{i / 8}"))
            .ToList();

        for (var group = 0; group < 100; group++)
        {
            var gone = $"g{group}";
            var rest = samples.Where(s => s.Group != gone).ToList();
            var moved = ByKey(samples, 7).Except(ByKey(rest, 7)).Count(s => rest.Exists(r => r.Key == s.Key));
            Assert.True(moved <= 40, $"{moved} of 3000 moved");
        }
    }

    [Fact]
    public void Assign_LargeGroupsAndSingles_SinglesMakeTheClassExact()
    {
        // 40 groups of 5 and 300 single samples: the groups cannot hit 10 % of 500, the single ones make up for it.
        var samples = Enumerable
            .Range(0, 500)
            .Select(i => Candidate(i, i % 2 == 0 ? "joy" : "fear", i < 200 ? $"g{i / 5}" : null))
            .ToList();

        var splits = SplitAssignment.Assign(samples, new(80, 10, 10), seed: 3);

        foreach (var label in (string[])["joy", "fear"])
            Assert.Equal(
                (200, 25, 25),
                (Count(label, Split.Train), Count(label, Split.Validation), Count(label, Split.Test))
            );

        int Count(string label, Split split) =>
            samples.Zip(splits).Count(s => s.First.Label == label && s.Second == split);
    }

    [Fact]
    public void Assign_OtherSeed_OtherSamplesInTest()
    {
        var samples = Enumerable.Range(0, 1_000).Select(i => Candidate(i, "joy", group: null)).ToList();

        Assert.NotEqual(ByKey(samples, 1), ByKey(samples, 2));
    }

    [Fact]
    public void Assign_GivenSplits_StayAndTheirGroupFollows()
    {
        List<SplitCandidate> samples =
        [
            Candidate(0, "joy", "g") with
            {
                Given = Split.Test,
            },
            Candidate(1, "joy", "g"),
            Candidate(2, "joy", "h") with
            {
                Given = Split.Train,
            },
            Candidate(3, "joy", "h") with
            {
                Given = Split.Validation,
            },
            .. Enumerable.Range(4, 20).Select(i => Candidate(i, "joy", group: null) with { Given = Split.Validation }),
        ];

        var splits = SplitAssignment.Assign(samples, SplitShares.Default, seed: 0);

        Assert.Equal([Split.Test, Split.Test, Split.Train, Split.Validation], splits[..4]);
        Assert.All(splits[4..], split => Assert.Equal(Split.Validation, split));
    }

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(-1, 1, 1)]
    [InlineData(1, -0.1, 1)]
    [InlineData(double.NaN, 1, 1)]
    [InlineData(1, double.PositiveInfinity, 1)]
    public void Assign_SharesWithoutMeaning_AreRefused(double train, double validation, double test) =>
        Assert.Throws<ArgumentException>(() => SplitAssignment.Assign([], new(train, validation, test), seed: 0));

    private static List<(string Key, Split Split)> ByKey(IReadOnlyList<SplitCandidate> samples, long seed) =>
        [
            .. samples
                .Zip(
                    SplitAssignment.Assign(samples, SplitShares.Default, seed),
                    (sample, split) => (sample.Key, Split: split)
                )
                .OrderBy(sample => sample.Key, StringComparer.Ordinal),
        ];

    private static SplitCandidate Candidate(int i, string label, string? group) =>
        new(i.ToString(CultureInfo.InvariantCulture), label, group, Given: null);

    private static Gen<SplitShares> Shares() =>
        from train in Gen.Choose(1, 100)
        from validation in Gen.Choose(0, 50)
        from test in Gen.Choose(0, 50)
        select new SplitShares(train, validation, test);

    private static Gen<IReadOnlyList<SplitCandidate>> Samples(int maxGroup) =>
        from count in Gen.Choose(0, 150)
        from labels in Gen.Elements("joy", "fear", "awe").ListOf(count)
        from groups in Gen.Choose(0, Math.Max(1, count / maxGroup)).ListOf(count)
        from grouped in Gen.Elements(true, false).ListOf(count)
        select (IReadOnlyList<SplitCandidate>)
            [.. labels.Select((label, i) => Candidate(i, label, maxGroup > 1 && grouped[i] ? $"g{groups[i]}" : null))];
}

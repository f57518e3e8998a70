using CLGRPO.Data.Datasets;
using CLGRPO.Data.Images;
using CLGRPO.Data.Runs;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Compute;
using CLGRPO.Training.Tests;

namespace CLGRPO.Training.Tests.Stages;

/// <summary>What a run leaves to be looked at, and that it trains the same without.</summary>
public sealed class FirstBatchTests(StraightRun straight, TinyEmoScenes data) : IClassFixture<StraightRun>
{
    private FirstBatch Of(string stage) => FirstBatch.Read(straight.Run, stage)!;

    private static int Count(FirstBatchRow row, TokenRole role) =>
        row.Tokens.Where(token => token.Role == role).Sum(token => token.Count);

    private static string TextOf(FirstBatchRow row, params TokenRole[] roles) =>
        string.Concat(row.Tokens.Where(token => roles.Contains(token.Role)).Select(token => token.Text));

    [Theory]
    [InlineData("sft", 8, false)]
    [InlineData("on-policy", 16, true)]
    [InlineData("off-policy", 48, true)]
    public void Train_OfAStage_WritesWhatItsFirstStepTrainsOn(string stage, int rows, bool shared)
    {
        var batch = Of(stage);

        Assert.Equal((rows, shared, 32), (batch.Rows, batch.PromptsShared, batch.TileSize));
        Assert.Equal(8, batch.Shown.Count);
        Assert.InRange(batch.Padding, 0, batch.Tokens - 1);
        Assert.All(
            batch.Shown,
            row =>
            {
                var roles = Enum.GetValues<TokenRole>().Except([TokenRole.Padding]).Sum(role => Count(row, role));
                Assert.Equal(roles, row.Length);
                Assert.InRange(row.Length, 1, batch.Longest);
                Assert.Equal(
                    row.Tiles * batch.TokensPerTile,
                    row.Tokens.Single(token => token.Text == "<IMG_CONTEXT>").Count
                );
                Assert.StartsWith("<img>", TextOf(row, TokenRole.Image), StringComparison.Ordinal);
                Assert.Contains("Which emotion?", TextOf(row, TokenRole.Prompt), StringComparison.Ordinal);
                Assert.All(
                    row.Tokens,
                    token => Assert.Equal(token.Role is TokenRole.Reasoning or TokenRole.Answer, token.Loss)
                );
            }
        );
    }

    [Fact]
    public void Train_OfAFineTuningStage_ShowsItsTargetsAndItsPaddingToTheToken()
    {
        var batch = Of("sft");
        Assert.All(
            batch.Shown,
            row => Assert.Equal($"<answer> {row.Label}</answer><|im_end|>", TextOf(row, TokenRole.Answer))
        );
        // All eight rows are shown, so their sums are the batch's.
        Assert.Equal(batch.Padding, batch.Shown.Sum(row => Count(row, TokenRole.Padding)));
        Assert.Equal(batch.LossTokens, batch.Shown.Sum(row => Count(row, TokenRole.Answer)));
        Assert.Equal(batch.Longest, batch.Shown.Max(row => row.Length));
        Assert.Equal(batch.Tokens, batch.Shown.Sum(row => row.Length - 1) + batch.Padding);
    }

    [Fact]
    public void Train_OfAGrpoStage_ShowsTheCompletionsThatItsRolloutLogHolds()
    {
        var groups = RolloutLog.Read(straight.Run, step: 1, "on-policy").ToList();
        Assert.All(
            Of("on-policy").Shown,
            row =>
            {
                var completion = TextOf(row, TokenRole.Reasoning, TokenRole.Answer);
                Assert.Contains(
                    groups.Single(group => group.Sample == row.Sample).Completions,
                    one => one.Text + (one.Truncated ? "" : "<|im_end|>") == completion
                );
            }
        );
    }

    [Fact]
    public void Train_WithoutAugmentation_KeepsTheTilesToThePixel()
    {
        var images = PretrainedModel.Load(Directory.GetDirectories(straight.Run.CheckpointsPath).Max()!).Images with
        {
            MaxTiles = 1,
        };
        var row = Of("on-policy").Shown[0];
        var sample = data.Version.Of(Split.Train).Single(sample => sample.Id == row.Sample);
        var expected = new ImagePreprocessor(images).Preprocess(ImageDecoder.Decode(data.Version.ImagePath(sample)));

        var picture = ImageDecoder.Decode(FirstBatch.PicturePath(straight.Run, "on-policy", 0)!);

        Assert.Equal((32, 32 * row.Tiles), (picture.Width, picture.Height));
        Assert.Equal(expected.Tiles, picture.Pixels);
    }

    [Fact]
    public void Train_WithAugmentation_ShowsTheTilesAsTheyAreLearnt()
    {
        var row = Of("sft").Shown[0];
        var sample = data.Version.Of(Split.Train).Single(sample => sample.Id == row.Sample);
        var plain = new ImagePreprocessor(new ImagePreprocessorConfig(TileSize: 32, MaxTiles: 1)).Preprocess(
            ImageDecoder.Decode(data.Version.ImagePath(sample))
        );
        Assert.NotEqual(plain.Tiles, ImageDecoder.Decode(FirstBatch.PicturePath(straight.Run, "sft", 0)!).Pixels);
    }

    [Fact]
    public void Train_WatchingItsMachine_WritesSamplesBesideTheEvents()
    {
        var samples = SystemLog.Read(straight.Run);
        Assert.NotEmpty(samples);
        Assert.All(
            samples,
            sample =>
            {
                Assert.InRange(sample.Metrics[SystemSampler.ProcessMemory], 1, 1e6);
                Assert.True(sample.Metrics[SystemSampler.DiskAvailable] > 0);
            }
        );
        Assert.Contains(samples, sample => sample.Metrics[SystemSampler.ProcessCpu] > 0);
        Assert.DoesNotContain(
            RunEvents.Read(straight.Run),
            item => item.Metrics?.Keys.Any(name => name.StartsWith("system/", StringComparison.Ordinal)) == true
        );
    }

    [Fact]
    [Trait("Id", "REL-RESUME-1")]
    public void Train_WithNothingToBeLookedAt_WarnsAndEndsBitForBitAsTheStraightRun()
    {
        var run = RunDirectory.Create(straight.PathOf("blind"), File.ReadAllText(straight.Run.RecipePath), null);
        File.WriteAllText(run.FirstBatchPath, "in the way");
        Directory.CreateDirectory(run.SystemPath);

        using var process = straight.GoOn("blind");
        Assert.True(process.WaitForEnd() == 0, process.Output);

        straight.AssertSameAs("blind");
        Assert.Equal(
            4, // the machine's figures, and the first batch of each stage
            straight.Events("blind").Count(item => item.Kind == RunWarningKind.NotWatchable)
        );
    }
}

using CLGRPO.Data.Cot;
using CLGRPO.Training.Grpo;
using CLGRPO.Training.Models;
using CLGRPO.Training.Optimization;
using CLGRPO.Training.Rewards;
using CLGRPO.Training.Rollouts;
using CLGRPO.Training.Sft;
using CLGRPO.Training.Stages;

namespace CLGRPO.Training.Tests.Stages;

public sealed class RecipeTests
{
    // Every setting away from its default, texts that YAML would like to read otherwise.
    private static Recipe Unusual() =>
        new()
        {
            Name = "unusual",
            Seed = 7,
            Dataset = "0123",
            Model = new ModelSource { Preset = null, Path = "models/InternVL3 1B" },
            Prompt = new PromptConfig
            {
                System = "null",
                Cot = "a: \"b\" \\ # c\n\tпочему {labels}? 😀",
                Answer = "yes",
            },
            Image = new ImageConfig { MaxTiles = 6 },
            Stages =
            [
                new Stage
                {
                    Name = "one",
                    Kind = StageKind.Sft,
                    From = "runs/x/checkpoints/step-10",
                    Completion = CompletionStyle.Answer,
                    Sft = new SftConfig
                    {
                        Epochs = null,
                        MaxSteps = 11,
                        BatchSize = 12,
                        MicroBatchSize = 6,
                        Optimizer = new OptimizerConfig
                        {
                            LearningRate = 1e-8,
                            Epsilon = 1e-6,
                            MaxGradNorm = 0,
                        },
                        Augmentation = new AugmentationConfig
                        {
                            Shift = 2,
                            Flip = true,
                            Noise = 0.1,
                        },
                        ValidateEvery = 0,
                        Keep = KeepWeights.Last,
                        Trainable = new TrainableConfig
                        {
                            Vision = false,
                            ProjectorLearningRate = 3e-5,
                            LanguageLearningRate = 1e-5,
                        },
                        Lora = new LoraConfig
                        {
                            Rank = 4,
                            Alpha = 0.5,
                            RankStabilized = true,
                            Targets = ["q_proj", "linear_1"],
                        },
                        CheckpointEvery = 3,
                    },
                },
                new Stage
                {
                    Name = "two",
                    Kind = StageKind.Grpo,
                    From = "one",
                    Grpo = new GrpoConfig
                    {
                        Rewards =
                        [
                            new RewardConfig
                            {
                                Name = "soft_overlong",
                                Weight = 0.1,
                                MarginTokens = 5,
                            },
                            new RewardConfig
                            {
                                Name = "repetition_penalty",
                                NgramSize = 4,
                                MaxPenalty = -0.5,
                            },
                        ],
                        Clip = new ClipRange(0.3, 0.05, 4),
                        LossType = LossType.DrGrpo,
                        ImportanceSamplingLevel = ImportanceSamplingLevel.Sequence,
                        ScaleRewards = RewardScale.None,
                        MaskTruncatedCompletions = true,
                        DynamicSampling = new DynamicSamplingConfig { Enabled = true, MaxResamples = 1 },
                        Sampling = new SamplingConfig
                        {
                            Temperature = 0.7,
                            TopK = 5,
                            TopP = 0.9,
                            MinP = 0.05,
                            Seed = 3,
                        },
                        SyncReferenceEvery = 4,
                    },
                },
            ],
        };

    [Fact]
    public void ToYaml_ReadAgain_IsEqual()
    {
        var recipe = Unusual();

        var again = RecipeReader.Parse(recipe.ToYaml());

        Assert.Equal(recipe, again);
        Assert.Equal(recipe.ToYaml(), again.ToYaml());
        Assert.Equal(recipe.ContentHash(), again.ContentHash());
    }

    [Fact]
    public void ContentHash_AnySettingChanged_Changes()
    {
        var recipe = Unusual();
        Assert.NotEqual(recipe.ContentHash(), (recipe with { Seed = 8 }).ContentHash());
        Assert.Matches("^[0-9a-f]{64}$", recipe.ContentHash());
    }

    public static TheoryData<string> Recipes()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !Directory.Exists(Path.Combine(folder.FullName, "recipes")))
        {
            folder = folder.Parent;
        }
        Assert.NotNull(folder);
        return
        [
            .. Directory
                .EnumerateFiles(Path.Combine(folder.FullName, "recipes"), "*.yaml")
                .Order(StringComparer.Ordinal),
        ];
    }

    [Theory]
    [MemberData(nameof(Recipes))]
    public void RecipesOfTheRepository_AreValidAndNamedAsTheirFile(string path)
    {
        var recipe = RecipeReader.ReadFile(path);

        Assert.Equal(Path.GetFileNameWithoutExtension(path), recipe.Name);
        Assert.Equal(recipe, RecipeReader.Parse(recipe.ToYaml()));
    }

    [Fact]
    public void TotalSteps_Epochs_CountsTheShortLastBatch()
    {
        var config = new SftConfig { Epochs = 2, BatchSize = 64 };
        Assert.Equal(4, config.TotalSteps(samples: 100));
        Assert.Equal(9, (config with { Epochs = null, MaxSteps = 9 }).TotalSteps(samples: 100));
    }

    [Fact]
    public void WithSeed_ReachesTheSamplerOfEveryStage()
    {
        var recipe = RecipeReader.Parse(Reproduction.FakeRuns.RecipeYaml).WithSeed(7);

        Assert.Equal(7, recipe.Seed);
        Assert.All(
            recipe.Stages.Where(stage => stage.Grpo is not null),
            stage => Assert.Equal(7, stage.Grpo!.Sampling.Seed)
        );
        Assert.Equal(recipe, RecipeReader.Parse(recipe.ToYaml()));
    }
}

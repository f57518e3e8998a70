using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Datasets;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers;
using CLGRPO.Data.Tests.Store;

namespace CLGRPO.Data.Tests.Cot.Construction;

public sealed class ConstructionPlanTests : IDisposable
{
    private const int Joy = 12;
    private const int Fear = 6;
    private readonly TestStore _store = new(Database.Sqlite);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static ConstructionConfig Config =>
        new()
        {
            Generators = ["anna", "bert"],
            Verifiers = ["anna", "cleo"],
            Attempts = 3,
        };

    public void Dispose() => _store.Dispose();

    /// <summary>
    /// 18 samples; anna and bert write by turns, and nobody judges what they wrote: anna is asked for 9 texts and 9 votes, bert for 9
    /// texts, cleo for 18 votes. Nobody has answered yet: 1,200 and 200 tokens at 1 and 2 a million.
    /// </summary>
    [Fact]
    public async Task Of_TeachersThatNeverAnswered_CountsQuestionsAndAssumesTokens()
    {
        await Write();

        var plan = await Plan(Config);

        Assert.Empty(plan.Problems);
        Assert.Equal((Joy + Fear, 1.0, false), (plan.Samples, plan.Tries, plan.TriesAreMeasured));
        Assert.Equal([("joy", Joy), ("fear", Fear)], plan.Classes.Select(label => (label.Key, label.Value)));
        Assert.Equal(
            [("anna", 18.0, 54.0), ("bert", 9.0, 27.0), ("cleo", 18.0, 54.0)],
            plan.Teachers.Select(teacher => (teacher.Teacher, teacher.Questions, teacher.MostQuestions))
        );
        Assert.Equal(18 * 0.0016, plan.Teachers[0].Cost, 1e-12);
        Assert.False(plan.Teachers[0].IsMeasured);
        // At 9 a minute.
        Assert.Equal(2, plan.Teachers[2].Minutes!.Value, 1e-12);
        Assert.Equal(("generate@1", "verify@1"), (plan.GeneratePrompt, plan.VerifyPrompt));
    }

    [Fact]
    public async Task Of_TeacherThatAnswered_TakesItsTokensAndTimes()
    {
        await Write();
        await using (var context = _store.Context())
        {
            foreach (var tokens in (int[])[100, 300])
                context.Add(
                    new TeacherCall
                    {
                        Teacher = "anna",
                        Outcome = TeacherOutcome.Answered,
                        PromptTokens = tokens,
                        CompletionTokens = 50,
                        Cost = 1,
                        Seconds = 4,
                        StartedAt = StoreRows.Now,
                    }
                );
            await context.SaveChangesAsync(Stop);
        }

        var anna = (await Plan(Config)).Teachers[0];

        Assert.True(anna.IsMeasured);
        Assert.Equal(18 * (200 + (2 * 50)) / 1e6, anna.Cost, 1e-12);
        Assert.Equal(18 * 4 / 60.0 / 8, anna.Minutes!.Value, 1e-12);
        Assert.Equal(3, anna.BudgetLeft); // 5, of which 2 are spent
    }

    [Fact]
    public async Task Of_WhatIsWrong_NamesAllOfIt()
    {
        await Write();
        await using (var context = _store.Context())
        {
            context.AllowedOrigins.RemoveRange(context.AllowedOrigins);
            await context.SaveChangesAsync(Stop);
        }

        var plan = await Plan(
            Config with
            {
                Generators = ["anna", "nobody"],
                Labels = ["joy", "spleen"],
                Splits = ["test"],
                GeneratePrompt = "verify",
                Budget = -1,
            }
        );

        string[] wrong =
        [
            "budget is -1",
            "splits is [test]",
            "no class 'spleen'",
            "prompt 'verify' is one to verify",
            "no teacher 'nobody'",
            "not on the allow-list",
        ];
        Assert.All(
            wrong,
            text => Assert.Contains(plan.Problems, problem => problem.Contains(text, StringComparison.Ordinal))
        );
    }

    [Fact]
    public async Task Of_LimitClassesAndBudget_AreHeeded()
    {
        await Write();

        var plan = await Plan(Config with { Labels = ["fear"], Limit = 4, Budget = 1e-6 });

        Assert.Equal(4, plan.Samples);
        Assert.Equal(("fear", Fear), (plan.Classes[0].Key, plan.Classes[0].Value));
        Assert.Contains(plan.Notes, note => note.Contains("is less than", StringComparison.Ordinal));
        Assert.Contains(plan.Notes, note => note.Contains("pictures are not on the disk", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Of_Hints_TellsWhatTheWritersAreTold()
    {
        await Write();
        await using (var context = _store.Context())
        {
            var dataset = context.Datasets.Single().Id;
            foreach (var (order, attribute) in ((string[])["scene", "object"]).Index())
                context.Add(
                    new AttributeValue
                    {
                        DatasetId = dataset,
                        Attribute = attribute,
                        AttributeOrder = order,
                        Value = "x",
                    }
                );
            await context.SaveChangesAsync(Stop);
        }

        var all = await Plan(Config);
        var one = await Plan(Config with { Hints = ["object"] });
        var wrong = await Plan(Config with { Hints = ["object", "object", "mood", " "] });

        Assert.Equal(["scene", "object"], all.Told);
        Assert.Equal(["object"], one.Told);
        Assert.Empty(one.Problems);
        Assert.Empty((await Plan(Config with { Hints = [] })).Told);
        Assert.Equal(
            [
                "hints holds an empty name",
                "hints names an attribute twice",
                "hints: data set 'small' has no attribute 'mood'",
            ],
            wrong.Problems.Select(problem => problem.Split(';')[0])
        );
    }

    private Task<ConstructionPlan> Plan(ConstructionConfig config) =>
        ConstructionPlan.Of(_store.Factory, _store.Root, "small", config, Stop);

    private async Task Write()
    {
        var dataset = StoreRows.AddDataset(_store);
        await using var context = _store.Context();
        for (var i = 0; i < Joy + Fear; i++)
        {
            var key = $"s{i}";
            context.Add(
                new StoredSample
                {
                    DatasetId = dataset,
                    Key = key,
                    KeyFolded = key.ToUpperInvariant(),
                    Image = StoreRows.ImageOf(key),
                    Label = i < Joy ? "joy" : "fear",
                    Split = Split.Train,
                }
            );
        }
        foreach (var (name, rate) in ((string, double?)[])[("anna", null), ("bert", null), ("cleo", 9)])
            context.Add(
                new StoredTeacher
                {
                    Name = name,
                    Endpoint = "https://teacher.example.org/v1",
                    Model = "m",
                    PromptPrice = 1,
                    CompletionPrice = 2,
                    RequestsPerMinute = rate,
                    Budget = 5,
                }
            );
        context.Add(
            new AllowedOrigin
            {
                Scheme = "https",
                Host = "teacher.example.org",
                Port = 443,
                AddedBy = "test",
            }
        );
        await context.SaveChangesAsync(Stop);
    }
}

using CLGRPO.Data.Cot.Construction;
using CLGRPO.Data.Cot.Prompts;
using CLGRPO.Data.Store;
using CLGRPO.Data.Tests.Store;

namespace CLGRPO.Data.Tests.Cot.Prompts;

public sealed class PromptVersionsTests : IDisposable
{
    private const string Text = "{question} It is {label}.";
    private readonly TestStore _store = new(Database.Sqlite);

    private PromptVersions Versions => new(_store.Factory, TimeProvider.System);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _store.Dispose();

    [Fact]
    public async Task List_OfANewStore_HasTheBuiltInOnes() =>
        Assert.Equal(
            [("generate", 1), ("verify", 1)],
            (await Versions.List(Stop)).Select(prompt => (prompt.Name, prompt.Version))
        );

    [Fact]
    public async Task Add_ChangeOfTheNewest_IsTheNextVersionAndLeavesTheOthers()
    {
        var first = (await Versions.Find("generate", 1, Stop) ?? (await Versions.List(Stop))[0]).Text;

        var added = await Add("generate", Text, based: 1);

        Assert.Equal(("generate", 2, "ada"), (added.Name, added.Version, added.CreatedBy));
        Assert.Equal(first, (await Versions.Find("generate", 1, Stop))!.Text);
        Assert.Equal([2, 1], (await Versions.List(Stop)).Where(p => p.Name == "generate").Select(p => p.Version));
        await using var context = _store.Context();
        Assert.Equal("prompt:generate@2", Assert.Single(context.Audit.Where(e => e.Action == "prompt.add")).Subject);
    }

    [Theory]
    [InlineData("generate", Text, 0, "is at version 1")]
    [InlineData("generate", Text, 7, "is at version 1")]
    [InlineData("mine", "no place for it", 0, "lacks {label}")]
    [InlineData("mine", "{label} {secret}", 0, "is no placeholder")]
    [InlineData("Mine", Text, 0, "is no name of a prompt")]
    [InlineData("a@1", Text, 0, "is no name of a prompt")]
    [InlineData("verify", Text, 1, "is a prompt to verify")]
    public async Task Add_WhatCannotServe_IsRefused(string name, string text, int based, string why)
    {
        var refused = await Assert.ThrowsAsync<ConstructionException>(() => Add(name, text, based));

        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        Assert.Equal(2, (await Versions.List(Stop)).Count);
    }

    [Fact]
    public async Task Add_SameText_IsRefused()
    {
        await Add("mine", Text, based: 0);

        var refused = await Assert.ThrowsAsync<ConstructionException>(() => Add("mine", Text + "\r\n", based: 1));

        Assert.Contains("says already", refused.Message, StringComparison.Ordinal);
    }

    private Task<PromptTemplate> Add(string name, string text, int based) =>
        Versions.Add(name, PromptPurpose.Generate, "", text, based, "ada", Stop);
}

using Microsoft.AspNetCore.Mvc.Testing;

namespace CLGRPO.Web.Tests;

public sealed class HostTests
{
    [Fact]
    public async Task Alive_HostStarted_Answers()
    {
        await using var host = new WebApplicationFactory<Program>();
        using var client = host.CreateClient();

        var answer = await client.GetStringAsync("/alive", TestContext.Current.CancellationToken);

        Assert.Equal("alive", answer);
    }
}

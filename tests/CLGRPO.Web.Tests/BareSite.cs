using CLGRPO.Web.Accounts;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace CLGRPO.Web.Tests;

/// <summary>The site within the test's process, with nothing in it.</summary>
public sealed class BareSite : IDisposable
{
    private static readonly WebApplicationFactoryClientOptions Plain = new() { AllowAutoRedirect = false };
    private readonly TemporaryFolder _folder = new();
    private readonly WebApplicationFactory<Program> _factory;

    public BareSite()
        : this([]) { }

    private BareSite(IReadOnlyList<(string Key, string Value)> settings) =>
        _factory = new WebApplicationFactory<Program>().WithWebHostBuilder(host =>
        {
            host.UseSite(_folder.Path);
            foreach (var (key, value) in settings)
                host.UseSetting(key, value);
        });

    /// <summary>A site with settings beside the folders.</summary>
    public static BareSite With(params IReadOnlyList<(string Key, string Value)> settings) => new(settings);

    public IServiceProvider Services => _factory.Services;

    /// <summary>Of nobody; it follows no redirect.</summary>
    public HttpClient CreateClient() => _factory.CreateClient(Plain);

    /// <summary>With a key.</summary>
    public HttpClient CreateClient(string key)
    {
        var client = CreateClient();
        client.DefaultRequestHeaders.Add("x-api-key", key);
        return client;
    }

    /// <summary>With a key of its own that has these scopes.</summary>
    public async Task<HttpClient> CreateClientAsync(string name, params IReadOnlyList<string> scopes)
    {
        var stop = TestContext.Current.CancellationToken;
        return CreateClient(
            (await Services.GetRequiredService<ApiKeys>().Create(name, [.. scopes], 1, "test", stop)).Text
        );
    }

    public void Dispose()
    {
        _factory.Dispose();
        _folder.Dispose();
    }
}

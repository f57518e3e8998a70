using System.Collections.Concurrent;
using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Operation;

/// <summary>Pages with a live connection, by person: each costs memory here, so nobody has more than some.</summary>
public sealed class OpenPages(IOptions<SiteOptions> options)
{
    private readonly ConcurrentDictionary<string, int> _open = new(StringComparer.Ordinal);

    /// <summary>Most pages of one person.</summary>
    public int Most => options.Value.PagesPerPerson;

    /// <summary>Takes a place.</summary>
    /// <returns>False where there is none; it is counted all the same, until it is left.</returns>
    public bool Enter(string person) => _open.AddOrUpdate(person, 1, (_, open) => open + 1) <= Most;

    public void Leave(string person) => _open.AddOrUpdate(person, 0, (_, open) => Math.Max(0, open - 1));
}

/// <summary>Whether this page has a place; where it has none, the layout says so and shows nothing else.</summary>
public sealed class PagePlace
{
    public bool Refused { get; set; }
}

/// <summary>Counts a page while its connection is up.</summary>
public sealed class CircuitDoor(
    OpenPages pages,
    PagePlace place,
    SiteMeter meter,
    AuthenticationStateProvider authentication
) : CircuitHandler
{
    private string? _person;

    public override async Task OnConnectionUpAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        meter.PageOpened();
        var state = await authentication.GetAuthenticationStateAsync();
        _person = state.User.FindFirstValue(ClaimTypes.NameIdentifier);
        if (_person is not null && !pages.Enter(_person))
            place.Refused = true;
    }

    public override Task OnConnectionDownAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        meter.PageClosed();
        if (_person is not null)
            pages.Leave(_person);
        return Task.CompletedTask;
    }
}

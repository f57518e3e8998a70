using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Web.Accounts;

/// <summary>A filter that a person keeps under a name.</summary>
/// <param name="Query">As it stands in the page's address, with the question mark.</param>
public sealed record SavedView(string Name, string Query);

/// <summary>The views that people keep of lists. They are kept with the account and go with it.</summary>
public sealed class SavedViews(IDbContextFactory<AccountContext> accounts)
{
    public const int LongestName = 40;
    internal const int Most = 20;
    private const int LongestQuery = 1000;

    /// <summary>A person's views of a list, by name.</summary>
    /// <param name="person">The account's id.</param>
    /// <param name="list">The list's address, such as <c>runs</c>.</param>
    public async Task<IReadOnlyList<SavedView>> List(string person, string list, CancellationToken stop)
    {
        await using var context = accounts.CreateDbContext();
        var views = await Of(context, person, list).AsNoTracking().ToListAsync(stop);
        return
        [
            .. views
                .Select(view => new SavedView(view.Name, view.Value ?? ""))
                .OrderBy(view => view.Name, StringComparer.OrdinalIgnoreCase),
        ];
    }

    /// <summary>Keeps a view; one of the same name is replaced.</summary>
    /// <exception cref="AccountException">The name or the filter is not possible, or there are too many.</exception>
    public async Task Save(string person, string list, SavedView view, CancellationToken stop)
    {
        var name = view.Name.Trim();
        if (name.Length is 0 or > LongestName || name.Any(char.IsControl))
            throw new AccountException($"A view's name has 1 to {LongestName} characters.");
        if (view.Query.Length > LongestQuery)
            throw new AccountException("The filter is too long to be saved; use fewer letters.");
        await using var context = accounts.CreateDbContext();
        var views = await Of(context, person, list).ToListAsync(stop);
        if (views.Find(old => old.Name == name) is { } old)
            old.Value = view.Query;
        else if (views.Count >= Most)
            throw new AccountException($"You have {Most} views here, as many as one may. Delete one of them first.");
        else
            context.UserTokens.Add(
                new IdentityUserToken<string>
                {
                    UserId = person,
                    LoginProvider = Shelf(list),
                    Name = name,
                    Value = view.Query,
                }
            );
        await context.SaveChangesAsync(stop);
    }

    public async Task Delete(string person, string list, string name, CancellationToken stop)
    {
        await using var context = accounts.CreateDbContext();
        await Of(context, person, list).Where(view => view.Name == name).ExecuteDeleteAsync(stop);
    }

    // Identity's tokens are named values of a person, which is what views are.
    private static IQueryable<IdentityUserToken<string>> Of(AccountContext context, string person, string list)
    {
        var shelf = Shelf(list);
        return context.UserTokens.Where(token => token.UserId == person && token.LoginProvider == shelf);
    }

    private static string Shelf(string list) => $"views:{list}";
}

using CLGRPO.Data.Reviews;
using CLGRPO.Data.Store;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Tests.Browser;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CLGRPO.Web.Tests.Reviews;

/// <summary>Filters of the batches, kept under names.</summary>
public sealed class BatchViewJourneys(BrowserFixture site)
{
    [Fact]
    public async Task Batches_FilteredAndSaved_OpenAgainAreSharedByAddressAndDeleted()
    {
        await using var lab = await ReviewLab.Open(12);
        foreach (
            var (name, people) in (IReadOnlyList<(string, string[])>)
                [("pilot", ["dan"]), ("pilot, second half", []), ("main", ["cleo", "dan"])]
        )
            await lab.AddBatch(
                new ReviewBatchPlan
                {
                    Name = name,
                    Assignees = people,
                    Filter = new ReviewFilter { Text = name == "pilot" ? null : "no such word" },
                }
            );
        await using var visitor = await lab.Join(site.Browser, "lea", Roles.Researcher);
        var page = visitor.Page;
        await visitor.Go("/review/batches");
        await Expect(Rows(page)).ToHaveCountAsync(3);
        await Expect(Views(page)).ToHaveCountAsync(5);
        await Expect(Save(page)).ToHaveCountAsync(0); // nothing is filtered

        // A filter is in the address as soon as it is chosen, and gets a name.
        await page.GetByLabel("Find batches").FillAsync("pilot");
        await Expect(Rows(page)).ToHaveCountAsync(2);
        await page.GetByLabel("Judged by").SelectOptionAsync("dan");
        await page.ReachAsync("**/review/batches?text=pilot&who=dan");
        await Expect(Rows(page)).ToHaveCountAsync(2);
        await Save(page).ClickAsync();
        await page.GetByLabel("Name of the view").FillAsync("Dan's <b>pilots</b>");
        await page.Keyboard.PressAsync("Enter");
        await Expect(Current(page)).ToHaveTextAsync("Dan's <b>pilots</b>");
        var address = new Uri(page.Url).PathAndQuery;
        await visitor.RequireAccessible("review-batches-view");

        // It is opened again, after another view and on a new page.
        await Views(page).GetByText("Open", new() { Exact = false }).First.ClickAsync();
        await Expect(Rows(page)).ToHaveCountAsync(3);
        await visitor.Go("/review/batches");
        await Views(page).GetByText("Dan's <b>pilots</b>").ClickAsync();
        await Expect(Rows(page)).ToHaveCountAsync(2);
        await Expect(page.GetByLabel("Find batches")).ToHaveValueAsync("pilot");

        // Somebody else sees the same by its address, and keeps no view of it.
        await using (var other = await lab.Join(site.Browser, "dan"))
        {
            await other.Go(address);
            await Expect(Rows(other.Page)).ToHaveCountAsync(2);
            await Expect(Views(other.Page)).ToHaveCountAsync(5);
            await Expect(Save(other.Page)).ToBeVisibleAsync();
            Assert.Empty(other.Errors);
        }

        // What fits nothing says so; the view goes, the filter stays.
        await page.GetByLabel("Find batches").FillAsync("nothing like it");
        await Expect(page.GetByText("No batch fits")).ToBeVisibleAsync();
        await visitor.Go(address);
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete this view" }).ClickAsync();
        await Expect(Views(page)).ToHaveCountAsync(5);
        await Expect(Rows(page)).ToHaveCountAsync(2);
        await visitor.Go("/review/batches");
        await Expect(Views(page)).ToHaveCountAsync(5);
        Assert.Empty(visitor.Errors);
    }

    private static ILocator Views(IPage page) =>
        page.GetByRole(AriaRole.Navigation, new() { Name = "Views" }).Locator("a");

    private static ILocator Current(IPage page) => page.Locator("[aria-label=Views] [aria-current]");

    private static ILocator Rows(IPage page) => page.Locator(".batches tbody tr");

    private static ILocator Save(IPage page) => page.GetByRole(AriaRole.Button, new() { Name = "Save this view" });
}

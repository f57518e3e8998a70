using System.Globalization;
using CLGRPO.Web.Accounts;
using CLGRPO.Web.Api;
using CLGRPO.Web.Components;
using CLGRPO.Web.Construction;
using CLGRPO.Web.Datasets;
using CLGRPO.Web.Evaluations;
using CLGRPO.Web.Home;
using CLGRPO.Web.Inference;
using CLGRPO.Web.Live;
using CLGRPO.Web.Operation;
using CLGRPO.Web.Playground;
using CLGRPO.Web.Recipes;
using CLGRPO.Web.Reviews;
using CLGRPO.Web.Runs;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.DefaultThreadCurrentUICulture = CultureInfo.InvariantCulture;
CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = CultureInfo.InvariantCulture;

return await SiteRun.OrExplain(async () =>
{
    var builder = WebApplication.CreateBuilder(
        new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory }
    );
    builder.AddOperation();
    builder.Services.AddAccounts();
    builder.Services.AddRuns();
    builder.Services.AddInference();
    builder.Services.AddPlayground();
    builder.Services.AddDatasets();
    builder.Services.AddConstruction();
    builder.Services.AddOpenApiDocument();
    builder.Services.AddRecipes();
    builder.Services.AddReviews();
    builder.Services.AddEvaluations();
    builder.Services.AddHome();
    builder.Services.AddPages();

    var app = builder.Build();
    app.UseOperation();
    app.MapHealth();
    app.MapOpenMetrics();
    app.MapAccounts();
    app.MapRunsAndHub();
    app.MapSampleLinks();
    app.MapInference();
    app.MapPlayground();
    app.MapDatasetWork();
    app.MapConstruction();
    app.MapOpenApiDocument();
    app.MapRecipes();
    app.MapReviews();
    app.MapEvaluations();
    app.MapHome();
    app.MapPages();

    await app.RunSite();
});

/// <summary>The site; named for the tests.</summary>
public partial class Program;

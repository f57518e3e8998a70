using CLGRPO.Web.Operation;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Accounts;

/// <summary>Registers accounts, and prepares their tables at start.</summary>
public static class AccountServices
{
    public static void AddAccounts(this IServiceCollection services)
    {
        services.AddSingleton<AccountContextFactory>();
        services.AddSingleton<IDbContextFactory<AccountContext>>(site =>
            site.GetRequiredService<AccountContextFactory>()
        );
        services.AddScoped(site => site.GetRequiredService<AccountContextFactory>().CreateDbContext());
        services.AddSingleton<Audit>();
        services.AddSingleton<ApiKeys>();
        services.AddHostedService<ApiKeyUses>();
        services.AddSingleton<Invitations>();
        services.AddSingleton<SavedViews>();
        services.AddSingleton<People>();
        services.AddSingleton<Standing>();
        services.AddScoped<SignIn>();
        services.AddScoped<AdminNews>();
        AddIdentity(services);
        AddSchemes(services);
        services.AddAuthorization(Policies.AddTo);
        services.AddCascadingAuthenticationState();
        services.AddScoped<AuthenticationStateProvider, CircuitIdentity>();
        services.AddDataProtection().SetApplicationName("CLGRPO");
        services
            .AddOptions<KeyManagementOptions>()
            .Configure<IOptions<SiteOptions>>((keys, site) => keys.XmlRepository = new KeyFolder(site.Value.KeysPath));
    }

    /// <summary>Brings the tables up to date and, where nobody has an account, logs the link that makes the first admin.</summary>
    public static async Task PrepareAccounts(this IServiceProvider site, CancellationToken stop)
    {
        await using var scope = site.CreateAsyncScope();
        var context = scope.ServiceProvider.GetRequiredService<AccountContext>();
        if ((await context.Database.GetPendingMigrationsAsync(stop)).Any())
            await context.Database.MigrateAsync(stop);
        var roles = scope.ServiceProvider.GetRequiredService<RoleManager<IdentityRole>>();
        foreach (var role in Roles.All)
        {
            if (!await roles.RoleExistsAsync(role))
                await roles.CreateAsync(new IdentityRole(role));
        }
    }

    private static void AddIdentity(IServiceCollection services)
    {
        services
            .AddIdentityCore<User>(options =>
            {
                options.Password.RequiredLength = 10;
                options.Password.RequiredUniqueChars = 4;
                options.Password.RequireDigit = false;
                options.Password.RequireLowercase = false;
                options.Password.RequireUppercase = false;
                options.Password.RequireNonAlphanumeric = false;
                options.Lockout.MaxFailedAccessAttempts = 5;
                options.Lockout.DefaultLockoutTimeSpan = TimeSpan.FromMinutes(5);
                options.User.AllowedUserNameCharacters =
                    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
            })
            .AddRoles<IdentityRole>()
            .AddEntityFrameworkStores<AccountContext>()
            .AddSignInManager()
            .AddDefaultTokenProviders();
        // Every request looks whether the session still holds: a cookie is dead at once after sign-out, block or change of role.
        services.Configure<SecurityStampValidatorOptions>(options => options.ValidationInterval = TimeSpan.Zero);
    }

    private static void AddSchemes(IServiceCollection services)
    {
        services
            .AddAuthentication(options =>
            {
                options.DefaultScheme = Schemes.Either;
                options.DefaultSignInScheme = Schemes.Cookie;
            })
            .AddPolicyScheme(
                Schemes.Either,
                displayName: null,
                options => options.ForwardDefaultSelector = Schemes.Choose
            )
            .AddScheme<AuthenticationSchemeOptions, ApiKeyHandler>(
                Schemes.Key,
                displayName: null,
                configureOptions: null
            )
            .AddIdentityCookies();
        services.ConfigureApplicationCookie(options =>
        {
            options.Cookie.Name = "clgrpo-session";
            options.Cookie.HttpOnly = true;
            options.Cookie.SameSite = SameSiteMode.Lax;
            options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest; // loopback has no certificate
            options.ExpireTimeSpan = TimeSpan.FromDays(14);
            options.LoginPath = "/login";
            options.AccessDeniedPath = "/denied";
            options.ReturnUrlParameter = "returnUrl";
            options.Events.OnRedirectToLogin = context => Schemes.Redirect(context, StatusCodes.Status401Unauthorized);
            options.Events.OnRedirectToAccessDenied = context =>
                Schemes.Redirect(context, StatusCodes.Status403Forbidden);
        });
    }
}

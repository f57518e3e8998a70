using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace CLGRPO.Web.Accounts;

/// <summary>People, invitations and API keys, in the store's database.</summary>
public abstract class AccountContext(DbContextOptions options) : IdentityDbContext<User>(options)
{
    /// <summary>The store has its own migrations beside these.</summary>
    public const string MigrationsTable = "__AccountMigrations";

    public DbSet<Invitation> Invitations => Set<Invitation>();
    public DbSet<ApiKey> ApiKeys => Set<ApiKey>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Properties<DateTime>().HaveConversion<UtcMoment>();

    protected override void OnModelCreating(ModelBuilder builder)
    {
        base.OnModelCreating(builder);
        builder.Entity<User>().ToTable("Users");
        builder.Entity<IdentityRole>().ToTable("Roles");
        builder.Entity<IdentityUserRole<string>>().ToTable("UserRoles");
        builder.Entity<IdentityUserClaim<string>>().ToTable("UserClaims");
        builder.Entity<IdentityUserLogin<string>>().ToTable("UserLogins");
        builder.Entity<IdentityUserToken<string>>().ToTable("UserTokens");
        builder.Entity<IdentityRoleClaim<string>>().ToTable("RoleClaims");
        builder.Entity<Invitation>().HasIndex(invitation => invitation.TokenHash).IsUnique();
        builder.Entity<ApiKey>(keys =>
        {
            keys.HasIndex(key => key.Prefix);
            keys.HasIndex(key => key.Client);
            keys.Property(key => key.Client).HasMaxLength(60);
        });
    }

    private sealed class UtcMoment()
        : ValueConverter<DateTime, DateTime>(
            moment => moment.ToUniversalTime(),
            moment => DateTime.SpecifyKind(moment, DateTimeKind.Utc)
        );
}

/// <summary>The accounts in SQLite.</summary>
public sealed class SqliteAccountContext(DbContextOptions<SqliteAccountContext> options) : AccountContext(options);

/// <summary>The accounts in PostgreSQL.</summary>
public sealed class PostgresAccountContext(DbContextOptions<PostgresAccountContext> options) : AccountContext(options);

using Microsoft.EntityFrameworkCore.Migrations;

namespace CLGRPO.Data.Store.Migrations;

/// <summary>Makes the database itself refuse to change or delete audit entries. A migration that rebuilds the table must call this again.</summary>
internal static class AuditTriggers
{
    private const string Reason = "audit entries are only ever added";

    public static void CreateSqlite(MigrationBuilder migration)
    {
        foreach (var verb in (string[])["UPDATE", "DELETE"])
            migration.Sql(
                $"CREATE TRIGGER \"Audit_no_{verb}\" BEFORE {verb} ON \"Audit\" BEGIN SELECT RAISE(ABORT, '{Reason}'); END;"
            );
    }

    public static void CreatePostgres(MigrationBuilder migration)
    {
        migration.Sql(
            $"CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{Reason}'; END $$;"
        );
        migration.Sql(
            "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON \"Audit\" FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();"
        );
    }
}

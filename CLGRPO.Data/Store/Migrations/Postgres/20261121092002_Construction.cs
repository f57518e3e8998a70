using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace CLGRPO.Data.Store.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Construction : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Items_JobId_State",
                table: "Items");

            migrationBuilder.AddColumn<string>(
                name: "Failure",
                table: "Votes",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "IsTrial",
                table: "Jobs",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<int>(
                name: "Attempts",
                table: "Items",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.CreateIndex(
                name: "IX_Items_JobId_State_Attempts_SampleId",
                table: "Items",
                columns: new[] { "JobId", "State", "Attempts", "SampleId" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Items_JobId_State_Attempts_SampleId",
                table: "Items");

            migrationBuilder.DropColumn(
                name: "Failure",
                table: "Votes");

            migrationBuilder.DropColumn(
                name: "IsTrial",
                table: "Jobs");

            migrationBuilder.DropColumn(
                name: "Attempts",
                table: "Items");

            migrationBuilder.CreateIndex(
                name: "IX_Items_JobId_State",
                table: "Items",
                columns: new[] { "JobId", "State" });
        }
    }
}

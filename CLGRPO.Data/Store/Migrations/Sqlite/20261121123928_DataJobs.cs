using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace CLGRPO.Data.Store.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class DataJobs : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Records_SampleId_State",
                table: "Records");

            migrationBuilder.CreateTable(
                name: "DataJobs",
                columns: table => new
                {
                    Id = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    Kind = table.Column<string>(type: "TEXT", maxLength: 20, nullable: false),
                    State = table.Column<string>(type: "TEXT", maxLength: 20, nullable: false),
                    Title = table.Column<string>(type: "TEXT", nullable: false),
                    DatasetId = table.Column<long>(type: "INTEGER", nullable: true),
                    Settings = table.Column<string>(type: "TEXT", nullable: false),
                    Done = table.Column<long>(type: "INTEGER", nullable: false),
                    Total = table.Column<long>(type: "INTEGER", nullable: true),
                    Result = table.Column<string>(type: "TEXT", nullable: true),
                    Failure = table.Column<string>(type: "TEXT", nullable: true),
                    CreatedBy = table.Column<string>(type: "TEXT", nullable: false),
                    CreatedAt = table.Column<DateTime>(type: "TEXT", nullable: false),
                    StartedAt = table.Column<DateTime>(type: "TEXT", nullable: true),
                    FinishedAt = table.Column<DateTime>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_DataJobs", x => x.Id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_Records_SampleId_State_Review_Teacher_JobId",
                table: "Records",
                columns: new[] { "SampleId", "State", "Review", "Teacher", "JobId" });

            migrationBuilder.CreateIndex(
                name: "IX_DataJobs_State_Id",
                table: "DataJobs",
                columns: new[] { "State", "Id" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "DataJobs");

            migrationBuilder.DropIndex(
                name: "IX_Records_SampleId_State_Review_Teacher_JobId",
                table: "Records");

            migrationBuilder.CreateIndex(
                name: "IX_Records_SampleId_State",
                table: "Records",
                columns: new[] { "SampleId", "State" });
        }
    }
}

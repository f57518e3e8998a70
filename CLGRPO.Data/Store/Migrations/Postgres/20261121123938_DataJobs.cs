using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace CLGRPO.Data.Store.Migrations.Postgres
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
                    Id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    Kind = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: false),
                    State = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: false),
                    Title = table.Column<string>(type: "text", nullable: false),
                    DatasetId = table.Column<long>(type: "bigint", nullable: true),
                    Settings = table.Column<string>(type: "text", nullable: false),
                    Done = table.Column<long>(type: "bigint", nullable: false),
                    Total = table.Column<long>(type: "bigint", nullable: true),
                    Result = table.Column<string>(type: "text", nullable: true),
                    Failure = table.Column<string>(type: "text", nullable: true),
                    CreatedBy = table.Column<string>(type: "text", nullable: false),
                    CreatedAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: false),
                    StartedAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: true),
                    FinishedAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: true)
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

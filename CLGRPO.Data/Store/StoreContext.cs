using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Store;

/// <summary>The database of data sets, chains of thought, teachers and constructions. SQLite or PostgreSQL (see <see cref="StoreOptions"/>).</summary>
public abstract class StoreContext(DbContextOptions options) : DbContext(options)
{
    public DbSet<StoredDataset> Datasets => Set<StoredDataset>();
    public DbSet<AttributeValue> AttributeValues => Set<AttributeValue>();
    public DbSet<StoredSample> Samples => Set<StoredSample>();
    public DbSet<SampleValue> SampleValues => Set<SampleValue>();
    public DbSet<CotRecord> Records => Set<CotRecord>();
    public DbSet<CotVote> Votes => Set<CotVote>();
    public DbSet<Review> Reviews => Set<Review>();
    public DbSet<ReviewBatch> ReviewBatches => Set<ReviewBatch>();
    public DbSet<ReviewItem> ReviewItems => Set<ReviewItem>();
    public DbSet<ReviewLease> ReviewLeases => Set<ReviewLease>();
    public DbSet<ReviewDraft> ReviewDrafts => Set<ReviewDraft>();
    public DbSet<ReviewComment> ReviewComments => Set<ReviewComment>();
    public DbSet<ReviewGuideline> ReviewGuidelines => Set<ReviewGuideline>();
    public DbSet<StoredTeacher> Teachers => Set<StoredTeacher>();
    public DbSet<AllowedOrigin> AllowedOrigins => Set<AllowedOrigin>();
    public DbSet<PromptTemplate> Prompts => Set<PromptTemplate>();
    public DbSet<ConstructionJob> Jobs => Set<ConstructionJob>();
    public DbSet<ConstructionItem> Items => Set<ConstructionItem>();
    public DbSet<TeacherCall> Calls => Set<TeacherCall>();
    public DbSet<StoredImport> Imports => Set<StoredImport>();
    public DbSet<ImportProblem> ImportProblems => Set<ImportProblem>();
    public DbSet<DataJob> DataJobs => Set<DataJob>();
    public DbSet<FrozenVersion> Versions => Set<FrozenVersion>();
    public DbSet<FrozenSample> FrozenSamples => Set<FrozenSample>();
    public DbSet<AuditEntry> Audit => Set<AuditEntry>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<Enum>().HaveConversion<string>().HaveMaxLength(20);
        configurationBuilder.Properties<DateTime>().HaveConversion<UtcDateTime>();
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<StoredDataset>().HasIndex(dataset => dataset.Name).IsUnique();
        modelBuilder.Entity<AttributeValue>(values =>
        {
            values.HasOne<StoredDataset>().WithMany().HasForeignKey(value => value.DatasetId);
            values
                .HasIndex(value => new
                {
                    value.DatasetId,
                    value.Attribute,
                    value.Value,
                })
                .IsUnique();
        });
        modelBuilder.Entity<SampleValue>(attributes =>
        {
            attributes.HasKey(attribute => new { attribute.SampleId, attribute.ValueId });
            attributes.HasIndex(attribute => attribute.ValueId);
            attributes.HasOne<StoredSample>().WithMany(sample => sample.Attributes).HasForeignKey(a => a.SampleId);
            attributes.HasOne(attribute => attribute.Value).WithMany().HasForeignKey(attribute => attribute.ValueId);
        });
        ConfigureSamples(modelBuilder);
        ConfigureCot(modelBuilder);
        ConfigureConstruction(modelBuilder);
        modelBuilder.Entity<ImportProblem>().HasOne<StoredImport>().WithMany().HasForeignKey(p => p.ImportId);
        modelBuilder.Entity<StoredImport>().HasOne<StoredDataset>().WithMany().HasForeignKey(i => i.DatasetId);
        modelBuilder.Entity<DataJob>().HasIndex(job => new { job.State, job.Id });
        ConfigureVersions(modelBuilder);
        modelBuilder.Entity<AuditEntry>().HasIndex(entry => new { entry.Subject, entry.Id });
    }

    private static void ConfigureSamples(ModelBuilder modelBuilder) =>
        modelBuilder.Entity<StoredSample>(samples =>
        {
            samples.HasOne(sample => sample.Dataset).WithMany().HasForeignKey(sample => sample.DatasetId);
            samples.HasIndex(sample => new { sample.DatasetId, sample.KeyFolded }).IsUnique();
            samples.HasIndex(sample => new { sample.DatasetId, sample.Image });
            samples.HasIndex(sample => new
            {
                sample.DatasetId,
                sample.Split,
                sample.Label,
            });
            samples.Property(sample => sample.Key).HasMaxLength(256);
        });

    private static void ConfigureCot(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<CotRecord>(records =>
        {
            records.HasOne(record => record.Sample).WithMany(sample => sample.Records).HasForeignKey(r => r.SampleId);
            records.HasOne<PromptTemplate>().WithMany().HasForeignKey(record => record.PromptId);
            records.HasOne<ConstructionJob>().WithMany().HasForeignKey(record => record.JobId);
            // All that filters and counts of samples ask of records: the records themselves, with their texts, stay unread.
            records.HasIndex(record => new
            {
                record.SampleId,
                record.State,
                record.Review,
                record.Teacher,
                record.JobId,
            });
            // Idempotence: an attempt of a job on a sample has one record.
            records
                .HasIndex(record => new
                {
                    record.JobId,
                    record.SampleId,
                    record.Attempt,
                })
                .IsUnique();
        });
        modelBuilder.Entity<CotVote>(votes =>
        {
            votes.HasOne<CotRecord>().WithMany(record => record.Votes).HasForeignKey(vote => vote.RecordId);
            votes.HasIndex(vote => new { vote.RecordId, vote.Teacher }).IsUnique();
        });
        ConfigureReviews(modelBuilder);
    }

    private static void ConfigureReviews(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Review>(reviews =>
        {
            reviews.HasOne(review => review.Record).WithMany().HasForeignKey(review => review.RecordId);
            reviews.HasIndex(review => new { review.RecordId, review.Superseded });
            reviews.HasIndex(review => new { review.Reviewer, review.Id });
            reviews.HasIndex(review => review.CreatedAt);
            reviews.HasIndex(review => review.Bulk);
            // Idempotence: a submission is one review.
            reviews.HasIndex(review => review.Submission).IsUnique();
        });
        modelBuilder.Entity<ReviewBatch>(batches =>
        {
            batches.HasOne(batch => batch.Dataset).WithMany().HasForeignKey(batch => batch.DatasetId);
            batches.HasIndex(batch => batch.Name).IsUnique();
        });
        modelBuilder.Entity<ReviewItem>(items =>
        {
            items.HasOne(item => item.Batch).WithMany().HasForeignKey(item => item.BatchId);
            items.HasOne(item => item.Record).WithMany().HasForeignKey(item => item.RecordId);
            items.HasIndex(item => item.RecordId).IsUnique();
            items.HasIndex(item => new
            {
                item.BatchId,
                item.State,
                item.Rank,
                item.Id,
            });
        });
        modelBuilder.Entity<ReviewLease>(leases =>
        {
            leases.HasKey(lease => new { lease.ItemId, lease.Reviewer });
            leases.HasOne(lease => lease.Item).WithMany().HasForeignKey(lease => lease.ItemId);
            leases.HasIndex(lease => lease.Reviewer);
        });
        modelBuilder.Entity<ReviewDraft>(drafts =>
        {
            drafts.HasKey(draft => new { draft.ItemId, draft.Reviewer });
            drafts.HasOne(draft => draft.Item).WithMany().HasForeignKey(draft => draft.ItemId);
        });
        modelBuilder.Entity<ReviewComment>(comments =>
        {
            comments.HasOne<CotRecord>().WithMany().HasForeignKey(comment => comment.RecordId);
            comments.HasIndex(comment => new { comment.RecordId, comment.Id });
        });
        modelBuilder.Entity<ReviewGuideline>(guidelines =>
        {
            guidelines.HasOne<StoredDataset>().WithMany().HasForeignKey(guideline => guideline.DatasetId);
            guidelines.HasIndex(guideline => new { guideline.DatasetId, guideline.Version }).IsUnique();
        });
    }

    private static void ConfigureVersions(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<FrozenVersion>(versions =>
        {
            versions.HasOne<StoredDataset>().WithMany().HasForeignKey(version => version.DatasetId);
            versions.HasIndex(version => new { version.DatasetId, version.Hash }).IsUnique();
        });
        modelBuilder.Entity<FrozenSample>(rows =>
        {
            rows.HasKey(row => new { row.VersionId, row.SampleId });
            rows.HasOne<FrozenVersion>().WithMany(version => version.Samples).HasForeignKey(row => row.VersionId);
            // What a version was made of cannot be deleted alone.
            rows.HasOne<StoredSample>()
                .WithMany()
                .HasForeignKey(row => row.SampleId)
                .OnDelete(DeleteBehavior.NoAction);
            rows.HasOne<CotRecord>().WithMany().HasForeignKey(row => row.RecordId).OnDelete(DeleteBehavior.NoAction);
            rows.HasOne<Review>().WithMany().HasForeignKey(row => row.ReviewId).OnDelete(DeleteBehavior.NoAction);
        });
    }

    private static void ConfigureConstruction(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<StoredTeacher>().HasIndex(teacher => teacher.Name).IsUnique();
        modelBuilder
            .Entity<AllowedOrigin>()
            .HasIndex(origin => new
            {
                origin.Scheme,
                origin.Host,
                origin.Port,
            })
            .IsUnique();
        modelBuilder.Entity<PromptTemplate>().HasIndex(prompt => new { prompt.Name, prompt.Version }).IsUnique();
        modelBuilder.Entity<ConstructionJob>().HasOne(job => job.Dataset).WithMany().HasForeignKey(j => j.DatasetId);
        modelBuilder.Entity<ConstructionItem>(items =>
        {
            items.HasOne<ConstructionJob>().WithMany().HasForeignKey(item => item.JobId);
            items.HasOne(item => item.Sample).WithMany().HasForeignKey(item => item.SampleId);
            items.HasIndex(item => new { item.JobId, item.SampleId }).IsUnique();
            items.HasIndex(item => new
            {
                item.JobId,
                item.State,
                item.Attempts,
                item.SampleId,
            });
        });
        modelBuilder.Entity<TeacherCall>(calls =>
        {
            calls.HasIndex(call => new { call.JobId, call.Teacher });
            calls.HasIndex(call => new { call.Teacher, call.StartedAt });
        });
    }
}

/// <summary>Moments are UTC in the database and come back as UTC.</summary>
internal sealed class UtcDateTime()
    : Microsoft.EntityFrameworkCore.Storage.ValueConversion.ValueConverter<DateTime, DateTime>(
        moment => moment.ToUniversalTime(),
        moment => DateTime.SpecifyKind(moment, DateTimeKind.Utc)
    );

/// <summary>The store in a SQLite file.</summary>
public sealed class SqliteStoreContext(DbContextOptions<SqliteStoreContext> options) : StoreContext(options);

/// <summary>The store in PostgreSQL.</summary>
public sealed class PostgresStoreContext(DbContextOptions<PostgresStoreContext> options) : StoreContext(options);

using System.ComponentModel.DataAnnotations;
using CLGRPO.Data.Store;
using CLGRPO.Data.Teachers.Keys;
using CLGRPO.Data.Teachers.Rules;

namespace CLGRPO.Web.Construction;

/// <summary>What a teacher is to be like; all of it, so that what is left out takes its default.</summary>
public record TeacherForm
{
    /// <summary>Base URL such as https://api.example.org/v1; its origin must be allowed. Of a checkpoint its name, as /v1/models lists it: run/checkpoint or models/folder; of a rule teacher empty.</summary>
    /// <example>https://teacher.example.org/v1</example>
    [StringLength(512)]
    public string Endpoint { get; init; } = "";

    /// <summary>What the endpoint calls the model.</summary>
    /// <example>qwen2.5-vl-7b</example>
    [StringLength(200)]
    public string Model { get; init; } = "";

    /// <summary>Of a rule teacher: share of answers that are wrong, for experiments.</summary>
    [Range(0.0, 1.0)]
    public double Errors { get; init; }

    /// <summary>Requests in flight at most.</summary>
    public int Concurrency { get; init; } = 8;

    /// <summary>Requests a minute at most; left out: no limit.</summary>
    public double? RequestsPerMinute { get; init; }

    /// <summary>Cost at which it is asked nothing more; left out: no limit.</summary>
    public double? Budget { get; init; }

    /// <summary>Cost of a million prompt tokens.</summary>
    public double PromptPrice { get; init; }

    /// <summary>Cost of a million completion tokens.</summary>
    public double CompletionPrice { get; init; }

    /// <summary>Images are shrunk until their longer side is this many pixels.</summary>
    public int MaxImageSide { get; init; } = 1024;
    public int MaxCompletionTokens { get; init; } = 1024;
    public double Temperature { get; init; } = 0.7;
    public double TopP { get; init; } = 1;

    /// <summary>Whether constructions may ask it.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>A new API key: sealed at once, bound to the endpoint's origin, shown to nobody. Left out: the stored one stays while the origin does.</summary>
    [StringLength(4096)]
    public string? Key { get; init; }

    /// <exception cref="ArgumentException">The text is no key; it is not part of the message.</exception>
    internal Secret? SecretKey => string.IsNullOrWhiteSpace(Key) ? null : new Secret(Key);

    internal void Apply(StoredTeacher teacher)
    {
        teacher.Endpoint = Endpoint.Trim();
        teacher.Model = teacher.Kind switch
        {
            TeacherKind.Rule => RuleTeacher.ModelOf(Errors),
            TeacherKind.Checkpoint => Endpoint.Trim(),
            _ => Model.Trim(),
        };
        teacher.Concurrency = Concurrency;
        teacher.RequestsPerMinute = RequestsPerMinute;
        teacher.Budget = Budget;
        teacher.PromptPrice = PromptPrice;
        teacher.CompletionPrice = CompletionPrice;
        teacher.MaxImageSide = MaxImageSide;
        teacher.MaxCompletionTokens = MaxCompletionTokens;
        teacher.Temperature = Temperature;
        teacher.TopP = TopP;
        teacher.Enabled = Enabled;
    }

    /// <summary>Without the key: a form is shown to nobody's log.</summary>
    protected virtual bool PrintMembers(System.Text.StringBuilder builder)
    {
        builder.Append(System.Globalization.CultureInfo.InvariantCulture, $"Endpoint = {Endpoint}, Model = {Model}");
        return true;
    }
}

/// <summary>A teacher to be added.</summary>
public sealed record AddTeacher : TeacherForm
{
    /// <summary>1 to 64 letters, digits, '.', '_' or '-'; begins with a letter or digit.</summary>
    /// <example>teacher-7b</example>
    [Required, StringLength(64, MinimumLength = 1)]
    public required string Name { get; init; }

    /// <summary>open_ai: an endpoint in OpenAI's form; rule: from the annotation, without a server; checkpoint: a model of our own, asked through the site's inference process.</summary>
    public TeacherKind Kind { get; init; }
}

/// <summary>An origin at which teachers may be.</summary>
public sealed record AllowOrigin
{
    /// <summary>Scheme, host and port; a path plays no part.</summary>
    /// <example>https://teacher.example.org</example>
    [Required, StringLength(512, MinimumLength = 1)]
    public required string Origin { get; init; }

    /// <summary>The host is in the lab: http is good enough.</summary>
    public bool Lab { get; init; }
}

/// <summary>An origin at which teachers may be.</summary>
public sealed record OriginView(string Origin, string AddedBy, DateTime AddedAt);

using CLGRPO.Data.Store;
using Microsoft.EntityFrameworkCore;

namespace CLGRPO.Data.Cot.Construction;

/// <summary>What a teacher did in a construction.</summary>
/// <param name="Generated">Reasonings it wrote, those without an answer included.</param>
/// <param name="Accepted">Of these.</param>
/// <param name="Votes">Judgements it gave.</param>
/// <param name="Agreeing">Of these, those that arrived at the label.</param>
/// <param name="Requests">Outcome → number.</param>
/// <param name="MeanSeconds">Of its answered requests.</param>
public sealed record TeacherReport(
    string Teacher,
    int Generated,
    int Accepted,
    int Votes,
    int Agreeing,
    IReadOnlyDictionary<string, int> Requests,
    double Cost,
    double? MeanSeconds
)
{
    /// <summary>Of the reasonings it wrote; what is neither accepted nor rejected waits for votes.</summary>
    public int Rejected { get; init; }

    /// <summary>Of its answered requests, prompt and completion.</summary>
    public long Tokens { get; init; }

    /// <summary>Of its answered requests.</summary>
    public double? MedianSeconds { get; init; }

    /// <summary>Cohen's kappa of its judgements with the samples' labels; null where it is not defined.</summary>
    public double? LabelKappa { get; init; }
}

/// <summary>How the samples of a class fared.</summary>
public sealed record ClassReport(string Label, int Samples, int Accepted, int Rejected);

/// <summary>How two verifiers agree on what both judged.</summary>
/// <param name="Both">Reasonings that both judged.</param>
/// <param name="Percent">Share with the same label; null where they judged nothing in common.</param>
/// <param name="Kappa">Cohen's kappa over the labels; null where it is not defined.</param>
public sealed record VerifierAgreement(string First, string Second, int Both, double? Percent, double? Kappa);

/// <summary>How far a construction is and what it found: for the command line, the page and the API.</summary>
/// <param name="Progress">How far it is.</param>
/// <param name="Reasons">Reason of a rejected attempt → number, the most frequent first.</param>
public sealed record ConstructionReport(
    ConstructionProgress Progress,
    IReadOnlyList<TeacherReport> Teachers,
    IReadOnlyList<ClassReport> Classes,
    IReadOnlyList<KeyValuePair<string, int>> Reasons,
    IReadOnlyList<VerifierAgreement> Agreement
)
{
    /// <exception cref="ConstructionException">There is no such job.</exception>
    public static async Task<ConstructionReport> Of(
        IDbContextFactory<StoreContext> store,
        long jobId,
        TimeProvider time,
        CancellationToken stop
    ) => (await new ConstructionTally(store, jobId, time).Count(stop)).Report;
}

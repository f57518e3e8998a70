using CLGRPO.Data.Files;
using CLGRPO.Training.Evaluation;

namespace CLGRPO.Web.Evaluations;

/// <summary>
/// What is on disk about an evaluation, and the truth about it: the order, a sheet of answers for each checkpoint
/// (<c>answers-N.ndjson</c>), and why one could not be written (<c>answers-N.error</c>).
/// </summary>
internal sealed class EvaluationFolder
{
    private const string OrderFile = "order.json";

    private EvaluationFolder(string path, EvaluationOrder order) => (Path, Order) = (path, order);

    public string Path { get; }

    public string Id => System.IO.Path.GetFileName(Path);

    public EvaluationOrder Order { get; }

    public static EvaluationFolder Create(string root, string id, EvaluationOrder order)
    {
        var path = System.IO.Path.Combine(root, id);
        Directory.CreateDirectory(path);
        order.Write(System.IO.Path.Combine(path, OrderFile));
        return new EvaluationFolder(path, order);
    }

    /// <returns>null: the folder is no evaluation.</returns>
    public static EvaluationFolder? Open(string path)
    {
        var order = System.IO.Path.Combine(path, OrderFile);
        return File.Exists(order) ? new EvaluationFolder(path, EvaluationOrder.Read(order)) : null;
    }

    public string SheetPath(int checkpoint) => System.IO.Path.Combine(Path, $"answers-{checkpoint}.ndjson");

    public bool IsAnswered(int checkpoint) => File.Exists(SheetPath(checkpoint));

    public int Answered(int checkpoint) =>
        IsAnswered(checkpoint) ? Order.Images : AnswerSheet.CountWritten(SheetPath(checkpoint));

    /// <summary>Why a checkpoint cannot be asked; null where nothing is known against it.</summary>
    public string? Error(int checkpoint) =>
        File.Exists(ErrorPath(checkpoint)) ? File.ReadAllText(ErrorPath(checkpoint)) : null;

    public void Fail(int checkpoint, string reason) => AtomicFile.WriteText(ErrorPath(checkpoint), reason);

    /// <summary>What failed is tried again.</summary>
    public void ForgetErrors()
    {
        for (var i = 0; i < Order.Checkpoints.Count; i++)
            File.Delete(ErrorPath(i));
    }

    /// <summary>The first checkpoint that is still to be asked; null when there is none.</summary>
    public int? Next()
    {
        for (var i = 0; i < Order.Checkpoints.Count; i++)
        {
            if (!IsAnswered(i) && Error(i) is null)
                return i;
        }
        return null;
    }

    /// <param name="running">The checkpoint that is asked now.</param>
    public EvaluationSummary Summary(int? running)
    {
        CheckpointProgress[] checkpoints = [.. Order.Checkpoints.Select((one, i) => Progress(one, i, running))];
        var state =
            running is not null ? EvaluationState.Running
            : checkpoints.Any(one => one.State == EvaluationState.Waiting) ? EvaluationState.Waiting
            : checkpoints.Any(one => one.State == EvaluationState.Failed) ? EvaluationState.Failed
            : EvaluationState.Complete;
        return new EvaluationSummary(
            Id,
            Order.Name,
            Order.Dataset,
            Order.Split,
            Order.Images,
            Order.Temperature,
            Order.Seed,
            state,
            checkpoints,
            Order.By,
            Order.CreatedAt
        );
    }

    private CheckpointProgress Progress(OrderedCheckpoint checkpoint, int index, int? running)
    {
        var error = Error(index);
        return new CheckpointProgress(
            checkpoint.Model,
            checkpoint.Name,
            checkpoint.Note,
            checkpoint.Ablation,
            IsAnswered(index) ? EvaluationState.Complete
                : error is not null ? EvaluationState.Failed
                : index == running ? EvaluationState.Running
                : EvaluationState.Waiting,
            Answered(index),
            error
        );
    }

    private string ErrorPath(int checkpoint) => System.IO.Path.ChangeExtension(SheetPath(checkpoint), ".error");
}

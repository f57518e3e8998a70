namespace CLGRPO.Golden;

/// <summary>Walks the folder internvl model by model.</summary>
internal abstract class InternVlWalker : IGoldenWalker
{
    public string Folder => "internvl";

    public virtual bool IsIn(string folder) => true;

    public GoldenResult Walk(string folder)
    {
        var tally = new CaseTally();
        foreach (var name in InternVlModel.Names(folder))
        {
            tally.Prepare(
                name,
                () =>
                {
                    using var model = new InternVlModel(folder, name);
                    Walk(model, tally);
                }
            );
        }
        return tally.Result;
    }

    /// <summary>Walks the cases of one model.</summary>
    /// <exception cref="GoldenMismatchException">The model has no case of a kind that every model has.</exception>
    protected abstract void Walk(InternVlModel model, CaseTally tally);
}

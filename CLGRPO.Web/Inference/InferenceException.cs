namespace CLGRPO.Web.Inference;

/// <summary>Why a request to a model is not answered.</summary>
public enum InferenceFault
{
    /// <summary>It cannot be answered as it is.</summary>
    Request,

    /// <summary>There is no such model.</summary>
    NoModel,

    /// <summary>Too many wait already.</summary>
    Busy,

    /// <summary>It took too long.</summary>
    Late,

    /// <summary>The inference process or the model failed; it may be tried again.</summary>
    Failed,
}

/// <summary>A request to a model that is not answered; the message is for whoever asked.</summary>
/// <param name="fault">Whose fault.</param>
/// <param name="message">A sentence.</param>
/// <param name="parameter">The setting that is to blame, in the API's words; null where none is.</param>
public sealed class InferenceException(InferenceFault fault, string message, string? parameter = null)
    : Exception(message)
{
    public InferenceFault Fault => fault;

    public string? Parameter => parameter;
}

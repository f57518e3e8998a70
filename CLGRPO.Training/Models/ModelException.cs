namespace CLGRPO.Training.Models;

/// <summary>A model folder, configuration or input that cannot be used; the message says what, where and what to do.</summary>
public sealed class ModelException : Exception
{
    public ModelException(string message)
        : base(message) { }

    public ModelException(string message, Exception cause)
        : base(message, cause) { }
}

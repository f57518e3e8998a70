namespace CLGRPO.Web.Inference;

/// <summary>Authorisation policies of inference, which are scopes of API keys too.</summary>
public static class InferenceScopes
{
    /// <summary>Ask trained models: the playground, and the OpenAI-compatible API.</summary>
    public const string Use = "inference";
}

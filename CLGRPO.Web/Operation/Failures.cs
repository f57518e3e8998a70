namespace CLGRPO.Web.Operation;

/// <summary>What an exception that nobody caught does to the answer and to the log.</summary>
public static class Failures
{
    /// <summary>
    /// A request that cannot be read (too large, too slow, cut off) is its sender's fault: it is answered with a status of its own, and the
    /// log holds no error of it.
    /// </summary>
    public static ExceptionHandlerOptions Options =>
        new()
        {
            StatusCodeSelector = exception =>
                exception is BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status500InternalServerError,
            SuppressDiagnosticsCallback = failed => failed.Exception is BadHttpRequestException,
        };
}

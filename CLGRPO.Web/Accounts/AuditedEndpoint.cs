namespace CLGRPO.Web.Accounts;

/// <summary>What the audit says of something done.</summary>
public sealed record Deed(string Action, string Subject, string? Detail = null);

/// <summary>Endpoints whose work is in the audit.</summary>
public static class AuditedEndpoint
{
    /// <summary>Writes to the audit what a request did; what was refused is not there.</summary>
    /// <param name="describe">Makes of the call and of its answer what the audit says.</param>
    public static RouteHandlerBuilder Audited(
        this RouteHandlerBuilder endpoint,
        Func<EndpointFilterInvocationContext, object?, Deed> describe
    ) =>
        endpoint.AddEndpointFilter(
            async (call, next) =>
            {
                var result = await next(call);
                var answer = result is INestedHttpResult nested ? nested.Result : result;
                if (answer is IStatusCodeHttpResult { StatusCode: >= StatusCodes.Status400BadRequest })
                    return result;
                var deed = describe(call, answer);
                await call
                    .HttpContext.RequestServices.GetRequiredService<Audit>()
                    .Write(
                        call.HttpContext.User.Identity!.Name!,
                        deed.Action,
                        deed.Subject,
                        deed.Detail,
                        CancellationToken.None
                    );
                return result;
            }
        );
}

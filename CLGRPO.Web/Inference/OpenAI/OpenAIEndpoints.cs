using System.Text.Json.Nodes;
using CLGRPO.Web.Accounts;
using Microsoft.Extensions.Options;

namespace CLGRPO.Web.Inference.OpenAI;

/// <summary>The API that OpenAI's clients speak.</summary>
public static partial class OpenAIEndpoints
{
    public static void MapOpenAI(this IEndpointRouteBuilder routes)
    {
        // It is described by OpenAI; the site's own description leaves it out.
        var api = routes.MapGroup("/v1").RequireAuthorization(InferenceScopes.Use).ExcludeFromDescription();
        api.MapGet("/models", List);
        api.MapGet("/models/{**id}", Get);
        api.MapPost("/chat/completions", Complete);
        api.Map("/{**rest}", () => Results.StatusCode(StatusCodes.Status404NotFound));
    }

    private static IResult List(InferenceModels models)
    {
        var all = new JsonArray();
        foreach (var model in models.List())
            all.Add((JsonNode)Describe(model, models));
        return Json(new JsonObject { ["object"] = "list", ["data"] = all });
    }

    private static Task Get(string id, InferenceModels models, HttpContext context)
    {
        // A slash in a name arrives escaped from some clients.
        var name = Uri.UnescapeDataString(id);
        return models.Find(name) is { } model
            ? Json(Describe(model, models)).ExecuteAsync(context)
            : OpenAIErrors.WriteAsync(
                context,
                StatusCodes.Status404NotFound,
                $"There is no model '{name}'; /v1/models lists those there are.",
                "model"
            );
    }

    private static JsonObject Describe(InferenceModel model, InferenceModels models) =>
        new()
        {
            ["id"] = model.Id,
            ["object"] = "model",
            ["created"] = model.CreatedAt.ToUnixTimeSeconds(),
            ["owned_by"] = "clgrpo",
            ["root"] = model.Run is null ? null : $"{model.Run}/{model.Checkpoint}",
            ["parent"] = null,
            ["max_model_len"] = models.Describe(model).MaxTokens,
            ["permission"] = new JsonArray(),
        };

    private static IResult Json(JsonObject json) =>
        Results.Content(json.ToJsonString(OpenAIJson.Options), "application/json");

    private static async Task Complete(
        HttpContext context,
        ChatRequests requests,
        InferenceService inference,
        Standing standing,
        IOptions<InferenceOptions> options,
        TimeProvider clock,
        ILogger<InferenceService> log
    )
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        try
        {
            using var place = inference.Enter(context.User);
            var request = await requests.ReadAsync(context, place.Caller);
            if (request.Ignored.Count > 0)
                LogIgnored(log, string.Join(", ", request.Ignored.Take(10)));
            await using var watch = new CallerWatch(context.User, standing, clock, gone);
            var reply = new ChatReplying(context, request, clock.GetUtcNow(), options.Value);
            await reply.RunAsync(inference.AskAsync(request.Asked, place, gone.Token), gone.Token);
        }
        catch (ChatRequestException e)
        {
            await OpenAIErrors.WriteAsync(context, e.Status, e.Message, e.Parameter);
        }
        catch (InferenceException e)
        {
            await OpenAIErrors.WriteAsync(context, OpenAIErrors.StatusOf(e.Fault), e.Message, e.Parameter);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client went away; the model has stopped.
        }
        catch (OperationCanceledException)
        {
            context.Abort(); // whoever asked may not any more, or nobody reads
        }
    }

    [LoggerMessage(LogLevel.Warning, "A chat request holds fields that mean nothing here: {Fields}")]
    private static partial void LogIgnored(ILogger log, string fields);
}

using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace CLGRPO.Data.Store;

/// <summary>
/// Text that both databases can hold. PostgreSQL has no NUL in texts, SQLite's text ends at one, and half a surrogate pair has no UTF-8:
/// each becomes U+FFFD, in what is written and in what is asked for alike (but not within the lists that SQLite keeps as JSON). Everything
/// else is kept as it is.
/// </summary>
internal static class StoreText
{
    private const char Replacement = '\uFFFD';

    /// <summary>The text as the databases hold it.</summary>
    public static string Clean(string text)
    {
        if (!text.Contains('\0', StringComparison.Ordinal) && text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
            return text;
        return string.Create(
            text.Length,
            text,
            static (cleaned, text) =>
            {
                for (var i = 0; i < cleaned.Length; i++)
                {
                    if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
                        (cleaned[i], cleaned[++i]) = (text[i - 1], text[i]);
                    else
                        cleaned[i] = text[i] == '\0' || char.IsSurrogate(text[i]) ? Replacement : text[i];
                }
            }
        );
    }
}

/// <summary>Cleans the texts of every command that EF Core sends.</summary>
internal sealed class StoreTextInterceptor : DbCommandInterceptor
{
    public override InterceptionResult<DbDataReader> ReaderExecuting(
        DbCommand command,
        CommandEventData eventData,
        InterceptionResult<DbDataReader> result
    )
    {
        Clean(command);
        return result;
    }

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
        DbCommand command,
        CommandEventData eventData,
        InterceptionResult<DbDataReader> result,
        CancellationToken cancellationToken = default
    )
    {
        Clean(command);
        return ValueTask.FromResult(result);
    }

    public override InterceptionResult<int> NonQueryExecuting(
        DbCommand command,
        CommandEventData eventData,
        InterceptionResult<int> result
    )
    {
        Clean(command);
        return result;
    }

    public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
        DbCommand command,
        CommandEventData eventData,
        InterceptionResult<int> result,
        CancellationToken cancellationToken = default
    )
    {
        Clean(command);
        return ValueTask.FromResult(result);
    }

    private static void Clean(DbCommand command)
    {
        foreach (DbParameter parameter in command.Parameters)
        {
            parameter.Value = parameter.Value switch
            {
                string text => StoreText.Clean(text),
                IEnumerable<string> texts => texts.Select(StoreText.Clean).ToArray(),
                var other => other,
            };
        }
    }
}

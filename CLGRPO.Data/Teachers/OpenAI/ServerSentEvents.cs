using System.Runtime.CompilerServices;
using System.Text;

namespace CLGRPO.Data.Teachers.OpenAI;

/// <summary>The data of each event of a stream; comments and other fields are passed over.</summary>
/// <remarks>Source: WHATWG HTML, §9.2.6, interpreting an event stream.</remarks>
internal static class ServerSentEvents
{
    public static async IAsyncEnumerable<string> Read(ReplyBody body, [EnumeratorCancellation] CancellationToken stop)
    {
        var data = new StringBuilder();
        var first = true;
        while (await body.ReadLine(stop) is { } line)
        {
            if (first && line.StartsWith('\uFEFF'))
            {
                line = line[1..];
            }
            first = false;
            if (line.Length == 0)
            {
                if (data.Length > 0)
                {
                    yield return data.ToString(0, data.Length - 1);
                }
                data.Clear();
            }
            else if (line.StartsWith("data:", StringComparison.Ordinal))
            {
                data.Append(line.AsSpan(line.Length > 5 && line[5] == ' ' ? 6 : 5)).Append('\n');
            }
        }
        // Servers are known to leave out the blank line after the last event.
        if (data.Length > 0)
        {
            yield return data.ToString(0, data.Length - 1);
        }
    }
}

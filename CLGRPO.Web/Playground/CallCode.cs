using System.Globalization;
using System.Text;

namespace CLGRPO.Web.Playground;

/// <summary>Languages that a call is written in.</summary>
internal enum CodeLanguage
{
    Curl,
    CSharp,
    Python,
}

/// <summary>The same call as a program. Keys are read from the environment and never written down.</summary>
internal static class CallCode
{
    /// <param name="site">The site's address, with a slash at the end.</param>
    public static string Of(CodeLanguage language, Uri site, ModelChoice model, Ask ask) =>
        language switch
        {
            CodeLanguage.Curl => Curl(site, model, ask),
            CodeLanguage.CSharp => CSharp(site, model, ask),
            _ => Python(site, model, ask),
        };

    public static string NameOf(CodeLanguage language) =>
        language switch
        {
            CodeLanguage.Curl => "curl",
            CodeLanguage.CSharp => "C#",
            _ => "Python",
        };

    private static string Curl(Uri site, ModelChoice model, Ask ask)
    {
        var system = ask.SystemTo(model);
        var systemMessage = system.Length > 0 ? $$"""{ "role": "system", "content": {{InHere(system)}} }, """ : "";
        return $$"""
            curl -N {{site}}v1/chat/completions -H "Authorization: Bearer $CLGRPO_KEY" -H "Content-Type: application/json" -d @- <<END
            { "model": {{InHere(model.Id)}}, "stream": true, {{Sampling(ask.Settings, ": ", quoted: true)}},
              "messages": [{{systemMessage}}{ "role": "user", "content": [
                { "type": "image_url", "image_url": { "url": "data:image/jpeg;base64,$(base64 -w0 picture.jpg)" } },
                { "type": "text", "text": {{InHere(ask.QuestionTo(model))}} } ] }] }
            END
            """;
    }

    private static string CSharp(Uri site, ModelChoice model, Ask ask)
    {
        var system = ask.SystemTo(model);
        var systemMessage =
            system.Length > 0 ? $$"""new { role = "system", content = (object){{Quoted(system)}} }, """ : "";
        return $$"""
            using var client = new HttpClient { BaseAddress = new Uri("{{site}}") };
            client.DefaultRequestHeaders.Authorization = new("Bearer", Environment.GetEnvironmentVariable("CLGRPO_KEY"));
            var url = $"data:image/jpeg;base64,{Convert.ToBase64String(File.ReadAllBytes("picture.jpg"))}";
            var answer = await client.PostAsJsonAsync("v1/chat/completions", new { model = {{Quoted(
                model.Id
            )}}, {{Sampling(ask.Settings, " = ", quoted: false)}},
                messages = new[] { {{systemMessage}}new { role = "user", content = (object)new object[] {
                    new { type = "image_url", image_url = new { url } }, new { type = "text", text = {{Quoted(
                ask.QuestionTo(model)
            )}} } } } } });
            Console.WriteLine(await answer.Content.ReadAsStringAsync());
            """;
    }

    private static string Python(Uri site, ModelChoice model, Ask ask)
    {
        var settings = ask.Settings;
        var system = ask.SystemTo(model);
        var systemMessage = system.Length > 0 ? $$"""{"role": "system", "content": {{Quoted(system)}}}, """ : "";
        var topK = settings.TopK > 0 ? $$""", extra_body={"top_k": {{settings.TopK}}}""" : "";
        return $$$"""
            import base64, os, openai
            client = openai.OpenAI(base_url="{{{site}}}v1", api_key=os.environ["CLGRPO_KEY"])
            url = "data:image/jpeg;base64," + base64.b64encode(open("picture.jpg", "rb").read()).decode()
            answer = client.chat.completions.create(model={{{Quoted(model.Id)}}}, {{{Sampling(
                settings with
                {
                    TopK = 0,
                },
                "=",
                quoted: false
            )}}}{{{topK}}},
                messages=[{{{systemMessage}}}{"role": "user", "content": [
                    {"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": {{{Quoted(
                ask.QuestionTo(model)
            )}}}}]}])
            print(answer.choices[0].message)
            """;
    }

    private static string Sampling(PlaygroundSettings settings, string equals, bool quoted)
    {
        List<(string Name, string Value)> all =
        [
            ("n", Number(settings.Samples)),
            ("temperature", Number(settings.Temperature)),
            ("top_p", Number(settings.TopP)),
            ("seed", Number(settings.Seed)),
            ("max_tokens", Number(settings.MaxTokens)),
        ];
        if (settings.TopK > 0)
            all.Insert(3, ("top_k", Number(settings.TopK)));
        var quote = quoted ? "\"" : "";
        return string.Join(", ", all.Select(one => $"{quote}{one.Name}{quote}{equals}{one.Value}"));
    }

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>A text as JSON, C# and Python write it between quotes.</summary>
    internal static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var character in text)
        {
            _ = character switch
            {
                '"' or '\\' => quoted.Append('\\').Append(character),
                '\n' => quoted.Append("\\n"),
                '\r' => quoted.Append("\\r"),
                '\t' => quoted.Append("\\t"),
                < ' ' or '\u2028' or '\u2029' or '\u0085' => quoted.Append(
                    CultureInfo.InvariantCulture,
                    $"\\u{(int)character:x4}"
                ),
                _ => quoted.Append(character),
            };
        }
        return quoted.Append('"').ToString();
    }

    /// <summary>A text in a shell's here-document, which reads dollars, backticks and backslashes.</summary>
    private static string InHere(string text) =>
        Quoted(text)
            .Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("$", "\\$", StringComparison.Ordinal)
            .Replace("`", "\\`", StringComparison.Ordinal);
}

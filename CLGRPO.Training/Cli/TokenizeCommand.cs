using System.CommandLine;
using CLGRPO.Training.Tokenization;

namespace CLGRPO.Training.Cli;

/// <summary><c>tokenize</c>: the ids of a text.</summary>
internal static class TokenizeCommand
{
    public static Command Create()
    {
        var model = new Option<string>("--model")
        {
            Description = "A model's folder, or a tokenizer.json",
            Required = true,
        };
        var special = new Option<bool>("--special")
        {
            Description = "Special tokens in the text are special tokens, not text",
        };
        var text = new Argument<string>("text") { Description = "What to cut into tokens" };
        var command = new Command("tokenize", "Prints the token ids of a text, and the tokens")
        {
            model,
            special,
            text,
        };
        command.SetAction(parsed =>
        {
            var path = parsed.GetValue(model)!;
            var tokenizer = Directory.Exists(path) ? TokenizerFiles.Load(path) : Tokenizer.Load(path);
            var ids = tokenizer.Encode(parsed.GetValue(text)!, parsed.GetValue(special));
            Console.WriteLine(string.Join(' ', ids));
            Console.WriteLine(string.Join(' ', ids.Select(tokenizer.TokenOf)));
        });
        return command;
    }
}

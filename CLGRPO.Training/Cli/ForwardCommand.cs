using System.CommandLine;
using System.Runtime.InteropServices;
using CLGRPO.Training.Batches;
using CLGRPO.Training.Checkpoints;
using CLGRPO.Training.Checkpoints.Safetensors;
using CLGRPO.Training.Stages;
using static TorchSharp.torch;

namespace CLGRPO.Training.Cli;

/// <summary><c>forward</c>: a prompt's logits, to hold beside another implementation's.</summary>
internal static class ForwardCommand
{
    public static Command Create()
    {
        var model = CommonOptions.Model();
        var images = CommonOptions.Images();
        var prompt = CommonOptions.Prompt();
        var system = CommonOptions.System();
        var output = new Option<string?>("--output")
        {
            Description = "The safetensors file to write: input_ids [tokens], logits [tokens, vocabulary]",
            Required = true,
        };
        var device = CommonOptions.Device();
        var command = new Command(
            "forward",
            "Writes the logits of every token of a prompt, the chat's control tokens included"
        )
        {
            model,
            images,
            prompt,
            system,
            output,
            device,
        };
        command.SetAction(parsed =>
        {
            var path = CommonOptions.OutputPath(parsed, output)!;
            var (tokens, vocabulary) = Forward(
                parsed.GetValue(model)!,
                parsed.GetValue(images)!,
                parsed.GetValue(system),
                parsed.GetValue(prompt),
                path,
                CommonOptions.DeviceOf(parsed, device)
            );
            parsed.InvocationConfiguration.Output.WriteLine(
                $"{path}: logits of {tokens} tokens over a vocabulary of {vocabulary}"
            );
        });
        return command;
    }

    private static (int Tokens, int Vocabulary) Forward(
        string folder,
        string[] images,
        string? system,
        string? prompt,
        string output,
        Device device
    )
    {
        var trained = TrainedModel.Find(folder);
        var texts = TrainedModel.Texts(trained, system, prompt);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var model = PretrainedModel.Load(folder, device);
        var question = new Question(model, trained, texts.System, texts.Question, images);
        // Every token predicts the next; what the last one's target is does not touch its logits.
        var batch = TokenBatch.OfSequences(
            [(question.Ids[..1], [.. question.Ids[1..], 0])],
            model.Model.Config,
            device
        );
        var hidden = model.Model.Forward(batch, question.Features(model.Model));
        var logits = nn.functional.linear(hidden, model.Model.Decoder.Head).cpu().contiguous();
        Save(output, question.Ids, logits);
        return (question.Ids.Length, (int)logits.shape[1]);
    }

    private static void Save(string path, int[] ids, Tensor logits)
    {
        var values = logits.data<float>().ToArray();
        long[] longIds = [.. ids.Select(id => (long)id)];
        SafetensorsWriter.Write(
            path,
            [
                new(
                    "input_ids",
                    SafetensorsDtype.I64,
                    [ids.Length],
                    stream => stream.Write(MemoryMarshal.AsBytes(longIds.AsSpan()))
                ),
                new(
                    "logits",
                    SafetensorsDtype.F32,
                    logits.shape,
                    stream => stream.Write(MemoryMarshal.AsBytes(values.AsSpan()))
                ),
            ]
        );
    }
}

namespace CLGRPO.Data.Images;

/// <summary>A picture was refused. The message is fit for whoever sent it: it holds nothing of the decoder's insides.</summary>
public sealed class ImageException(string message) : Exception(message)
{
    internal static ImageException Damaged(string format) => new($"The {format} picture is damaged or cut short.");
}

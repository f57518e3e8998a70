namespace CLGRPO.Data.Images;

/// <summary>Tells pictures by their first bytes.</summary>
public static class ImageKind
{
    private const int HeadBytes = 16;

    /// <summary><c>.png</c>, <c>.jpg</c> or <c>.webp</c>; empty for anything else.</summary>
    public static string ExtensionOf(string path)
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        using var file = File.OpenHandle(path);
        head = head[..RandomAccess.Read(file, head, 0)];
        return head.StartsWith(PngContainer.Magic) ? ".png"
            : head.StartsWith(JpegContainer.Magic) ? ".jpg"
            : WebpContainer.HasMagic(head) ? ".webp"
            : "";
    }
}

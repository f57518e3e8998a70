namespace CLGRPO.Data.Images;

/// <summary>Takes the rows of a stored picture and puts each pixel where it lies in the upright one.</summary>
/// <remarks>
/// Source: EXIF 2.32, tag 0x0112. Each of the eight orientations is an affine map: a start, a step per stored column and a
/// step per stored row, all in bytes of the upright picture.
/// </remarks>
internal sealed class OrientedPixels
{
    private readonly byte[] _pixels;
    private readonly byte[] _row;
    private readonly int _storedWidth;
    private readonly int _width;
    private readonly int _height;
    private readonly int _start;
    private readonly int _columnStep;
    private readonly int _rowStep;

    /// <summary>Whether the stored picture's width is the upright one's height.</summary>
    public static bool IsTurned(int orientation) => orientation >= 5;

    public OrientedPixels(int storedWidth, int storedHeight, int orientation)
    {
        var isTurned = IsTurned(orientation);
        _storedWidth = storedWidth;
        (_width, _height) = isTurned ? (storedHeight, storedWidth) : (storedWidth, storedHeight);
        _pixels = new byte[_width * _height * 3];
        _row = new byte[storedWidth * 4];
        var isRightToLeft = orientation is 2 or 3 or 7 or 8;
        var isBottomToTop = orientation is 3 or 4 or 6 or 7;
        // Steps along the upright picture's axes.
        var (x, y) = (3, _width * 3);
        if (isTurned)
        {
            // 5 transposes, 6 turns right, 7 transverses, 8 turns left: stored columns run down or up, rows right or left.
            _columnStep = isRightToLeft ? -y : y;
            _rowStep = isBottomToTop ? -x : x;
        }
        else
        {
            _columnStep = isRightToLeft ? -x : x;
            _rowStep = isBottomToTop ? -y : y;
        }
        _start =
            (_columnStep < 0 ? -_columnStep * (storedWidth - 1) : 0)
            + (_rowStep < 0 ? -_rowStep * (storedHeight - 1) : 0);
    }

    public void WriteRow(int storedRow, ReadOnlySpan<byte> stored, PixelFormat format)
    {
        var row = format.To8Bits(stored, _row);
        var position = _start + (storedRow * _rowStep);
        if (format.Bands == 3 && _columnStep == 3)
        {
            row.CopyTo(_pixels.AsSpan(position));
            return;
        }
        for (var column = 0; column < _storedWidth; column++, position += _columnStep)
        {
            var (r, g, b) = format.ToRgb(row.Slice(column * format.Bands, format.Bands));
            _pixels[position] = r;
            _pixels[position + 1] = g;
            _pixels[position + 2] = b;
        }
    }

    public RgbImage ToImage() => new(_width, _height, _pixels);
}

using System.Reflection;
using TorchSharp.Interop;

namespace CLGRPO.Training.Tests.Torch;

public sealed class OperatorTests
{
    /// <summary>Operators that libtorch has only from 2.0 on; the binding composes them before.</summary>
    private static readonly string[] s_newer = [nameof(Aten.scaled_dot_product_attention)];

    [Fact]
    public void Exists_OfEveryDeclaredOperator_IsTrue()
    {
        var missing = typeof(Aten)
            .GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(field => !((Operator)field.GetValue(null)!).Exists)
            .Select(field => field.Name);

        Assert.Empty(missing.Except(s_newer));
    }
}

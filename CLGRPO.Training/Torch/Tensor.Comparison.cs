using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public sealed partial class Tensor
    {
        public Tensor eq(Tensor target) => Aten.eq.Call(this, target);

        public Tensor eq(Scalar target) => Aten.eq_scalar.Call(this, target);

        public Tensor eq_(Tensor target) => Aten.eq_.Run(this, target);

        public Tensor eq_(Scalar target) => Aten.eq_scalar_.Run(this, target);

        public Tensor equal(Tensor target) => eq(target);

        public Tensor ne(Tensor target) => Aten.ne.Call(this, target);

        public Tensor ne(Scalar target) => Aten.ne_scalar.Call(this, target);

        public Tensor ne_(Tensor target) => Aten.ne_.Run(this, target);

        public Tensor ne_(Scalar target) => Aten.ne_scalar_.Run(this, target);

        public Tensor not_equal(Tensor target) => ne(target);

        public Tensor lt(Tensor target) => Aten.lt.Call(this, target);

        public Tensor lt(Scalar target) => Aten.lt_scalar.Call(this, target);

        public Tensor lt_(Tensor target) => Aten.lt_.Run(this, target);

        public Tensor lt_(Scalar target) => Aten.lt_scalar_.Run(this, target);

        public Tensor less(Tensor target) => lt(target);

        public Tensor le(Tensor target) => Aten.le.Call(this, target);

        public Tensor le(Scalar target) => Aten.le_scalar.Call(this, target);

        public Tensor le_(Tensor target) => Aten.le_.Run(this, target);

        public Tensor le_(Scalar target) => Aten.le_scalar_.Run(this, target);

        public Tensor less_equal(Tensor target) => le(target);

        public Tensor gt(Tensor target) => Aten.gt.Call(this, target);

        public Tensor gt(Scalar target) => Aten.gt_scalar.Call(this, target);

        public Tensor gt_(Tensor target) => Aten.gt_.Run(this, target);

        public Tensor gt_(Scalar target) => Aten.gt_scalar_.Run(this, target);

        public Tensor greater(Tensor target) => gt(target);

        public Tensor ge(Tensor target) => Aten.ge.Call(this, target);

        public Tensor ge(Scalar target) => Aten.ge_scalar.Call(this, target);

        public Tensor ge_(Tensor target) => Aten.ge_.Run(this, target);

        public Tensor ge_(Scalar target) => Aten.ge_scalar_.Run(this, target);

        public Tensor greater_equal(Tensor target) => ge(target);

        public static Tensor operator ==(Tensor left, Tensor right) => left.eq(right);

        public static Tensor operator ==(Tensor left, Scalar right) => left.eq(right);

        public static Tensor operator ==(Scalar left, Tensor right) => right.eq(left);

        public static Tensor operator !=(Tensor left, Tensor right) => left.ne(right);

        public static Tensor operator !=(Tensor left, Scalar right) => left.ne(right);

        public static Tensor operator !=(Scalar left, Tensor right) => right.ne(left);

        public static Tensor operator <(Tensor left, Tensor right) => left.lt(right);

        public static Tensor operator <(Tensor left, Scalar right) => left.lt(right);

        public static Tensor operator <(Scalar left, Tensor right) => right.gt(left);

        public static Tensor operator <=(Tensor left, Tensor right) => left.le(right);

        public static Tensor operator <=(Tensor left, Scalar right) => left.le(right);

        public static Tensor operator <=(Scalar left, Tensor right) => right.ge(left);

        public static Tensor operator >(Tensor left, Tensor right) => left.gt(right);

        public static Tensor operator >(Tensor left, Scalar right) => left.gt(right);

        public static Tensor operator >(Scalar left, Tensor right) => right.lt(left);

        public static Tensor operator >=(Tensor left, Tensor right) => left.ge(right);

        public static Tensor operator >=(Tensor left, Scalar right) => left.ge(right);

        public static Tensor operator >=(Scalar left, Tensor right) => right.le(left);

        public bool allclose(Tensor target, double rtol = 1e-05, double atol = 1e-08, bool equal_nan = false) =>
            Aten.allclose.CallBool(this, target, rtol, atol, equal_nan);

        public Tensor isclose(Tensor other, double rtol = 1e-05, double atol = 1e-08, bool nanEqual = false) =>
            Aten.isclose.Call(this, other, rtol, atol, nanEqual);
    }
}

using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public enum RoundingMode
    {
        None,
        trunc,
        floor,
    }

    public sealed partial class Tensor
    {
        public Tensor add(Tensor target) => Aten.add.Call(this, target);

        public Tensor add(Tensor target, Scalar alpha) => Aten.add.Call(this, target, alpha);

        public Tensor add(Scalar scalar) => Aten.add_scalar.Call(this, scalar);

        public Tensor add(Scalar scalar, Scalar alpha) => Aten.add_scalar.Call(this, scalar, alpha);

        public Tensor add_(Tensor target) => Aten.add_.Run(this, target);

        public Tensor add_(Tensor target, Scalar alpha) => Aten.add_.Run(this, target, alpha);

        public Tensor add_(Scalar scalar) => Aten.add_scalar_.Run(this, scalar);

        public Tensor add_(Scalar scalar, Scalar alpha) => Aten.add_scalar_.Run(this, scalar, alpha);

        public Tensor sub(Tensor target) => Aten.sub.Call(this, target);

        public Tensor sub(Scalar target) => Aten.sub_scalar.Call(this, target);

        public Tensor sub_(Tensor target) => Aten.sub_.Run(this, target);

        public Tensor sub_(Scalar target) => Aten.sub_scalar_.Run(this, target);

        public Tensor mul(Tensor target) => Aten.mul.Call(this, target);

        public Tensor mul(Scalar target) => Aten.mul_scalar.Call(this, target);

        public Tensor mul_(Tensor target) => Aten.mul_.Run(this, target);

        public Tensor mul_(Scalar target) => Aten.mul_scalar_.Run(this, target);

        public Tensor remainder(Tensor target) => Aten.remainder.Call(this, target);

        public Tensor remainder(Scalar scalar) => Aten.remainder_scalar.Call(this, scalar);

        public Tensor remainder_(Tensor target) => Aten.remainder_.Run(this, target);

        public Tensor remainder_(Scalar scalar) => Aten.remainder_scalar_.Run(this, scalar);

        public Tensor fmod(Tensor target) => Aten.fmod.Call(this, target);

        public Tensor fmod(Scalar scalar) => Aten.fmod_scalar.Call(this, scalar);

        public Tensor fmod_(Tensor target) => Aten.fmod_.Run(this, target);

        public Tensor fmod_(Scalar scalar) => Aten.fmod_scalar_.Run(this, scalar);

        public Tensor pow(Tensor exponent) => Aten.pow.Call(this, exponent);

        public Tensor pow(Scalar exponent) => Aten.pow_scalar.Call(this, exponent);

        public Tensor pow_(Tensor exponent) => Aten.pow_.Run(this, exponent);

        public Tensor pow_(Scalar exponent) => Aten.pow_scalar_.Run(this, exponent);

        public Tensor div(Tensor target, RoundingMode rounding_mode = RoundingMode.None) =>
            rounding_mode == RoundingMode.None
                ? Aten.div.Call(this, target)
                : Aten.div_mode.Call(this, target, rounding_mode.ToString());

        public Tensor div(Scalar target, RoundingMode rounding_mode = RoundingMode.None) =>
            rounding_mode == RoundingMode.None
                ? Aten.div_scalar.Call(this, target)
                : Aten.div_scalar_mode.Call(this, target, rounding_mode.ToString());

        public Tensor div_(Tensor target, RoundingMode rounding_mode = RoundingMode.None)
        {
            if (rounding_mode == RoundingMode.None)
                Aten.div_.Run(this, target);
            else
                Aten.div_mode_.Run(this, target, rounding_mode.ToString());
            return this;
        }

        public Tensor div_(Scalar target, RoundingMode rounding_mode = RoundingMode.None)
        {
            if (rounding_mode == RoundingMode.None)
                Aten.div_scalar_.Run(this, target);
            else
                Aten.div_scalar_mode_.Run(this, target, rounding_mode.ToString());
            return this;
        }

        public Tensor floor_divide(Tensor other) => Aten.floor_divide.Call(this, other);

        public Tensor floor_divide(Scalar other) => Aten.floor_divide_scalar.Call(this, other);

        public Tensor logical_and(Tensor other) => Aten.logical_and.Call(this, other);

        public Tensor logical_and_(Tensor other) => Aten.logical_and_.Run(this, other);

        public Tensor logical_or(Tensor other) => Aten.logical_or.Call(this, other);

        public Tensor logical_or_(Tensor other) => Aten.logical_or_.Run(this, other);

        public Tensor logical_xor(Tensor other) => Aten.logical_xor.Call(this, other);

        public Tensor logical_xor_(Tensor other) => Aten.logical_xor_.Run(this, other);

        public Tensor bitwise_and(Tensor other) => Aten.bitwise_and.Call(this, other);

        public Tensor bitwise_and_(Tensor other) => Aten.bitwise_and_.Run(this, other);

        public Tensor bitwise_or(Tensor other) => Aten.bitwise_or.Call(this, other);

        public Tensor bitwise_or_(Tensor other) => Aten.bitwise_or_.Run(this, other);

        public Tensor bitwise_xor(Tensor other) => Aten.bitwise_xor.Call(this, other);

        public Tensor bitwise_xor_(Tensor other) => Aten.bitwise_xor_.Run(this, other);

        /// <summary>Of signed numbers the sign moves in from the left.</summary>
        public Tensor bitwise_right_shift(Tensor other) => Aten.bitwise_right_shift.Call(this, other);

        public Tensor maximum(Tensor other) => Aten.maximum.Call(this, other);

        public Tensor minimum(Tensor other) => Aten.minimum.Call(this, other);

        public Tensor atan2(Tensor other) => Aten.atan2.Call(this, other);

        public Tensor xlogy(Tensor y) => Aten.xlogy.Call(this, y);

        public Tensor logaddexp(Tensor other) => Aten.logaddexp.Call(this, other);

        public Tensor addcmul(Tensor tensor1, Tensor tensor2, Scalar value) =>
            Aten.addcmul.Call(this, tensor1, tensor2, value);

        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) =>
            Aten.addcmul_.Run(this, tensor1, tensor2, value);

        public Tensor addcdiv(Tensor tensor1, Tensor tensor2, Scalar value) =>
            Aten.addcdiv.Call(this, tensor1, tensor2, value);

        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value) =>
            Aten.addcdiv_.Run(this, tensor1, tensor2, value);

        public Tensor addcdiv(Tensor tensor1, Tensor tensor2) => addcdiv(tensor1, tensor2, 1);

        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2) => addcdiv_(tensor1, tensor2, 1);

        public Tensor lerp(Tensor end, Tensor weight) => Aten.lerp.Call(this, end, weight);

        public Tensor lerp_(Tensor end, Tensor weight) => Aten.lerp_.Run(this, end, weight);

        public Tensor clamp(Scalar? min = null, Scalar? max = null) => Aten.clamp.Call(this, min, max);

        public Tensor clamp(Tensor? min = null, Tensor? max = null) => Aten.clamp_tensor.Call(this, min, max);

        public Tensor clamp_(Scalar? min = null, Scalar? max = null) => Aten.clamp_.Run(this, min, max);

        public Tensor clamp_(Tensor? min = null, Tensor? max = null) => Aten.clamp_tensor_.Run(this, min, max);

        public Tensor clamp_max(Scalar max) => Aten.clamp_max.Call(this, max);

        public Tensor clamp_max_(Scalar max) => Aten.clamp_max_.Run(this, max);

        public Tensor clamp_min(Scalar min) => Aten.clamp_min.Call(this, min);

        public Tensor clamp_min_(Scalar min) => Aten.clamp_min_.Run(this, min);
    }
}

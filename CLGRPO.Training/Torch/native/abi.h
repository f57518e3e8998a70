// The C ABI between the managed binding and libtorch.
//
// A tensor handle is a TensorImpl* that owns one reference. A function that can fail returns -1 or null
// and leaves libtorch's words in torch_last_error() of the same thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <exception>
#include <string>

#define CLGRPO_API extern "C" __attribute__((visibility("default")))

namespace clgrpo {

using Handle = c10::TensorImpl*;

// Mirrors Torch/Interop/NativeValue.cs.
enum class Tag : int32_t {
  None = 0,
  Tensor = 1,
  Int = 2,
  Double = 3,
  Bool = 4,
  IntList = 5,
  DoubleList = 6,
  TensorList = 7,
  OptionalTensorList = 8,
  String = 9,
  Device = 10,
  Generator = 11,
};

struct Value {
  Tag tag;
  int32_t length;  // of a list or string
  union {
    int64_t integer;  // also bool; a device is (index << 8) | type
    double real;
    void* pointer;
  };
};
static_assert(sizeof(Value) == 16, "NativeValue.cs lays the struct out as 16 bytes");

inline at::Tensor borrow(Handle handle) {
  return at::Tensor(c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim_copy(handle));
}

inline at::Tensor borrow_or_undefined(Handle handle) {
  return handle == nullptr ? at::Tensor() : borrow(handle);
}

inline Handle give(at::Tensor tensor) {
  return tensor.defined() ? tensor.unsafeReleaseTensorImpl() : nullptr;
}

inline c10::Device device_of(int64_t code) {
  return c10::Device(
      static_cast<c10::DeviceType>(code & 0xff), static_cast<c10::DeviceIndex>(code >> 8));
}

void remember(const std::exception& error);

// Runs work and returns its result; on an exception remembers the text and returns the failure value.
template <typename Result, typename Work>
Result guarded(Result failure, Work&& work) noexcept {
  try {
    return work();
  } catch (const std::exception& error) {
    remember(error);
    return failure;
  }
}

}  // namespace clgrpo

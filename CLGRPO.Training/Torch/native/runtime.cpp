// What is not an operator: handles and their metadata, autograd, random numbers, threads, devices, errors.
#include "abi.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/core/Generator.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/Exception.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/version.h>

#include <mutex>
#include <vector>

namespace clgrpo {
namespace {

thread_local std::string last_error;

std::vector<at::Tensor> borrow_all(const Handle* handles, int32_t count) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(count);
  for (int32_t i = 0; i < count; i++) tensors.push_back(borrow_or_undefined(handles[i]));
  return tensors;
}

}  // namespace

void remember(const std::exception& error) {
  auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  last_error = torch_error != nullptr ? torch_error->what_without_backtrace() : error.what();
}

}  // namespace clgrpo

using namespace clgrpo;

CLGRPO_API const char* torch_last_error() {
  return last_error.c_str();
}

CLGRPO_API const char* torch_version() {
  return TORCH_VERSION;
}

// --- handles -------------------------------------------------------------------------------------

CLGRPO_API void tensor_release(Handle handle) {
  c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim(handle);
}

CLGRPO_API Handle tensor_alias(Handle handle) {
  return give(borrow(handle));
}

CLGRPO_API int64_t tensor_dim(Handle handle) {
  return handle->dim();
}

CLGRPO_API int64_t tensor_numel(Handle handle) {
  return handle->numel();
}

CLGRPO_API int64_t tensor_item_size(Handle handle) {
  return static_cast<int64_t>(handle->itemsize());
}

CLGRPO_API int32_t tensor_dtype(Handle handle) {
  return static_cast<int32_t>(c10::typeMetaToScalarType(handle->dtype()));
}

// (index << 8) | type, as in a Value.
CLGRPO_API int64_t tensor_device(Handle handle) {
  auto device = handle->device();
  return static_cast<int64_t>(device.index()) * 256 + static_cast<uint8_t>(device.type());
}

CLGRPO_API void tensor_sizes(Handle handle, int64_t* sizes) {
  auto from = handle->sizes();
  std::copy(from.begin(), from.end(), sizes);
}

CLGRPO_API void tensor_strides(Handle handle, int64_t* strides) {
  auto from = handle->strides();
  std::copy(from.begin(), from.end(), strides);
}

CLGRPO_API int64_t tensor_storage_offset(Handle handle) {
  return handle->storage_offset();
}

CLGRPO_API bool tensor_is_contiguous(Handle handle) {
  return handle->is_contiguous();
}

CLGRPO_API int32_t tensor_data(Handle handle, void** data) {
  return guarded<int32_t>(-1, [&] {
    *data = borrow(handle).data_ptr();
    return 0;
  });
}

// --- autograd ------------------------------------------------------------------------------------

CLGRPO_API bool tensor_requires_grad(Handle handle) {
  return borrow(handle).requires_grad();
}

CLGRPO_API bool tensor_is_leaf(Handle handle) {
  return borrow(handle).is_leaf();
}

CLGRPO_API int32_t tensor_set_requires_grad(Handle handle, bool value) {
  return guarded<int32_t>(-1, [&] {
    borrow(handle).set_requires_grad(value);
    return 0;
  });
}

CLGRPO_API int32_t tensor_retain_grad(Handle handle) {
  return guarded<int32_t>(-1, [&] {
    borrow(handle).retain_grad();
    return 0;
  });
}

// Null where the tensor has no gradient.
CLGRPO_API Handle tensor_grad(Handle handle) {
  return give(borrow(handle).grad());
}

CLGRPO_API int32_t tensor_set_grad(Handle handle, Handle grad) {
  return guarded<int32_t>(-1, [&] {
    borrow(handle).mutable_grad() = borrow_or_undefined(grad);
    return 0;
  });
}

CLGRPO_API int32_t autograd_backward(
    const Handle* tensors, int32_t tensor_count, const Handle* grads, int32_t grad_count,
    bool retain_graph, bool create_graph, const Handle* inputs, int32_t input_count) {
  return guarded<int32_t>(-1, [&] {
    torch::autograd::backward(
        borrow_all(tensors, tensor_count), borrow_all(grads, grad_count), retain_graph, create_graph,
        borrow_all(inputs, input_count));
    return 0;
  });
}

// Writes input_count gradients; null for an unused input.
CLGRPO_API int32_t autograd_grad(
    const Handle* outputs, int32_t output_count, const Handle* inputs, int32_t input_count,
    const Handle* grads, int32_t grad_count, bool retain_graph, bool create_graph, bool allow_unused,
    Handle* results) {
  return guarded<int32_t>(-1, [&] {
    auto found = torch::autograd::grad(
        borrow_all(outputs, output_count), borrow_all(inputs, input_count), borrow_all(grads, grad_count),
        retain_graph, create_graph, allow_unused);
    for (int32_t i = 0; i < input_count; i++) results[i] = give(std::move(found[i]));
    return 0;
  });
}

CLGRPO_API bool autograd_is_enabled() {
  return c10::GradMode::is_enabled();
}

CLGRPO_API void autograd_set_enabled(bool enabled) {
  c10::GradMode::set_enabled(enabled);
}

CLGRPO_API void* autograd_enter_inference_mode(bool enabled) {
  return new c10::InferenceMode(enabled);
}

CLGRPO_API void autograd_leave_inference_mode(void* guard) {
  delete static_cast<c10::InferenceMode*>(guard);
}

// --- random numbers ------------------------------------------------------------------------------

// The generator that operators use when they are given none; freed like any other.
CLGRPO_API at::Generator* generator_default(int64_t device) {
  return guarded<at::Generator*>(nullptr, [&] {
    return new at::Generator(at::globalContext().defaultGenerator(device_of(device)));
  });
}

CLGRPO_API at::Generator* generator_new(int64_t device, int64_t seed) {
  return guarded<at::Generator*>(nullptr, [&] {
    auto fresh = at::globalContext().defaultGenerator(device_of(device)).clone();
    fresh.set_current_seed(static_cast<uint64_t>(seed));
    return new at::Generator(std::move(fresh));
  });
}

CLGRPO_API void generator_release(at::Generator* generator) {
  delete generator;
}

CLGRPO_API int32_t generator_set_seed(at::Generator* generator, int64_t seed) {
  return guarded<int32_t>(-1, [&] {
    std::lock_guard<std::mutex> lock(generator->mutex());
    generator->set_current_seed(static_cast<uint64_t>(seed));
    return 0;
  });
}

CLGRPO_API int64_t generator_random_seed(at::Generator* generator) {
  std::lock_guard<std::mutex> lock(generator->mutex());
  return static_cast<int64_t>(generator->seed());
}

CLGRPO_API int64_t generator_current_seed(at::Generator* generator) {
  std::lock_guard<std::mutex> lock(generator->mutex());
  return static_cast<int64_t>(generator->current_seed());
}

CLGRPO_API Handle generator_state(at::Generator* generator) {
  return guarded<Handle>(nullptr, [&] {
    std::lock_guard<std::mutex> lock(generator->mutex());
    return give(generator->get_state());
  });
}

CLGRPO_API int32_t generator_set_state(at::Generator* generator, Handle state) {
  return guarded<int32_t>(-1, [&] {
    std::lock_guard<std::mutex> lock(generator->mutex());
    generator->set_state(borrow(state));
    return 0;
  });
}

// Seeds the CPU's and every GPU's default generator.
CLGRPO_API int32_t torch_manual_seed(int64_t seed) {
  return guarded<int32_t>(-1, [&] {
    at::manual_seed(static_cast<uint64_t>(seed));
    return 0;
  });
}

// --- threads and devices -------------------------------------------------------------------------

CLGRPO_API int32_t torch_get_threads() {
  return at::get_num_threads();
}

CLGRPO_API int32_t torch_set_threads(int32_t count) {
  return guarded<int32_t>(-1, [&] {
    at::set_num_threads(count);
    return 0;
  });
}

CLGRPO_API int32_t torch_get_interop_threads() {
  return static_cast<int32_t>(at::get_num_interop_threads());
}

CLGRPO_API int32_t torch_set_interop_threads(int32_t count) {
  return guarded<int32_t>(-1, [&] {
    at::set_num_interop_threads(count);
    return 0;
  });
}

CLGRPO_API int32_t cuda_device_count() {
  return guarded<int32_t>(0, [&]() -> int32_t {
    return at::hasCUDA() ? c10::impl::VirtualGuardImpl(c10::DeviceType::CUDA).deviceCount() : 0;
  });
}

// A negative index means the current GPU.
CLGRPO_API int32_t cuda_synchronize(int32_t index) {
  return guarded<int32_t>(-1, [&] {
    TORCH_CHECK(at::hasCUDA(), "there is no CUDA in this libtorch to synchronize with");
    if (index < 0) index = c10::impl::VirtualGuardImpl(c10::DeviceType::CUDA).getDevice().index();
    at::detail::getCUDAHooks().deviceSynchronize(static_cast<c10::DeviceIndex>(index));
    return 0;
  });
}

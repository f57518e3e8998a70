// What CUDA offers beyond operators: memory statistics and graphs. These need CUDA's own headers, since libtorch's
// CUDA headers include them; without (CLGRPO_CUDA is 0) every function is still there and says what is missing.
#include "abi.h"

#include <ATen/core/dispatch/Dispatcher.h>

#if CLGRPO_CUDA
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <optional>
#endif

using namespace clgrpo;

// Whether this libtorch has CUDA kernels, GPU or not.
CLGRPO_API int32_t cuda_is_built() {
  return guarded<int32_t>(0, [&]() -> int32_t {
    auto empty = c10::Dispatcher::singleton().findSchema({"aten::empty", "memory_format"});
    return empty.has_value() && empty->hasKernelForDispatchKey(c10::DispatchKey::CUDA);
  });
}

CLGRPO_API int32_t cuda_has_extras() {
  return CLGRPO_CUDA;
}

#if CLGRPO_CUDA

namespace {

// A graph while it is recorded: what is current on the way in is current again on the way out.
struct Graph {
  at::cuda::CUDAGraph graph;
  std::optional<c10::cuda::CUDAStreamGuard> stream;
};

// One stream for all recordings of a device: cuBLAS keeps a workspace for each stream it meets.
c10::cuda::CUDAStream capture_stream(c10::DeviceIndex device) {
  thread_local std::optional<c10::cuda::CUDAStream> stream;
  if (!stream || stream->device_index() != device) stream = c10::cuda::getStreamFromPool(false, device);
  return *stream;
}

c10::DeviceIndex index_of(int32_t device) {
  return device < 0 ? c10::cuda::current_device() : static_cast<c10::DeviceIndex>(device);
}

}  // namespace

CLGRPO_API int64_t cuda_peak_bytes(int32_t device) {
  return guarded<int64_t>(-1, [&] {
    auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(index_of(device));
    return static_cast<int64_t>(stats.allocated_bytes[0].peak);  // 0: both pools together
  });
}

CLGRPO_API int32_t cuda_reset_peak(int32_t device) {
  return guarded<int32_t>(-1, [&] {
    c10::cuda::CUDACachingAllocator::resetPeakStats(index_of(device));
    return 0;
  });
}

CLGRPO_API int32_t cuda_empty_cache() {
  return guarded<int32_t>(-1, [&] {
    c10::cuda::CUDACachingAllocator::emptyCache();
    return 0;
  });
}

CLGRPO_API void* cuda_graph_new() {
  return guarded<void*>(nullptr, [&]() -> void* { return new Graph(); });
}

// From here to the end the thread's work on the device is recorded instead of done.
CLGRPO_API int32_t cuda_graph_begin(void* handle, int32_t device) {
  auto& graph = *static_cast<Graph*>(handle);
  return guarded<int32_t>(-1, [&] {
    graph.stream.emplace(capture_stream(index_of(device)));  // makes its device the current one too
    try {
      c10::cuda::device_synchronize();
      // Of this thread only: a finalizer of another may free a tensor meanwhile.
      graph.graph.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
    } catch (...) {
      graph.stream.reset();
      throw;
    }
    return 0;
  });
}

CLGRPO_API int32_t cuda_graph_end(void* handle) {
  auto& graph = *static_cast<Graph*>(handle);
  auto code = guarded<int32_t>(-1, [&] {
    graph.graph.capture_end();
    return 0;
  });
  graph.stream.reset();
  return code;
}

CLGRPO_API void cuda_graph_abandon(void* handle) {
  auto& graph = *static_cast<Graph*>(handle);
  try {
    graph.graph.capture_end();
  } catch (const std::exception&) {  // NOLINT: an invalid recording cannot end well, only end
  }
  graph.stream.reset();
}

CLGRPO_API int32_t cuda_graph_replay(void* handle) {
  return guarded<int32_t>(-1, [&] {
    static_cast<Graph*>(handle)->graph.replay();
    return 0;
  });
}

CLGRPO_API void cuda_graph_free(void* handle) {
  delete static_cast<Graph*>(handle);
}

#else

namespace {

template <typename Result>
Result missing(Result failure) {
  return guarded<Result>(failure, [&]() -> Result {
    TORCH_CHECK(false, "the tensor binding was built without CUDA's headers (cuda_runtime_api.h), so it has neither graphs nor memory statistics");
  });
}

}  // namespace

CLGRPO_API int64_t cuda_peak_bytes(int32_t) { return missing<int64_t>(-1); }
CLGRPO_API int32_t cuda_reset_peak(int32_t) { return missing<int32_t>(-1); }
CLGRPO_API int32_t cuda_empty_cache() { return missing<int32_t>(-1); }
CLGRPO_API void* cuda_graph_new() { return missing<void*>(nullptr); }
CLGRPO_API int32_t cuda_graph_begin(void*, int32_t) { return missing<int32_t>(-1); }
CLGRPO_API int32_t cuda_graph_end(void*) { return missing<int32_t>(-1); }
CLGRPO_API void cuda_graph_abandon(void*) {}
CLGRPO_API int32_t cuda_graph_replay(void*) { return missing<int32_t>(-1); }
CLGRPO_API void cuda_graph_free(void*) {}

#endif

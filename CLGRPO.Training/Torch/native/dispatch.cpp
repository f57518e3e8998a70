// One function that calls any ATen operator by name: arguments become a boxed stack for c10::Dispatcher.
#include "abi.h"

#include <ATen/core/Generator.h>
#include <ATen/core/List.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <ATen/core/stack.h>

#include <cstdlib>
#include <vector>

namespace clgrpo {
namespace {

// c10::optional in older libtorch, std::optional in newer.
using OptionalTensor = decltype(std::declval<const c10::IValue&>().toOptional<at::Tensor>());

c10::IValue to_ivalue(const Value& value) {
  switch (value.tag) {
    case Tag::None:
      return c10::IValue();
    case Tag::Tensor:
      return borrow(static_cast<Handle>(value.pointer));
    case Tag::Int:
      return value.integer;
    case Tag::Double:
      return value.real;
    case Tag::Bool:
      return value.integer != 0;
    case Tag::IntList: {
      auto* items = static_cast<const int64_t*>(value.pointer);
      return c10::IValue(c10::ArrayRef<int64_t>(items, value.length));
    }
    case Tag::DoubleList: {
      auto* items = static_cast<const double*>(value.pointer);
      return c10::IValue(c10::ArrayRef<double>(items, value.length));
    }
    case Tag::TensorList: {
      auto* items = static_cast<const Handle*>(value.pointer);
      c10::List<at::Tensor> list;
      list.reserve(value.length);
      for (int32_t i = 0; i < value.length; i++) list.push_back(borrow(items[i]));
      return list;
    }
    case Tag::OptionalTensorList: {
      auto* items = static_cast<const Handle*>(value.pointer);
      c10::List<OptionalTensor> list;
      list.reserve(value.length);
      for (int32_t i = 0; i < value.length; i++)
        list.push_back(items[i] == nullptr ? OptionalTensor() : OptionalTensor(borrow(items[i])));
      return list;
    }
    case Tag::String:
      return std::string(static_cast<const char*>(value.pointer), value.length);
    case Tag::Device:
      return device_of(value.integer);
    case Tag::Generator:
      return *static_cast<at::Generator*>(value.pointer);
  }
  TORCH_CHECK(false, "unknown argument tag ", static_cast<int32_t>(value.tag));
}

Value give_list(const c10::List<at::Tensor>& list) {
  auto* items = static_cast<Handle*>(std::malloc(sizeof(Handle) * (list.size() + 1)));
  TORCH_CHECK(items != nullptr, "out of memory for a list of ", list.size(), " tensors");
  for (size_t i = 0; i < list.size(); i++) items[i] = give(list.get(i));
  Value value{Tag::TensorList, static_cast<int32_t>(list.size()), {}};
  value.pointer = items;
  return value;
}

Value from_ivalue(c10::IValue&& result) {
  Value value{Tag::None, 0, {0}};
  if (result.isTensor()) {
    value.tag = Tag::Tensor;
    value.pointer = give(std::move(result).toTensor());
  } else if (result.isInt()) {
    value.tag = Tag::Int;
    value.integer = result.toInt();
  } else if (result.isDouble()) {
    value.tag = Tag::Double;
    value.real = result.toDouble();
  } else if (result.isBool()) {
    value.tag = Tag::Bool;
    value.integer = result.toBool();
  } else if (result.isTensorList()) {
    return give_list(result.toTensorList());
  } else if (!result.isNone()) {
    TORCH_CHECK(false, "a result of type ", result.tagKind(), " cannot be handed to managed code");
  }
  return value;
}

}  // namespace
}  // namespace clgrpo

using namespace clgrpo;

// The operator's handle, which lives as long as the process; null where this libtorch does not have it.
CLGRPO_API void* torch_find_operator(const char* name, const char* overload) {
  return guarded<void*>(nullptr, [&]() -> void* {
    auto found = c10::Dispatcher::singleton().findSchema({name, overload});
    return found.has_value() ? new c10::OperatorHandle(*found) : nullptr;
  });
}

// Calls an operator. Arguments left out at the end take the schema's defaults.
// Returns the number of results, each written to results (at most capacity), or -1. Null results: drop them.
CLGRPO_API int32_t torch_call(
    const void* op, const Value* arguments, int32_t count, Value* results, int32_t capacity) {
  return guarded<int32_t>(-1, [&] {
    auto& handle = *static_cast<const c10::OperatorHandle*>(op);
    auto& schema = handle.schema().arguments();
    torch::jit::Stack stack;
    stack.reserve(schema.size());
    for (int32_t i = 0; i < count; i++) stack.push_back(to_ivalue(arguments[i]));
    for (size_t i = count; i < schema.size(); i++) {
      TORCH_CHECK(
          schema[i].default_value().has_value(),
          handle.operator_name(), " needs an argument '", schema[i].name(), "'");
      stack.push_back(*schema[i].default_value());
    }
    handle.callBoxed(&stack);
    auto given = static_cast<int32_t>(stack.size());
    if (results == nullptr) return given;
    TORCH_CHECK(given <= capacity, handle.operator_name(), " returned ", given, " values");
    for (int32_t i = 0; i < given; i++) results[i] = from_ivalue(std::move(stack[i]));
    return given;
  });
}

CLGRPO_API void torch_free(void* memory) {
  std::free(memory);
}

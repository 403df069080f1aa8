// A handle to an n-dimensional array. A copy copies a pointer; views share storage. Arithmetic is in ops/.
//
//   Tensor x = Tensor::empty({rows, hidden});
//   for (float& v : x.data<float>()) v = 0;
//   Tensor first = x.slice(0, 0, 1);  // a view of row 0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "linnet/tensor/device.h"
#include "linnet/tensor/dtype.h"
#include "linnet/tensor/storage.h"

namespace linnet {

using Shape = std::vector<std::int64_t>;
std::string to_string(const Shape& shape);  // "[2, 3]"

struct TensorImpl;
struct GradState;
struct Node;  // defined in ops/autograd; this layer only stores a pointer

class Tensor {
 public:
  Tensor() = default;  // undefined; contextually false
  static Tensor empty(Shape shape, DType type = DType::kF32, Device device = kCpu);
  static Tensor zeros(Shape shape, DType type = DType::kF32, Device device = kCpu);
  static Tensor from(std::span<const float> values, Shape shape);  // on the CPU
  static Tensor from(std::span<const std::int32_t> values);        // rank 1, I32
  // Row-major over existing bytes. `storage` holds at least the bytes of `shape` from `byte_offset` on (checked).
  static Tensor over(std::shared_ptr<Storage> storage, std::size_t byte_offset, Shape shape, DType type);
  explicit operator bool() const { return impl_ != nullptr; }

  const Shape& shape() const;
  int rank() const { return static_cast<int>(shape().size()); }
  std::int64_t size(int dim) const;    // negative dims count from the back
  std::int64_t stride(int dim) const;  // in elements
  std::int64_t numel() const;
  std::size_t bytes() const;  // of the values, not of the storage
  DType dtype() const;
  Device device() const;
  bool contiguous() const;
  const std::shared_ptr<Storage>& storage() const;

  // Views. `reshape` needs contiguous values; -1 is inferred. Quantised tensors can only be sliced by rows.
  // Views of a tensor on the tape are made by ops/shape.h, which records them.
  Tensor reshape(Shape shape) const;
  Tensor transpose(int a, int b) const;
  Tensor slice(int dim, std::int64_t begin, std::int64_t end) const;
  Tensor select(int dim, std::int64_t index) const;  // drops the dimension
  Tensor detach() const;                             // same values, off the tape

  // The CPU's memory; kInvalidArgument for a tensor on another device: copy it with `to(kCpu)`. `data<T>` requires
  // contiguous values of exactly that type (float, std::int32_t, …); `raw` points to the first element of any type.
  template <class T>
  std::span<T> data() const;
  std::byte* raw() const;
  // The address of the first element on its device, an argument of a backend's kernels. No other code reads or writes
  // there.
  std::byte* data_ptr() const;

  // Copies, in PyTorch's words; off the tape. All require contiguous values.
  Tensor to(Device device) const;              // this tensor if it is on the device
  Tensor clone() const;                        // in new memory of its device
  void copy_from(const Tensor& values) const;  // writes values of the same shape and type, from any device
  void zero() const;
  float item() const;  // the value of an f32 tensor of one element, from any device

  // Autograd state; see ops/autograd.h.
  Tensor& set_requires_grad(bool on = true);
  bool requires_grad() const;
  Tensor grad() const;
  void set_grad(Tensor grad) const;
  void clear_grad() const;  // like set_grad({}), but keeps (zeroed) memory of which only known rows were written
  const std::shared_ptr<Node>& node() const;
  void set_node(std::shared_ptr<Node> node) const;
  const std::shared_ptr<GradState>& grad_state() const;  // null until a gradient is required

  TensorImpl* impl() const { return impl_.get(); }
  // True if this handle is the only one to the tensor and its storage, so that it may be written in place.
  bool unique() const;
  bool same(const Tensor& other) const { return impl_ == other.impl_; }

 private:
  explicit Tensor(std::shared_ptr<TensorImpl> impl) : impl_(std::move(impl)) {}
  Tensor view(Shape shape, Shape strides, std::size_t byte_offset) const;
  std::shared_ptr<TensorImpl> impl_;
};

// The tape's state of a tensor. It is separate from the values, so that the tape does not keep values alive that no
// gradient function reads.
struct GradState {
  bool requires_grad = false;
  bool added = false;  // the running gradient function added its part to `grad` itself
  Tensor grad;
  // The only rows of `grad` that may not be zero, ascending; unset: any may. A batch touches few rows of a vocabulary,
  // so readers of its gradient visit only these.
  std::optional<std::vector<std::int32_t>> rows;
  Tensor zeros;  // the memory of such a gradient between steps
  std::shared_ptr<Node> node;

  void forget_rows() {
    rows.reset();
    zeros = {};
  }
};

// The DType of a C++ type.
template <class T>
inline constexpr DType kDTypeOf = DType::kCount;
template <>
inline constexpr DType kDTypeOf<float> = DType::kF32;
template <>
inline constexpr DType kDTypeOf<double> = DType::kF64;
template <>
inline constexpr DType kDTypeOf<std::int32_t> = DType::kI32;
template <>
inline constexpr DType kDTypeOf<std::int64_t> = DType::kI64;
template <>
inline constexpr DType kDTypeOf<std::uint8_t> = DType::kU8;

void require_values(const Tensor& tensor, DType type);  // throws unless defined, contiguous and of that type

template <class T>
std::span<T> Tensor::data() const {
  static_assert(kDTypeOf<T> != DType::kCount);
  require_values(*this, kDTypeOf<T>);
  return {reinterpret_cast<T*>(raw()), static_cast<std::size_t>(numel())};
}

}  // namespace linnet

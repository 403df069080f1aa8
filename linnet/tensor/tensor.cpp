#include "linnet/tensor/tensor.h"

#include <fmt/ranges.h>  // messages format shapes only when thrown

#include <cstring>

#include "linnet/base/error.h"
#include "linnet/tensor/allocator.h"

namespace linnet {

struct TensorImpl {
  std::shared_ptr<Storage> storage;
  std::size_t byte_offset = 0;
  Shape shape, strides;
  DType type = DType::kF32;
  std::shared_ptr<GradState> grad_state;

  GradState& state() {
    if (grad_state == nullptr) grad_state = std::make_shared<GradState>();
    return *grad_state;
  }
};

namespace {

Shape row_major(const Shape& shape) {
  Shape strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

std::int64_t product(const Shape& shape) {
  std::int64_t n = 1;
  for (const std::int64_t size : shape) {
    check(size >= 0, "[tensor] a dimension of {} is negative", shape);
    check(!__builtin_mul_overflow(n, size, &n), "[tensor] {} has too many elements", shape);
  }
  return n;
}

std::size_t values_bytes(const Shape& shape, DType type) {
  const std::int64_t n = product(shape);
  const int block = info(type).block_elements;
  if (block > 1)
    check(!shape.empty() && shape.back() % block == 0, "[tensor] rows of {} do not fill {}'s blocks of {}", shape,
          info(type).name, block);
  std::size_t bytes = 0;
  check(!__builtin_mul_overflow(static_cast<std::size_t>(n / block), static_cast<std::size_t>(info(type).block_bytes),
                                &bytes),
        "[tensor] {} has too many bytes", shape);
  return bytes;
}

std::size_t index_of(const Shape& shape, int dim) {
  const int at = dim < 0 ? dim + static_cast<int>(shape.size()) : dim;
  check(at >= 0 && at < static_cast<int>(shape.size()), "[tensor] {} has no dimension {}", shape, dim);
  return static_cast<std::size_t>(at);
}

}  // namespace

std::string to_string(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

Tensor Tensor::empty(Shape shape, DType type, Device device) {
  const std::size_t bytes = values_bytes(shape, type);
  return over(allocator(device).allocate(bytes), 0, std::move(shape), type);
}

Tensor Tensor::zeros(Shape shape, DType type, Device device) {
  Tensor t = empty(std::move(shape), type, device);
  t.zero();
  return t;
}

Tensor Tensor::from(std::span<const float> values, Shape shape) {
  Tensor t = empty(std::move(shape));
  check(static_cast<std::int64_t>(values.size()) == t.numel(), "[tensor] {} values for shape {}", values.size(),
        t.shape());
  if (!values.empty()) std::memcpy(t.raw(), values.data(), values.size_bytes());
  return t;
}

Tensor Tensor::from(std::span<const std::int32_t> values) {
  Tensor t = empty({static_cast<std::int64_t>(values.size())}, DType::kI32);
  if (!values.empty()) std::memcpy(t.raw(), values.data(), values.size_bytes());
  return t;
}

Tensor Tensor::over(std::shared_ptr<Storage> storage, std::size_t byte_offset, Shape shape, DType type) {
  const std::size_t bytes = values_bytes(shape, type);
  check(byte_offset <= storage->bytes() && bytes <= storage->bytes() - byte_offset,
        "[tensor] {} {} needs {} bytes at {}, the storage has {}", info(type).name, shape, bytes, byte_offset,
        storage->bytes());
  auto impl = std::make_shared<TensorImpl>();
  impl->storage = std::move(storage);
  impl->byte_offset = byte_offset;
  impl->strides = row_major(shape);
  impl->shape = std::move(shape);
  impl->type = type;
  return Tensor(std::move(impl));
}

const Shape& Tensor::shape() const {
  LINNET_ASSERT(impl_ != nullptr);
  return impl_->shape;
}

std::int64_t Tensor::size(int dim) const { return shape()[index_of(shape(), dim)]; }
std::int64_t Tensor::stride(int dim) const { return impl_->strides[index_of(shape(), dim)]; }
std::int64_t Tensor::numel() const { return product(shape()); }
std::size_t Tensor::bytes() const { return values_bytes(shape(), dtype()); }
DType Tensor::dtype() const {
  LINNET_ASSERT(impl_ != nullptr);
  return impl_->type;
}
Device Tensor::device() const { return impl_->storage->device(); }
const std::shared_ptr<Storage>& Tensor::storage() const { return impl_->storage; }
std::byte* Tensor::data_ptr() const { return impl_->storage->data() + impl_->byte_offset; }
std::byte* Tensor::raw() const {
  if (device() != kCpu)  // not `check`: the name is formatted only on error
    fail(ErrorKind::kInvalidArgument, "[tensor] is on device {}; copy it to the CPU to read it", to_string(device()));
  return data_ptr();
}

bool Tensor::contiguous() const {
  std::int64_t expected = 1;
  for (std::size_t i = shape().size(); i-- > 0;) {
    if (shape()[i] != 1 && impl_->strides[i] != expected) return false;
    expected *= shape()[i];
  }
  return true;
}

Tensor Tensor::view(Shape shape, Shape strides, std::size_t byte_offset) const {
  auto impl = std::make_shared<TensorImpl>();
  impl->storage = impl_->storage;
  impl->byte_offset = byte_offset;
  impl->shape = std::move(shape);
  impl->strides = std::move(strides);
  impl->type = impl_->type;
  return Tensor(std::move(impl));
}

Tensor Tensor::reshape(Shape wanted) const {
  check(contiguous(), "[reshape] the values of {} are not contiguous", shape());
  std::int64_t known = 1, *inferred = nullptr;
  for (std::int64_t& size : wanted) {
    if (size == -1)
      inferred = &size;
    else
      known *= size;
  }
  if (inferred != nullptr) *inferred = known == 0 ? 0 : numel() / known;
  check(product(wanted) == numel(), "[reshape] {} has not as many elements as {}", shape(), wanted);
  Shape strides = row_major(wanted);
  return view(std::move(wanted), std::move(strides), impl_->byte_offset);
}

Tensor Tensor::transpose(int a, int b) const {
  check(!info(dtype()).quantized, "[transpose] a {} tensor cannot be transposed", info(dtype()).name);
  Shape sizes = shape(), strides = impl_->strides;
  std::swap(sizes[index_of(sizes, a)], sizes[index_of(sizes, b)]);
  std::swap(strides[index_of(sizes, a)], strides[index_of(sizes, b)]);
  return view(std::move(sizes), std::move(strides), impl_->byte_offset);
}

Tensor Tensor::slice(int dim, std::int64_t begin, std::int64_t end) const {
  const std::size_t at = index_of(shape(), dim);
  check(0 <= begin && begin <= end && end <= shape()[at], "[slice] {}..{} is outside dimension {} of {}", begin, end,
        dim, shape());
  check(!info(dtype()).quantized || at + 1 < shape().size(), "[slice] a {} row cannot be cut", info(dtype()).name);
  Shape sizes = shape();
  sizes[at] = end - begin;
  return view(std::move(sizes), impl_->strides, impl_->byte_offset + row_bytes(dtype(), begin * impl_->strides[at]));
}

Tensor Tensor::select(int dim, std::int64_t index) const {
  const Tensor one = slice(dim, index, index + 1);
  const auto at = static_cast<std::ptrdiff_t>(index_of(shape(), dim));
  Shape sizes = one.shape(), strides = one.impl_->strides;
  sizes.erase(sizes.begin() + at);
  strides.erase(strides.begin() + at);
  return view(std::move(sizes), std::move(strides), one.impl_->byte_offset);
}

Tensor Tensor::to(Device target) const {
  if (device() == target) return *this;
  Tensor copy = empty(shape(), dtype(), target);
  copy.copy_from(*this);
  return copy;
}

Tensor Tensor::clone() const {
  Tensor copy = empty(shape(), dtype(), device());
  copy.copy_from(*this);
  return copy;
}

void Tensor::copy_from(const Tensor& values) const {
  check(shape() == values.shape() && dtype() == values.dtype(), "[copy] {} {} does not fit {} {}",
        info(values.dtype()).name, values.shape(), info(dtype()).name, shape());
  check(contiguous() && values.contiguous(), "[copy] the values of {} are not contiguous", shape());
  if (bytes() == 0) return;
  storage()->changed();
  if (device() == values.device())
    allocator(device()).copy(data_ptr(), values.data_ptr(), bytes());
  else if (device() == kCpu)
    allocator(values.device()).copy_to_cpu(data_ptr(), values.data_ptr(), bytes());
  else
    allocator(device()).copy_from_cpu(data_ptr(), values.to(kCpu).data_ptr(), bytes());
}

void Tensor::zero() const {
  check(contiguous(), "[zero] the values of {} are not contiguous", shape());
  if (bytes() == 0) return;
  storage()->changed();
  allocator(device()).zero(data_ptr(), bytes());
}

float Tensor::item() const {
  check(numel() == 1, "[item] {} has not one element", shape());
  return to(kCpu).data<float>()[0];
}

Tensor Tensor::detach() const { return view(shape(), impl_->strides, impl_->byte_offset); }

bool Tensor::unique() const { return impl_.use_count() == 1 && impl_->storage.use_count() == 1; }
Tensor& Tensor::set_requires_grad(bool on) {
  LINNET_ASSERT(impl_ != nullptr);
  if (on || impl_->grad_state != nullptr) impl_->state().requires_grad = on;
  return *this;
}
bool Tensor::requires_grad() const {
  return impl_ != nullptr && impl_->grad_state != nullptr && impl_->grad_state->requires_grad;
}
Tensor Tensor::grad() const { return impl_->grad_state != nullptr ? impl_->grad_state->grad : Tensor(); }
void Tensor::set_grad(Tensor grad) const {
  if (!grad && impl_->grad_state == nullptr) return;
  impl_->state().grad = std::move(grad);
  impl_->state().forget_rows();
}
void Tensor::clear_grad() const {
  GradState* const state = impl_->grad_state.get();
  if (state == nullptr) return;
  Tensor zeros = state->zeros;
  if (state->grad && state->grad.unique() && state->rows) {
    const std::size_t size = state->grad.bytes() / static_cast<std::size_t>(state->grad.size(0));
    Allocator& memory = allocator(state->grad.device());
    for (const std::int32_t row : *state->rows)
      memory.zero(state->grad.data_ptr() + static_cast<std::size_t>(row) * size, size);
    zeros = std::move(state->grad);
  }
  set_grad({});
  state->zeros = std::move(zeros);
}
const std::shared_ptr<Node>& Tensor::node() const {
  static const std::shared_ptr<Node> none;
  const GradState* state = impl_->grad_state.get();
  return state != nullptr ? state->node : none;
}
void Tensor::set_node(std::shared_ptr<Node> node) const { impl_->state().node = std::move(node); }
const std::shared_ptr<GradState>& Tensor::grad_state() const { return impl_->grad_state; }

void require_values(const Tensor& tensor, DType type) {
  check(static_cast<bool>(tensor), "[tensor] is undefined");
  check(tensor.dtype() == type, "[tensor] holds {}, {} is asked for", info(tensor.dtype()).name, info(type).name);
  check(tensor.contiguous(), "[tensor] the values of {} are not contiguous", tensor.shape());
}

}  // namespace linnet

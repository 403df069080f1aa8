#include "linnet/io/pickle_stack.h"

namespace linnet {
namespace {

// A real state dictionary of 1000 tensors has some 15,000 values.
constexpr std::size_t kMostValues = 1u << 19;

}  // namespace

std::string_view name_of(PickleKind kind) {
  constexpr std::string_view kNames[] = {"None",    "a bool", "a number",     "a float", "a text",    "bytes",
                                         "a tuple", "a list", "a dictionary", "a class", "a storage", "a tensor"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::int64_t PickleStack::integer(PickleId id) const {
  if (value(id).kind != PickleKind::kInteger) code_.refuse("needs a number, finds {}", name_of(value(id).kind));
  return std::get<std::int64_t>(value(id).data);
}

std::string_view PickleStack::text(PickleId id) const {
  if (value(id).kind != PickleKind::kText) code_.refuse("needs a text, finds {}", name_of(value(id).kind));
  return std::get<std::string_view>(value(id).data);
}

Shape PickleStack::integers(PickleId id) const {
  if (value(id).kind != PickleKind::kTuple || items(id).size() > 8)
    code_.refuse("has a shape that is not a tuple of up to 8 numbers");
  Shape shape;
  for (const PickleId item : items(id)) {
    shape.push_back(integer(item));
    if (shape.back() < 0) code_.refuse("has a shape or stride of {}", shape.back());
  }
  return shape;
}

PickleId PickleStack::make(PickleKind kind, decltype(PickleValue::data) data, DType dtype) {
  if (values_.size() >= kMostValues) code_.refuse("holds more than {} values", kMostValues);
  values_.push_back({kind, dtype, std::move(data)});
  return static_cast<PickleId>(values_.size() - 1);
}

void PickleStack::push(PickleId id) {
  if (stack_.size() >= kMostValues) code_.refuse("stacks more than {} values", kMostValues);
  stack_.push_back(id);
}

PickleId PickleStack::top() const {
  if (stack_.size() <= floor()) code_.refuse("takes a value where there is none");
  return stack_.back();
}

PickleId PickleStack::top(PickleKind kind) const {
  const PickleId id = top();
  if (value(id).kind != kind) code_.refuse("needs {}, finds {}", name_of(kind), name_of(value(id).kind));
  return id;
}

PickleId PickleStack::pop() {
  const PickleId id = top();
  stack_.pop_back();
  return id;
}

PickleId PickleStack::pop(PickleKind kind) {
  const PickleId id = top(kind);
  stack_.pop_back();
  return id;
}

void PickleStack::mark() {
  if (marks_.size() >= kMostValues) code_.refuse("opens too many groups");
  marks_.push_back(stack_.size());
}

std::vector<PickleId> PickleStack::pop_to_mark() {
  if (marks_.empty()) code_.refuse("closes a group that was never opened");
  std::vector<PickleId> group(stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back()), stack_.end());
  stack_.resize(marks_.back());
  marks_.pop_back();
  return group;
}

void PickleStack::tuple_of(std::size_t count) {
  std::vector<PickleId> group(count);
  for (std::size_t i = count; i-- > 0;) group[i] = pop();
  push(PickleKind::kTuple, std::move(group));
}

void PickleStack::add(PickleId container, std::span<const PickleId> more) {
  links_ += more.size();
  if (links_ > 4 * kMostValues) code_.refuse("holds more than {} items", 4 * kMostValues);
  auto& list = std::get<std::vector<PickleId>>(values_[container].data);
  list.insert(list.end(), more.begin(), more.end());
}

void PickleStack::memoize(std::uint64_t slot) {
  if (slot >= kMostValues) code_.refuse("remembers value {}", slot);
  if (slot >= memo_.size()) memo_.resize(static_cast<std::size_t>(slot) + 1, kEmpty);
  memo_[static_cast<std::size_t>(slot)] = top();
  ++memoized_;
}

void PickleStack::recall(std::uint64_t slot) {
  if (slot >= memo_.size() || memo_[static_cast<std::size_t>(slot)] == kEmpty)
    code_.refuse("recalls value {}, which was never kept", slot);
  push(memo_[static_cast<std::size_t>(slot)]);
}

}  // namespace linnet

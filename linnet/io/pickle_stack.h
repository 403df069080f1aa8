// The values of a pickle, with its stack, marks and memo. Every count is limited.
//
//   PickleStack stack(code);
//   stack.push(PickleKind::kInteger, std::int64_t{5});
//   stack.tuple_of(1);   // (5,)
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "linnet/io/pickle_code.h"
#include "linnet/tensor/tensor.h"

namespace linnet {

enum class PickleKind : std::uint8_t {
  kNone,
  kBool,
  kInteger,
  kFloat,
  kText,
  kBytes,
  kTuple,
  kList,
  kDict,
  kGlobal,
  kStorage,
  kTensor
};
std::string_view name_of(PickleKind kind);  // "a list"

// Values refer to each other by index in one table: no recursion, no double free.
using PickleId = std::uint32_t;
struct PickleValue {
  PickleKind kind = PickleKind::kNone;
  DType dtype = DType::kCount;  // of a storage
  std::variant<std::int64_t, std::string_view, std::vector<PickleId>> data = std::int64_t{0};
};

class PickleStack {
 public:
  explicit PickleStack(const PickleCode& code) : code_(code) {}

  const PickleValue& value(PickleId id) const { return values_[id]; }
  const std::vector<PickleId>& items(PickleId id) const { return std::get<std::vector<PickleId>>(values_[id].data); }
  // Typed access to a value; throws for another kind.
  std::int64_t integer(PickleId id) const;
  std::string_view text(PickleId id) const;
  Shape integers(PickleId id) const;  // a tuple of up to 8 non-negative integers

  PickleId make(PickleKind kind, decltype(PickleValue::data) data, DType dtype = DType::kCount);
  void push(PickleId id);
  void push(PickleKind kind, decltype(PickleValue::data) data) { push(make(kind, std::move(data))); }
  PickleId top() const;
  PickleId top(PickleKind kind) const;
  PickleId pop();
  PickleId pop(PickleKind kind);

  void mark();
  std::vector<PickleId> pop_to_mark();
  void tuple_of(std::size_t count);  // of the top values
  void add(PickleId container, std::span<const PickleId> more);

  void memoize(std::uint64_t slot);
  void memoize() { memoize(memoized_); }  // the next slot
  void recall(std::uint64_t slot);

 private:
  static constexpr PickleId kEmpty = 0xffffffff;
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  const PickleCode& code_;
  std::size_t links_ = 0, memoized_ = 0;
  std::vector<PickleValue> values_;
  std::vector<PickleId> stack_, memo_;
  std::vector<std::size_t> marks_;
};

}  // namespace linnet

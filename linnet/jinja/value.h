// The values of a template: Python's None, bool, int (64 bits, checked), float, str, list, tuple, dict, and the objects
// of the language (namespace, loop, functions). Lists and dicts are immutable, as in the sandbox of Transformers, so no
// value can contain itself.
//
//   Value v = from_json(Json::parse(R"({"a": [1, 2]})"));
//   to_text(v);  // {'a': [1, 2]}
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "linnet/base/json.h"

namespace linnet::jinja {

class Interpreter;
class Value;
struct List;
struct Dict;
struct Namespace;
struct LoopState;
struct Function;

// An error of rendering; the interpreter converts it to an Error with file and line.
struct Fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <class... Args>
[[noreturn]] void fault(fmt::format_string<Args...> format, Args&&... args) {
  throw Fault(fmt::format(format, std::forward<Args>(args)...));
}

// Deeper values are rejected: printing and destroying recurse.
inline constexpr int kMaxValueDepth = 300;
// Maximum size of a text, and of the output.
inline constexpr std::size_t kMaxBytes = std::size_t{8} << 20;

// Counts the work of a run. The functions below count everything that takes time or memory in proportion to values
// (creating, comparing, printing), so that no operation of the language can forget it.
class Meter {
 public:
  static constexpr std::size_t kBytesPerStep = 32;
  Meter(std::int64_t steps, double seconds);
  // Throws past the limits.
  void spend(std::size_t steps);

 private:
  std::int64_t most_, steps_ = 0;
  double seconds_, started_;
};
// Counts the work of this thread with `meter` during its lifetime. Without one nothing is counted.
class MeterScope {
 public:
  explicit MeterScope(Meter& meter);
  ~MeterScope();
  MeterScope(const MeterScope&) = delete;
  MeterScope& operator=(const MeterScope&) = delete;

 private:
  Meter* before_;
};
void spend(std::size_t steps = 1);
inline void spend_bytes(std::size_t bytes) { spend(1 + bytes / Meter::kBytesPerStep); }

// An undefined name or attribute. It prints nothing and is false; other uses are faults.
struct Undefined {
  std::shared_ptr<const std::string> what;  // "'x' is undefined"
};
struct None {};

enum class Kind : std::uint8_t {  // in the order of Value's alternatives
  kUndefined,
  kNone,
  kBool,
  kInt,
  kFloat,
  kString,
  kList,
  kDict,
  kNamespace,
  kLoop,
  kFunction,
};

class Value {
 public:
  Value() : data_(None{}) {}
  Value(Undefined v) : data_(std::move(v)) {}
  Value(bool v) : data_(v) {}
  Value(std::int64_t v) : data_(v) {}
  Value(int v) : data_(std::int64_t{v}) {}
  Value(double v) : data_(v) {}
  Value(std::string v);
  Value(std::string_view v) : Value(std::string(v)) {}
  Value(const char* v) : Value(std::string(v)) {}
  Value(std::shared_ptr<const List> v) : data_(std::move(v)) {}
  Value(std::shared_ptr<const Dict> v) : data_(std::move(v)) {}
  Value(Namespace* v) : data_(v) {}
  Value(std::shared_ptr<LoopState> v) : data_(std::move(v)) {}
  Value(std::shared_ptr<const Function> v) : data_(std::move(v)) {}

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is(Kind k) const { return kind() == k; }
  bool is_number() const { return is(Kind::kInt) || is(Kind::kFloat) || is(Kind::kBool); }

  bool boolean() const { return std::get<bool>(data_); }
  std::int64_t integer() const { return std::get<std::int64_t>(data_); }
  double real() const { return std::get<double>(data_); }
  const std::string& string() const { return *std::get<std::shared_ptr<const std::string>>(data_); }
  // True for the result of `safe` or `escape`: '+' escapes what it adds, as Jinja's Markup does.
  bool is_markup() const { return markup_; }
  Value as_markup() const {
    Value copy = *this;
    copy.markup_ = true;
    return copy;
  }
  const List& list() const { return *std::get<std::shared_ptr<const List>>(data_); }
  std::shared_ptr<const List> shared_list() const { return std::get<std::shared_ptr<const List>>(data_); }
  const Dict& dict() const { return *std::get<std::shared_ptr<const Dict>>(data_); }
  Namespace& space() const { return *std::get<Namespace*>(data_); }
  LoopState& loop() const { return *std::get<std::shared_ptr<LoopState>>(data_); }
  const Function& function() const { return *std::get<std::shared_ptr<const Function>>(data_); }
  const Undefined& undefined() const { return std::get<Undefined>(data_); }

 private:
  std::variant<Undefined, None, bool, std::int64_t, double, std::shared_ptr<const std::string>,
               std::shared_ptr<const List>, std::shared_ptr<const Dict>, Namespace*, std::shared_ptr<LoopState>,
               std::shared_ptr<const Function>>
      data_;
  bool markup_ = false;
};

// The Python type decides whether it has a length and a truth value.
enum class ListKind : std::uint8_t { kList, kTuple, kGenerator };

struct List {
  std::vector<Value> items;
  ListKind kind = ListKind::kList;
  int depth = 1;
};

struct Dict {
  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;
  void set(Value key, Value value);  // only during construction
  std::vector<std::pair<Value, Value>> items;
  int depth = 1;

 private:
  std::unordered_map<std::string, std::size_t> index_;  // of string keys, if there are many
};

struct Namespace {
  Dict values;
};

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string_view, Value>> named;

  // The argument at `index` or with `name`, or null.
  const Value* find(std::size_t index, std::string_view name) const;
  Value get(std::size_t index, std::string_view name, const Value& fallback = {}) const;
  std::string text(std::size_t index, std::string_view name, std::string_view fallback) const;
  bool flag(std::size_t index, std::string_view name, bool fallback) const;
  // Throws on more positional arguments than names, an unknown name, or fewer than `least`.
  void expect(std::string_view callee, std::initializer_list<std::string_view> names, std::size_t least = 0) const;
};

struct Function {
  std::string name;
  std::function<Value(Interpreter&, const Arguments&)> call;
};

Value make_list(std::vector<Value> items, ListKind kind = ListKind::kList);
Value make_dict(Dict dict);
Value make_undefined(std::string what);
// Integers past 64 bits and values nested past kMaxValueDepth are faults.
Value from_json(const Json& json);

std::string_view type_name(const Value& value);  // Python's name: "str", "NoneType", …
bool truthy(const Value& value);
bool equal(const Value& a, const Value& b);
// <0, 0, >0; throws for values that Python does not order.
int compare(const Value& a, const Value& b);
double number(const Value& value);  // of a number
// The elements of a Python iterable: list, dict (its keys), string (its characters), Undefined (none).
std::shared_ptr<const List> elements(const Value& value);

// str(value) and repr(value).
std::string to_text(const Value& value);
void append_text(std::string& out, const Value& value);
void append_repr(std::string& out, const Value& value);
std::string float_text(double value);

struct JsonStyle {
  bool ascii = false;  // ensure_ascii
  bool sort_keys = false;
  bool indented = false;
  std::string indent = {};  // per level
  std::string item_separator = ", ", key_separator = ": ";
};
// json.dumps.
std::string to_json_text(const Value& value, const JsonStyle& style);

// The Unicode characters of a text, and the start of the one with this index (the end, past the last).
std::vector<std::string_view> characters(std::string_view text);
std::size_t character_offset(std::string_view text, std::size_t number);
bool is_space(std::uint32_t code);  // str.isspace of one character
std::string strip(std::string_view text, bool left, bool right, const std::vector<std::string_view>* set = nullptr);
std::string upper(std::string_view text);
std::string lower(std::string_view text);

}  // namespace linnet::jinja

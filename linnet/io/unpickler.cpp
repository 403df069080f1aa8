#include "linnet/io/unpickler.h"

#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <variant>

#include "linnet/base/error.h"
#include "linnet/base/utf8.h"

namespace linnet {
namespace {

// A real state dictionary of 1000 tensors makes some 15,000 values.
constexpr std::size_t kMostValues = 1u << 20;

enum class Global : std::uint8_t { kOrderedDict, kRebuildTensor, kRebuildParameter, kStorage };
struct AllowedGlobal {
  std::string_view module, name;
  Global what;
  DType dtype;
};
constexpr AllowedGlobal kGlobals[] = {
    {"collections", "OrderedDict", Global::kOrderedDict, DType::kCount},
    {"torch._utils", "_rebuild_tensor_v2", Global::kRebuildTensor, DType::kCount},
    {"torch._utils", "_rebuild_parameter", Global::kRebuildParameter, DType::kCount},
    {"torch", "FloatStorage", Global::kStorage, DType::kF32},
    {"torch", "DoubleStorage", Global::kStorage, DType::kF64},
    {"torch", "HalfStorage", Global::kStorage, DType::kF16},
    {"torch", "BFloat16Storage", Global::kStorage, DType::kBF16},
    {"torch", "LongStorage", Global::kStorage, DType::kI64},
    {"torch", "IntStorage", Global::kStorage, DType::kI32},
    {"torch", "ShortStorage", Global::kStorage, DType::kI16},
    {"torch", "CharStorage", Global::kStorage, DType::kI8},
    {"torch", "ByteStorage", Global::kStorage, DType::kU8},
    {"torch", "BoolStorage", Global::kStorage, DType::kBool},
};

// Values refer to each other by position in one table, so nothing recurses and nothing is freed twice.
using Id = std::uint32_t;
enum class Kind : std::uint8_t {
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
struct Value {
  Kind kind = Kind::kNone;
  DType dtype = DType::kCount;  // of a storage
  std::variant<std::int64_t, std::string_view, std::vector<Id>> data = std::int64_t{0};
};
constexpr std::string_view kKindNames[] = {"None",    "a bool", "a number",     "a float", "a text",    "bytes",
                                           "a tuple", "a list", "a dictionary", "a class", "a storage", "a tensor"};

class Machine {
 public:
  Machine(std::string_view code, std::string_view place) : code_(code), place_(place) {}

  Pickled run() {
    for (bool going = true; going;) going = step(static_cast<unsigned char>(bytes(1)[0]));
    Pickled result;
    result.used = at_;
    collect(pop(), result, 0);
    return result;
  }

 private:
  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    fail(ErrorKind::kBadInput, "{}: the pickle at byte {}: {}; save the model as safetensors, or do not trust it",
         place_, at_, fmt::format(format, std::forward<Args>(args)...));
  }

  // The code.
  std::string_view bytes(std::uint64_t count) {
    if (count > code_.size() - at_) refuse("ends in the middle of an opcode that needs {} bytes", count);
    const std::string_view taken = code_.substr(at_, static_cast<std::size_t>(count));
    at_ += static_cast<std::size_t>(count);
    return taken;
  }
  template <class T>
  T number() {
    T value;
    std::memcpy(&value, bytes(sizeof(T)).data(), sizeof(T));
    return value;
  }
  std::string_view line() {
    const auto end = code_.find('\n', at_);
    if (end == code_.npos) refuse("ends in the middle of a line");
    const std::string_view text = code_.substr(at_, end - at_);
    at_ = end + 1;
    return text;
  }

  // The table, the stack, the marks and the memo.
  Value& value(Id id) { return values_[id]; }
  std::vector<Id>& items(Id id) { return std::get<std::vector<Id>>(values_[id].data); }
  Id make(Kind kind, decltype(Value::data) data, DType dtype = DType::kCount) {
    if (values_.size() >= kMostValues) refuse("holds more than {} values", kMostValues);
    values_.push_back({kind, dtype, std::move(data)});
    return static_cast<Id>(values_.size() - 1);
  }
  void push(Id id) {
    if (stack_.size() >= kMostValues) refuse("stacks more than {} values", kMostValues);
    stack_.push_back(id);
  }
  void push(Kind kind, decltype(Value::data) data) { push(make(kind, std::move(data))); }
  void push_integer(std::int64_t integer) { push(Kind::kInteger, integer); }
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  Id top() {
    if (stack_.size() <= floor()) refuse("takes a value where there is none");
    return stack_.back();
  }
  Id pop() {
    const Id id = top();
    stack_.pop_back();
    return id;
  }
  Id top(Kind kind) {
    const Id id = top();
    if (value(id).kind != kind)
      refuse("needs {}, finds {}", kKindNames[static_cast<int>(kind)], kKindNames[static_cast<int>(value(id).kind)]);
    return id;
  }
  std::vector<Id> pop_to_mark() {
    if (marks_.empty()) refuse("closes a group that was never opened");
    std::vector<Id> group(stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back()), stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return group;
  }
  void tuple_of(std::size_t count) {
    std::vector<Id> group(count);
    for (std::size_t i = count; i-- > 0;) group[i] = pop();
    push(Kind::kTuple, std::move(group));
  }
  void add(Id container, std::span<const Id> more) {
    links_ += more.size();
    if (links_ > 4 * kMostValues) refuse("holds more than {} items", 4 * kMostValues);
    auto& list = items(container);
    list.insert(list.end(), more.begin(), more.end());
  }
  void memoize(std::uint64_t slot) {
    if (slot >= kMostValues) refuse("remembers value {}", slot);
    if (slot >= memo_.size()) memo_.resize(static_cast<std::size_t>(slot) + 1, kEmpty);
    memo_[static_cast<std::size_t>(slot)] = top();
    ++memoized_;
  }
  void recall(std::uint64_t slot) {
    if (slot >= memo_.size() || memo_[static_cast<std::size_t>(slot)] == kEmpty)
      refuse("recalls value {}, which was never kept", slot);
    push(memo_[static_cast<std::size_t>(slot)]);
  }

  std::string_view text_bytes(std::uint64_t count) {
    const std::string_view text = bytes(count);
    if (!utf8::valid(text)) refuse("holds text that is not UTF-8");
    return text;
  }

  bool step(unsigned char opcode);
  bool step_containers(unsigned char opcode);
  bool step_texts(unsigned char opcode);
  void global(std::string_view module, std::string_view name);
  void stack_global();
  void persistent_id();
  void reduce();
  void build();
  void long_integer(std::uint64_t count);
  void decimal();
  std::int64_t integer(Id id);
  Shape integers(Id id);
  std::string_view text(Id id);
  Id rebuild_tensor(Id arguments);
  PickledTensor tensor(std::string_view name, Id id);
  void collect(Id id, Pickled& result, int depth);

  static constexpr Id kEmpty = 0xffffffff;
  std::string_view code_, place_;
  std::size_t at_ = 0, links_ = 0, memoized_ = 0;
  std::vector<Value> values_;
  std::vector<Id> stack_, memo_;
  std::vector<std::size_t> marks_;
};

bool Machine::step(unsigned char opcode) {
  switch (opcode) {
    case 0x80: {  // PROTO
      const auto protocol = number<std::uint8_t>();
      if (protocol > 5) refuse("is of protocol {}", protocol);
      return true;
    }
    case 0x95:
      bytes(8);
      return true;  // FRAME: a length that nothing here needs
    case '(':
      if (marks_.size() >= kMostValues) refuse("opens too many groups");
      marks_.push_back(stack_.size());
      return true;
    case '.':
      return false;
    case '0':
      pop();
      return true;
    case '1':
      pop_to_mark();
      return true;
    case '2':
      push(top());
      return true;
    case 'N':
      push(Kind::kNone, std::int64_t{0});
      return true;
    case 0x88:
      push(Kind::kBool, std::int64_t{1});
      return true;
    case 0x89:
      push(Kind::kBool, std::int64_t{0});
      return true;
    case 'J':
      push_integer(number<std::int32_t>());
      return true;
    case 'K':
      push_integer(number<std::uint8_t>());
      return true;
    case 'M':
      push_integer(number<std::uint16_t>());
      return true;
    case 'I':
      decimal();
      return true;
    case 0x8a:
      long_integer(number<std::uint8_t>());
      return true;
    case 0x8b:
      long_integer(number<std::uint32_t>());
      return true;
    case 'G':
      bytes(8);
      push(Kind::kFloat, std::int64_t{0});
      return true;  // no float matters to a checkpoint
    case 'q':
      memoize(number<std::uint8_t>());
      return true;
    case 'r':
      memoize(number<std::uint32_t>());
      return true;
    case 0x94:
      memoize(memoized_);
      return true;
    case 'h':
      recall(number<std::uint8_t>());
      return true;
    case 'j':
      recall(number<std::uint32_t>());
      return true;
    case 'c': {
      const std::string_view module = line();
      global(module, line());
      return true;
    }
    case 0x93:
      stack_global();
      return true;
    case 'Q':
      persistent_id();
      return true;
    case 'R':
      reduce();
      return true;
    case 'b':
      build();
      return true;
    default:
      break;
  }
  if (step_containers(opcode) || step_texts(opcode)) return true;
  --at_;
  refuse("has the opcode 0x{:02x}, which no checkpoint needs", opcode);
}

bool Machine::step_containers(unsigned char opcode) {
  switch (opcode) {
    case ')':
      push(Kind::kTuple, std::vector<Id>{});
      return true;
    case ']':
      push(Kind::kList, std::vector<Id>{});
      return true;
    case '}':
      push(Kind::kDict, std::vector<Id>{});
      return true;
    case 0x85:
      tuple_of(1);
      return true;
    case 0x86:
      tuple_of(2);
      return true;
    case 0x87:
      tuple_of(3);
      return true;
    case 't':
      push(Kind::kTuple, pop_to_mark());
      return true;
    case 'l':
      push(Kind::kList, pop_to_mark());
      return true;
    case 'a': {
      const Id item = pop();
      add(top(Kind::kList), {&item, 1});
      return true;
    }
    case 'e': {
      const auto group = pop_to_mark();
      add(top(Kind::kList), group);
      return true;
    }
    case 's': {
      const Id item = pop(), key = pop();
      const std::array pair{key, item};
      add(top(Kind::kDict), pair);
      return true;
    }
    case 'u': {
      const auto group = pop_to_mark();
      if (group.size() % 2 != 0) refuse("sets a key without a value");
      add(top(Kind::kDict), group);
      return true;
    }
    default:
      return false;
  }
}

bool Machine::step_texts(unsigned char opcode) {
  switch (opcode) {
    case 'X':
      push(Kind::kText, text_bytes(number<std::uint32_t>()));
      return true;
    case 0x8c:
      push(Kind::kText, text_bytes(number<std::uint8_t>()));
      return true;
    case 0x8d:
      push(Kind::kText, text_bytes(number<std::uint64_t>()));
      return true;
    // Python 2's str: text where it is one.
    case 'U':
      push(Kind::kText, text_bytes(number<std::uint8_t>()));
      return true;
    case 'T':
      push(Kind::kText, text_bytes(number<std::uint32_t>()));
      return true;
    case 'C':
      push(Kind::kBytes, bytes(number<std::uint8_t>()));
      return true;
    case 'B':
      push(Kind::kBytes, bytes(number<std::uint32_t>()));
      return true;
    default:
      return false;
  }
}

void Machine::global(std::string_view module, std::string_view name) {
  for (std::size_t i = 0; i < std::size(kGlobals); ++i)
    if (kGlobals[i].module == module && kGlobals[i].name == name)
      return push(Kind::kGlobal, static_cast<std::int64_t>(i));
  refuse("asks for '{}.{}', which no checkpoint needs and which is never called", printable(module, 80),
         printable(name, 80));
}

void Machine::stack_global() {
  const std::string_view name = text(pop()), module = text(pop());
  global(module, name);
}

// ("storage", class, key, location, elements[, view]): a storage by name.
void Machine::persistent_id() {
  const Id id = top(Kind::kTuple);
  stack_.pop_back();
  const std::vector<Id> parts = items(id);
  if (parts.size() < 5 || parts.size() > 6 || text(parts[0]) != "storage")
    refuse("refers to something that is not a storage");
  const Value& type = value(parts[1]);
  if (type.kind != Kind::kGlobal) refuse("has a storage without a type");
  const AllowedGlobal& allowed = kGlobals[std::get<std::int64_t>(type.data)];
  if (allowed.what != Global::kStorage) refuse("has a storage of type '{}'", allowed.name);
  if (parts.size() == 6 && value(parts[5]).kind != Kind::kNone)
    refuse("has a view of a storage, which PyTorch 0.4 stopped writing");
  text(parts[2]);
  if (integer(parts[4]) < 0) refuse("has a storage of {} elements", integer(parts[4]));
  push(make(Kind::kStorage, std::vector<Id>{parts[2], parts[4]}, allowed.dtype));
}

// "Calls" of the allowed globals only: each builds a value here.
void Machine::reduce() {
  const Id arguments = top(Kind::kTuple);
  stack_.pop_back();
  const Id callee = top(Kind::kGlobal);
  stack_.pop_back();
  switch (kGlobals[std::get<std::int64_t>(value(callee).data)].what) {
    case Global::kOrderedDict:
      if (!items(arguments).empty()) refuse("makes an OrderedDict with arguments");
      return push(Kind::kDict, std::vector<Id>{});
    case Global::kRebuildTensor:
      return push(rebuild_tensor(arguments));
    case Global::kRebuildParameter:  // (tensor, requires_grad, hooks): the tensor
      if (items(arguments).empty() || value(items(arguments)[0]).kind != Kind::kTensor)
        refuse("has a parameter without a tensor");
      return push(items(arguments)[0]);
    case Global::kStorage:
      break;
  }
  refuse("calls a storage class");
}

// (storage, offset, shape, strides, requires_grad, hooks[, metadata])
Id Machine::rebuild_tensor(Id arguments) {
  const std::vector<Id> parts = items(arguments);
  if (parts.size() < 6 || parts.size() > 7 || value(parts[0]).kind != Kind::kStorage)
    refuse("has a tensor without a storage");
  if (integer(parts[1]) < 0 || integers(parts[2]).size() != integers(parts[3]).size())
    refuse("has a tensor whose shape and strides differ in length");
  return make(Kind::kTensor, std::vector<Id>(parts.begin(), parts.begin() + 4));
}

// A state set on an object: PyTorch puts `_metadata` (versions of modules) on the dictionary. Nothing is kept.
void Machine::build() {
  const Id state = top(Kind::kDict);
  static_cast<void>(state);
  stack_.pop_back();
  top(Kind::kDict);
}

// Little-endian two's complement; more than eight bytes stay bytes.
void Machine::long_integer(std::uint64_t count) {
  const std::string_view digits = bytes(count);
  if (digits.size() > 8) return push(Kind::kBytes, digits);
  std::uint64_t bits = !digits.empty() && (digits.back() & 0x80) ? ~std::uint64_t{0} : 0;
  for (std::size_t i = digits.size(); i-- > 0;) bits = bits << 8 | static_cast<unsigned char>(digits[i]);
  push_integer(static_cast<std::int64_t>(bits));
}

void Machine::decimal() {
  const std::string_view digits = line();
  if (digits == "00" || digits == "01") return push(Kind::kBool, std::int64_t{digits == "01"});
  std::int64_t parsed = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), parsed);
  if (error != std::errc() || end != digits.data() + digits.size())
    refuse("has the number '{}'", printable(digits, 40));
  push_integer(parsed);
}

std::int64_t Machine::integer(Id id) {
  if (value(id).kind != Kind::kInteger)
    refuse("needs a number, finds {}", kKindNames[static_cast<int>(value(id).kind)]);
  return std::get<std::int64_t>(value(id).data);
}

Shape Machine::integers(Id id) {
  if (value(id).kind != Kind::kTuple || items(id).size() > 8)
    refuse("has a shape that is not a tuple of up to 8 numbers");
  Shape shape;
  for (const Id item : items(id)) {
    shape.push_back(integer(item));
    if (shape.back() < 0) refuse("has a shape or stride of {}", shape.back());
  }
  return shape;
}

std::string_view Machine::text(Id id) {
  if (value(id).kind != Kind::kText) refuse("needs a text, finds {}", kKindNames[static_cast<int>(value(id).kind)]);
  return std::get<std::string_view>(value(id).data);
}

PickledTensor Machine::tensor(std::string_view name, Id id) {
  const std::vector<Id>& parts = items(id);
  const std::vector<Id>& storage = items(parts[0]);
  return {std::string(name),   value(parts[0]).dtype, std::string(text(storage[0])),
          integer(storage[1]), integer(parts[1]),     integers(parts[2]),
          integers(parts[3])};
}

void Machine::collect(Id id, Pickled& result, int depth) {
  const Kind kind = value(id).kind;
  if (kind == Kind::kBytes) result.number = std::get<std::string_view>(value(id).data);
  if (kind == Kind::kList)
    for (const Id item : items(id))
      if (value(item).kind == Kind::kText) result.texts.emplace_back(text(item));
  if (kind != Kind::kDict) return;
  const std::vector<Id>& pairs = items(id);
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    if (value(pairs[i]).kind != Kind::kText) continue;
    const Value& item = value(pairs[i + 1]);
    if (item.kind == Kind::kTensor) result.tensors.push_back(tensor(text(pairs[i]), pairs[i + 1]));
    if (item.kind == Kind::kBool) result.flags[std::string(text(pairs[i]))] = std::get<std::int64_t>(item.data) != 0;
  }
  if (!result.tensors.empty() || depth > 0) return;
  for (std::size_t i = 0; i + 1 < pairs.size() && result.tensors.empty(); i += 2)
    if (value(pairs[i + 1]).kind == Kind::kDict) collect(pairs[i + 1], result, depth + 1);
}

}  // namespace

Pickled unpickle(std::string_view pickle, std::string_view place) { return Machine(pickle, place).run(); }

}  // namespace linnet

#include "linnet/io/unpickler.h"

#include <array>
#include <charconv>

#include "linnet/base/utf8.h"
#include "linnet/io/pickle_stack.h"

namespace linnet {
namespace {

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

using Id = PickleId;
using Kind = PickleKind;

class Machine {
 public:
  Machine(std::string_view code, std::string_view place) : code_(code, place) {}

  Pickled run() {
    for (bool going = true; going;) going = step(code_.number<std::uint8_t>());
    Pickled result;
    result.used = code_.at();
    collect(stack_.pop(), result, 0);
    return result;
  }

 private:
  // Each handles the opcodes of one kind and returns whether this was one.
  bool step(unsigned char opcode);
  bool step_stack(unsigned char opcode);
  bool step_numbers(unsigned char opcode);
  bool step_containers(unsigned char opcode);
  bool step_texts(unsigned char opcode);
  bool step_objects(unsigned char opcode);

  void push_integer(std::int64_t integer) { stack_.push(Kind::kInteger, integer); }
  void push_text(std::uint64_t count);
  void global(std::string_view module, std::string_view name);
  void stack_global();
  void persistent_id();
  void reduce();
  void build();
  void long_integer(std::uint64_t count);
  void decimal();
  Id rebuild_tensor(Id arguments);
  PickledTensor tensor(std::string_view name, Id id) const;
  void collect(Id id, Pickled& result, int depth) const;

  PickleCode code_;
  PickleStack stack_{code_};
};

bool Machine::step(unsigned char opcode) {
  switch (opcode) {
    case 0x80: {  // PROTO
      const auto protocol = code_.number<std::uint8_t>();
      if (protocol > 5) code_.refuse("is of protocol {}", protocol);
      return true;
    }
    case 0x95:
      code_.bytes(8);
      return true;  // FRAME: its length is not needed
    case '.':
      return false;
    default:
      break;
  }
  if (step_stack(opcode) || step_numbers(opcode) || step_containers(opcode) || step_texts(opcode) ||
      step_objects(opcode))
    return true;
  code_.step_back();
  code_.refuse("has the opcode 0x{:02x}, which no checkpoint needs", opcode);
}

bool Machine::step_stack(unsigned char opcode) {
  switch (opcode) {
    case '(':
      stack_.mark();
      return true;
    case '0':
      stack_.pop();
      return true;
    case '1':
      stack_.pop_to_mark();
      return true;
    case '2':
      stack_.push(stack_.top());
      return true;
    case 'q':
      stack_.memoize(code_.number<std::uint8_t>());
      return true;
    case 'r':
      stack_.memoize(code_.number<std::uint32_t>());
      return true;
    case 0x94:
      stack_.memoize();
      return true;
    case 'h':
      stack_.recall(code_.number<std::uint8_t>());
      return true;
    case 'j':
      stack_.recall(code_.number<std::uint32_t>());
      return true;
    default:
      return false;
  }
}

bool Machine::step_numbers(unsigned char opcode) {
  switch (opcode) {
    case 'N':
      stack_.push(Kind::kNone, std::int64_t{0});
      return true;
    case 0x88:
      stack_.push(Kind::kBool, std::int64_t{1});
      return true;
    case 0x89:
      stack_.push(Kind::kBool, std::int64_t{0});
      return true;
    case 'J':
      push_integer(code_.number<std::int32_t>());
      return true;
    case 'K':
      push_integer(code_.number<std::uint8_t>());
      return true;
    case 'M':
      push_integer(code_.number<std::uint16_t>());
      return true;
    case 'I':
      decimal();
      return true;
    case 0x8a:
      long_integer(code_.number<std::uint8_t>());
      return true;
    case 0x8b:
      long_integer(code_.number<std::uint32_t>());
      return true;
    case 'G':
      code_.bytes(8);
      stack_.push(Kind::kFloat, std::int64_t{0});
      return true;  // a checkpoint needs no floats
    default:
      return false;
  }
}

bool Machine::step_containers(unsigned char opcode) {
  switch (opcode) {
    case ')':
      stack_.push(Kind::kTuple, std::vector<Id>{});
      return true;
    case ']':
      stack_.push(Kind::kList, std::vector<Id>{});
      return true;
    case '}':
      stack_.push(Kind::kDict, std::vector<Id>{});
      return true;
    case 0x85:
    case 0x86:
    case 0x87:
      stack_.tuple_of(opcode - 0x84u);
      return true;
    case 't':
      stack_.push(Kind::kTuple, stack_.pop_to_mark());
      return true;
    case 'l':
      stack_.push(Kind::kList, stack_.pop_to_mark());
      return true;
    case 'a': {
      const Id item = stack_.pop();
      stack_.add(stack_.top(Kind::kList), {&item, 1});
      return true;
    }
    case 'e': {
      const auto group = stack_.pop_to_mark();
      stack_.add(stack_.top(Kind::kList), group);
      return true;
    }
    case 's': {
      const Id item = stack_.pop(), key = stack_.pop();
      const std::array pair{key, item};
      stack_.add(stack_.top(Kind::kDict), pair);
      return true;
    }
    case 'u': {
      const auto group = stack_.pop_to_mark();
      if (group.size() % 2 != 0) code_.refuse("sets a key without a value");
      stack_.add(stack_.top(Kind::kDict), group);
      return true;
    }
    default:
      return false;
  }
}

bool Machine::step_texts(unsigned char opcode) {
  switch (opcode) {
    case 'X':
    case 'T':  // Python 2's str; text if it is valid
      push_text(code_.number<std::uint32_t>());
      return true;
    case 0x8c:
    case 'U':  // Python 2's str, a short one
      push_text(code_.number<std::uint8_t>());
      return true;
    case 0x8d:
      push_text(code_.number<std::uint64_t>());
      return true;
    case 'C':
      stack_.push(Kind::kBytes, code_.bytes(code_.number<std::uint8_t>()));
      return true;
    case 'B':
      stack_.push(Kind::kBytes, code_.bytes(code_.number<std::uint32_t>()));
      return true;
    default:
      return false;
  }
}

bool Machine::step_objects(unsigned char opcode) {
  switch (opcode) {
    case 'c': {
      const std::string_view module = code_.line();
      global(module, code_.line());
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
      return false;
  }
}

void Machine::push_text(std::uint64_t count) {
  const std::string_view text = code_.bytes(count);
  if (!utf8::valid(text)) code_.refuse("holds text that is not UTF-8");
  stack_.push(Kind::kText, text);
}

void Machine::global(std::string_view module, std::string_view name) {
  for (std::size_t i = 0; i < std::size(kGlobals); ++i)
    if (kGlobals[i].module == module && kGlobals[i].name == name)
      return stack_.push(Kind::kGlobal, static_cast<std::int64_t>(i));
  code_.refuse("asks for '{}.{}', which no checkpoint needs and which is never called", printable(module, 80),
               printable(name, 80));
}

void Machine::stack_global() {
  const std::string_view name = stack_.text(stack_.pop()), module = stack_.text(stack_.pop());
  global(module, name);
}

// Storage reference: ("storage", class, key, location, elements[, view]).
void Machine::persistent_id() {
  const std::vector<Id> parts = stack_.items(stack_.pop(Kind::kTuple));
  if (parts.size() < 5 || parts.size() > 6 || stack_.text(parts[0]) != "storage")
    code_.refuse("refers to something that is not a storage");
  const PickleValue& type = stack_.value(parts[1]);
  if (type.kind != Kind::kGlobal) code_.refuse("has a storage without a type");
  const AllowedGlobal& allowed = kGlobals[std::get<std::int64_t>(type.data)];
  if (allowed.what != Global::kStorage) code_.refuse("has a storage of type '{}'", allowed.name);
  if (parts.size() == 6 && stack_.value(parts[5]).kind != Kind::kNone)
    code_.refuse("has a view of a storage, which PyTorch 0.4 stopped writing");
  stack_.text(parts[2]);
  const std::int64_t elements = stack_.integer(parts[4]);
  if (elements < 0) code_.refuse("has a storage of {} elements", elements);
  stack_.push(stack_.make(Kind::kStorage, std::vector<Id>{parts[2], parts[4]}, allowed.dtype));
}

// "Calls" one of the allowed globals, each of which builds a value.
void Machine::reduce() {
  const Id arguments = stack_.pop(Kind::kTuple), callee = stack_.pop(Kind::kGlobal);
  switch (kGlobals[std::get<std::int64_t>(stack_.value(callee).data)].what) {
    case Global::kOrderedDict:
      if (!stack_.items(arguments).empty()) code_.refuse("makes an OrderedDict with arguments");
      return stack_.push(Kind::kDict, std::vector<Id>{});
    case Global::kRebuildTensor:
      return stack_.push(rebuild_tensor(arguments));
    case Global::kRebuildParameter: {  // (tensor, requires_grad, hooks): the tensor
      const std::vector<Id>& parts = stack_.items(arguments);
      if (parts.empty() || stack_.value(parts[0]).kind != Kind::kTensor)
        code_.refuse("has a parameter without a tensor");
      return stack_.push(parts[0]);
    }
    case Global::kStorage:
      break;
  }
  code_.refuse("calls a storage class");
}

// (storage, offset, shape, strides, requires_grad, hooks[, metadata])
Id Machine::rebuild_tensor(Id arguments) {
  const std::vector<Id> parts = stack_.items(arguments);
  if (parts.size() < 6 || parts.size() > 7 || stack_.value(parts[0]).kind != Kind::kStorage)
    code_.refuse("has a tensor without a storage");
  if (stack_.integer(parts[1]) < 0 || stack_.integers(parts[2]).size() != stack_.integers(parts[3]).size())
    code_.refuse("has a tensor whose shape and strides differ in length");
  return stack_.make(Kind::kTensor, std::vector<Id>(parts.begin(), parts.begin() + 4));
}

// Ignores the state of an object: PyTorch sets `_metadata` (versions of modules) on the dictionary.
void Machine::build() {
  stack_.pop(Kind::kDict);
  stack_.top(Kind::kDict);
}

// Little-endian two's complement; more than eight bytes stay bytes.
void Machine::long_integer(std::uint64_t count) {
  const std::string_view digits = code_.bytes(count);
  if (digits.size() > 8) return stack_.push(Kind::kBytes, digits);
  std::uint64_t bits = !digits.empty() && (digits.back() & 0x80) ? ~std::uint64_t{0} : 0;
  for (std::size_t i = digits.size(); i-- > 0;) bits = bits << 8 | static_cast<unsigned char>(digits[i]);
  push_integer(static_cast<std::int64_t>(bits));
}

void Machine::decimal() {
  const std::string_view digits = code_.line();
  if (digits == "00" || digits == "01") return stack_.push(Kind::kBool, std::int64_t{digits == "01"});
  std::int64_t parsed = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), parsed);
  if (error != std::errc() || end != digits.data() + digits.size())
    code_.refuse("has the number '{}'", printable(digits, 40));
  push_integer(parsed);
}

PickledTensor Machine::tensor(std::string_view name, Id id) const {
  const std::vector<Id>& parts = stack_.items(id);
  const std::vector<Id>& storage = stack_.items(parts[0]);
  return {std::string(name),          stack_.value(parts[0]).dtype, std::string(stack_.text(storage[0])),
          stack_.integer(storage[1]), stack_.integer(parts[1]),     stack_.integers(parts[2]),
          stack_.integers(parts[3])};
}

void Machine::collect(Id id, Pickled& result, int depth) const {
  const Kind kind = stack_.value(id).kind;
  if (kind == Kind::kBytes) result.number = std::get<std::string_view>(stack_.value(id).data);
  if (kind == Kind::kList)
    for (const Id item : stack_.items(id))
      if (stack_.value(item).kind == Kind::kText) result.texts.emplace_back(stack_.text(item));
  if (kind != Kind::kDict) return;
  const std::vector<Id>& pairs = stack_.items(id);
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    if (stack_.value(pairs[i]).kind != Kind::kText) continue;
    const std::string_view name = stack_.text(pairs[i]);
    const PickleValue& item = stack_.value(pairs[i + 1]);
    if (item.kind == Kind::kTensor) result.tensors.push_back(tensor(name, pairs[i + 1]));
    if (item.kind == Kind::kBool) result.flags[std::string(name)] = std::get<std::int64_t>(item.data) != 0;
  }
  if (!result.tensors.empty() || depth > 0) return;
  for (std::size_t i = 0; i + 1 < pairs.size() && result.tensors.empty(); i += 2)
    if (stack_.value(pairs[i + 1]).kind == Kind::kDict) collect(pairs[i + 1], result, depth + 1);
}

}  // namespace

Pickled unpickle(std::string_view pickle, std::string_view place) { return Machine(pickle, place).run(); }

}  // namespace linnet

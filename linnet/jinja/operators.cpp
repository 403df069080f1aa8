// Python's arithmetic, membership and slices.
#include <algorithm>
#include <cmath>

#include "linnet/base/find.h"
#include "linnet/base/utf8.h"
#include "linnet/jinja/ast.h"
#include "linnet/jinja/builtins.h"
#include "linnet/jinja/interpreter.h"

namespace linnet::jinja {
namespace {

std::string_view op_text(Op op) {
  switch (op) {
    case Op::kAdd:
      return "+";
    case Op::kSubtract:
      return "-";
    case Op::kMultiply:
      return "*";
    case Op::kDivide:
      return "/";
    case Op::kFloorDivide:
      return "//";
    case Op::kModulo:
      return "%";
    default:
      return "**";
  }
}

[[noreturn]] void too_large() { fault("an integer leaves 64 bits"); }

std::int64_t power(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  while (exponent > 0) {
    if (exponent & 1 && __builtin_mul_overflow(result, base, &result)) too_large();
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) too_large();
  }
  return result;
}

Value integer_arithmetic(Op op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  switch (op) {
    case Op::kAdd:
      if (__builtin_add_overflow(a, b, &result)) too_large();
      return result;
    case Op::kSubtract:
      if (__builtin_sub_overflow(a, b, &result)) too_large();
      return result;
    case Op::kMultiply:
      if (__builtin_mul_overflow(a, b, &result)) too_large();
      return result;
    case Op::kPower:
      return b < 0 ? Value(std::pow(static_cast<double>(a), static_cast<double>(b))) : Value(power(a, b));
    default:
      break;
  }
  if (b == 0) fault("division by zero");
  if (op == Op::kDivide) return static_cast<double>(a) / static_cast<double>(b);
  if (b == -1) {  // INT64_MIN // -1 overflows and traps
    if (op == Op::kModulo) return std::int64_t{0};
    if (__builtin_sub_overflow(std::int64_t{0}, a, &result)) too_large();
    return result;
  }
  const std::int64_t remainder = a % b;
  const bool adjust = remainder != 0 && (remainder < 0) != (b < 0);  // Python rounds down
  if (op == Op::kModulo) return adjust ? remainder + b : remainder;
  return a / b - (adjust ? 1 : 0);
}

Value float_arithmetic(Op op, double a, double b) {
  switch (op) {
    case Op::kAdd:
      return a + b;
    case Op::kSubtract:
      return a - b;
    case Op::kMultiply:
      return a * b;
    case Op::kPower: {
      if (a == 0 && b < 0) fault("zero to a negative power");
      const double result = std::pow(a, b);
      if (std::isnan(result) && !std::isnan(a) && !std::isnan(b)) fault("the power of a negative number is complex");
      return result;
    }
    default:
      break;
  }
  if (b == 0) fault("division by zero");
  if (op == Op::kDivide) return a / b;
  double remainder = std::fmod(a, b);
  const bool adjust = remainder != 0 && (remainder < 0) != (b < 0);  // Python rounds down
  if (op == Op::kFloorDivide) return std::round((a - remainder) / b - (adjust ? 1.0 : 0.0));
  if (adjust) remainder += b;
  return remainder;
}

Value repeat(Interpreter& interpreter, const Value& value, std::int64_t times) {
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(times, 0));
  if (value.is(Kind::kString)) {
    const std::string& text = value.string();
    if (!text.empty() && count > kMaxBytes / text.size()) fault("a text is longer than {} bytes", kMaxBytes);
    interpreter.spend_bytes(text.size() * count);
    std::string out;
    out.reserve(text.size() * count);
    for (std::size_t i = 0; i < count && !text.empty(); ++i) out += text;
    return Value(std::move(out));
  }
  const List& list = value.list();
  const auto most = static_cast<std::size_t>(interpreter.options().limits.range);
  if (!list.items.empty() && count > most / list.items.size()) fault("a list has more than {} elements", most);
  interpreter.spend(1 + list.items.size() * count);
  std::vector<Value> items;
  for (std::size_t i = 0; i < count; ++i) items.insert(items.end(), list.items.begin(), list.items.end());
  return make_list(std::move(items), list.kind);
}

Value add_lists(Interpreter& interpreter, const List& a, const List& b) {
  interpreter.spend(1 + a.items.size() + b.items.size());
  std::vector<Value> items = a.items;
  items.insert(items.end(), b.items.begin(), b.items.end());
  return make_list(std::move(items), a.kind);
}

bool sequence(const Value& value) {
  return value.is(Kind::kString) || (value.is(Kind::kList) && value.list().kind != ListKind::kGenerator);
}

// A bound of a slice with step 1, clamped to the sequence as in Python.
std::int64_t slice_end(const Value& v, std::int64_t fallback, std::int64_t size) {
  if (v.is(Kind::kNone)) return fallback;
  const std::int64_t n = whole_number(v, "the end of a slice");
  return std::clamp(n < 0 ? n + size : n, std::int64_t{0}, size);
}

// The common slice of a text, without a list of characters.
Value slice_text(Interpreter& interpreter, std::string_view text, const Value& from, const Value& to) {
  interpreter.spend_bytes(text.size());
  const auto size = static_cast<std::int64_t>(utf8::count(text));
  const std::int64_t start = slice_end(from, 0, size), stop = slice_end(to, size, size);
  if (start >= stop) return Value("");
  const std::size_t begin = character_offset(text, static_cast<std::size_t>(start));
  return Value(text.substr(begin, character_offset(text.substr(begin), static_cast<std::size_t>(stop - start))));
}

std::int64_t as_integer(const Value& value) { return value.is(Kind::kBool) ? value.boolean() : value.integer(); }

}  // namespace

std::int64_t whole_number(const Value& value, std::string_view what) {
  if (value.is(Kind::kBool)) return value.boolean();
  if (!value.is(Kind::kInt)) fault("{} is a {}, not an integer", what, type_name(value));
  return value.integer();
}

Value arithmetic(Interpreter& interpreter, Op op, const Value& a, const Value& b) {
  const auto integral = [](const Value& v) { return v.is(Kind::kInt) || v.is(Kind::kBool); };
  if (integral(a) && integral(b)) return integer_arithmetic(op, as_integer(a), as_integer(b));
  if (a.is_number() && b.is_number()) return float_arithmetic(op, number(a), number(b));
  if (op == Op::kAdd && a.is(Kind::kString) && b.is(Kind::kString)) {
    interpreter.spend_bytes(a.string().size() + b.string().size());
    if (!a.is_markup() && !b.is_markup()) return Value(a.string() + b.string());
    const auto part = [](const Value& v) { return v.is_markup() ? v.string() : escape_html(v.string()); };
    return Value(part(a) + part(b)).as_markup();
  }
  if (op == Op::kAdd && a.is(Kind::kList) && b.is(Kind::kList) && a.list().kind == b.list().kind && sequence(a))
    return add_lists(interpreter, a.list(), b.list());
  if (op == Op::kMultiply && sequence(a) && integral(b)) return repeat(interpreter, a, as_integer(b));
  if (op == Op::kMultiply && integral(a) && sequence(b)) return repeat(interpreter, b, as_integer(a));
  if (op == Op::kModulo && a.is(Kind::kString)) return Value(percent_format(interpreter, a.string(), b));
  if (a.is(Kind::kUndefined)) fault("{}", *a.undefined().what);
  if (b.is(Kind::kUndefined)) fault("{}", *b.undefined().what);
  fault("'{}' is not supported between '{}' and '{}'", op_text(op), type_name(a), type_name(b));
}

bool contains(Interpreter& interpreter, const Value& container, const Value& item) {
  if (container.is(Kind::kString)) {
    if (!item.is(Kind::kString)) fault("'in' a text needs a text before it, not a {}", type_name(item));
    interpreter.spend_bytes(container.string().size());
    return find_text(container.string(), item.string()) != std::string::npos;
  }
  if (container.is(Kind::kDict)) {
    if (!item.is(Kind::kString)) interpreter.spend(1 + container.dict().items.size() / 16);
    return container.dict().find(item) != nullptr;
  }
  const auto list = interpreter.iterate(container);
  interpreter.spend(1 + list->items.size() / 16);
  return std::any_of(list->items.begin(), list->items.end(), [&](const Value& v) { return equal(v, item); });
}

Value slice(Interpreter& interpreter, const Value& value, const Value& from, const Value& to, const Value& by) {
  if (value.is(Kind::kUndefined)) fault("{}", *value.undefined().what);
  if (!value.is(Kind::kString) && !value.is(Kind::kList)) fault("a {} cannot be sliced", type_name(value));
  if (value.is(Kind::kString) && by.is(Kind::kNone)) return slice_text(interpreter, value.string(), from, to);
  const std::vector<std::string_view> parts =
      value.is(Kind::kString) ? characters(value.string()) : std::vector<std::string_view>();
  const auto size = static_cast<std::int64_t>(value.is(Kind::kString) ? parts.size() : value.list().items.size());
  const std::int64_t step = by.is(Kind::kNone) ? 1 : whole_number(by, "the step of a slice");
  if (step == 0) fault("the step of a slice is 0");
  // As in Python, bounds are clamped to the sequence, or to one before it with a negative step.
  const std::int64_t low = step < 0 ? -1 : 0, high = step < 0 ? size - 1 : size;
  const auto end = [&](const Value& v, std::int64_t fallback) {
    if (v.is(Kind::kNone)) return fallback;
    const std::int64_t n = whole_number(v, "the end of a slice");
    return std::clamp(n < 0 ? n + size : n, low, high);
  };
  const std::int64_t start = end(from, step < 0 ? high : low), stop = end(to, step < 0 ? low : high);
  interpreter.spend(1 + static_cast<std::size_t>(size) / 64);
  std::string text;
  std::vector<Value> items;
  const std::int64_t stride = std::clamp(step, -size - 1, size + 1);
  for (std::int64_t i = start; stride > 0 ? i < stop : i > stop; i += stride) {
    if (value.is(Kind::kString)) {
      text += parts[static_cast<std::size_t>(i)];
    } else {
      items.push_back(value.list().items[static_cast<std::size_t>(i)]);
    }
  }
  return value.is(Kind::kString) ? Value(std::move(text)) : make_list(std::move(items), value.list().kind);
}

}  // namespace linnet::jinja

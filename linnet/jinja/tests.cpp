// The tests after `is`.
#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/jinja/ast.h"
#include "linnet/jinja/builtins.h"
#include "linnet/jinja/interpreter.h"

namespace linnet::jinja {
namespace {

template <Kind... kinds>
bool is_kind(Interpreter&, const Value& value, const Arguments&) {
  return (value.is(kinds) || ...);
}

bool is_sequence(Interpreter&, const Value& value, const Arguments&) {
  return value.is(Kind::kString) || value.is(Kind::kDict) || value.is(Kind::kUndefined) ||
         (value.is(Kind::kList) && value.list().kind != ListKind::kGenerator);
}

bool is_iterable(Interpreter&, const Value& value, const Arguments&) {
  return value.is(Kind::kString) || value.is(Kind::kDict) || value.is(Kind::kUndefined) || value.is(Kind::kList) ||
         value.is(Kind::kLoop);
}

template <bool expected>
bool is_constant(Interpreter&, const Value& value, const Arguments&) {
  return value.is(Kind::kBool) && value.boolean() == expected;
}

template <int remainder>
bool has_parity(Interpreter&, const Value& value, const Arguments&) {
  return std::abs(whole_number(value, "the number before 'is odd' or 'is even'") % 2) == remainder;
}

bool divisible(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  arguments.expect("divisibleby", {"num"}, 1);
  return equal(arithmetic(interpreter, Op::kModulo, value, arguments.get(0, "num")), Value(0));
}

bool same(Interpreter&, const Value& value, const Arguments& arguments) {
  arguments.expect("sameas", {"other"}, 1);
  const Value other = arguments.get(0, "other");
  return value.kind() == other.kind() && equal(value, other);
}

bool is_equal(Interpreter&, const Value& value, const Arguments& arguments) {
  arguments.expect("eq", {"other"}, 1);
  return equal(value, arguments.get(0, "other"));
}
bool is_unequal(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  return !is_equal(interpreter, value, arguments);
}
bool is_less(Interpreter&, const Value& value, const Arguments& arguments) {
  arguments.expect("lt", {"other"}, 1);
  return compare(value, arguments.get(0, "other")) < 0;
}
bool is_greater(Interpreter&, const Value& value, const Arguments& arguments) {
  arguments.expect("gt", {"other"}, 1);
  return compare(value, arguments.get(0, "other")) > 0;
}
bool is_at_most(Interpreter& i, const Value& value, const Arguments& arguments) {
  return !is_greater(i, value, arguments);
}
bool is_at_least(Interpreter& i, const Value& value, const Arguments& arguments) {
  return !is_less(i, value, arguments);
}

bool is_in(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  arguments.expect("in", {"seq"}, 1);
  return contains(interpreter, arguments.get(0, "seq"), value);
}

bool is_lower(Interpreter&, const Value& value, const Arguments&) {
  const std::string text = to_text(value);
  return lower(text) == text && upper(text) != text;
}
bool is_upper(Interpreter&, const Value& value, const Arguments&) {
  const std::string text = to_text(value);
  return upper(text) == text && lower(text) != text;
}

bool is_filter(Interpreter&, const Value& value, const Arguments&) { return find_filter(to_text(value)) != nullptr; }
bool is_test(Interpreter&, const Value& value, const Arguments&) { return find_test(to_text(value)) != nullptr; }
bool is_defined(Interpreter&, const Value& value, const Arguments&) { return !value.is(Kind::kUndefined); }

struct NamedTest {
  std::string_view name;
  Test test;
};
constexpr NamedTest kTests[] = {
    {"defined", is_defined},
    {"undefined", is_kind<Kind::kUndefined>},
    {"none", is_kind<Kind::kNone>},
    {"boolean", is_kind<Kind::kBool>},
    {"integer", is_kind<Kind::kInt>},
    {"float", is_kind<Kind::kFloat>},
    {"number", is_kind<Kind::kInt, Kind::kFloat, Kind::kBool>},
    {"string", is_kind<Kind::kString>},
    {"mapping", is_kind<Kind::kDict>},
    {"callable", is_kind<Kind::kFunction, Kind::kLoop>},
    {"sequence", is_sequence},
    {"iterable", is_iterable},
    {"true", is_constant<true>},
    {"false", is_constant<false>},
    {"odd", has_parity<1>},
    {"even", has_parity<0>},
    {"divisibleby", divisible},
    {"sameas", same},
    {"eq", is_equal},
    {"equalto", is_equal},
    {"==", is_equal},
    {"ne", is_unequal},
    {"!=", is_unequal},
    {"lt", is_less},
    {"lessthan", is_less},
    {"<", is_less},
    {"gt", is_greater},
    {"greaterthan", is_greater},
    {">", is_greater},
    {"le", is_at_most},
    {"<=", is_at_most},
    {"ge", is_at_least},
    {">=", is_at_least},
    {"in", is_in},
    {"lower", is_lower},
    {"upper", is_upper},
    {"filter", is_filter},
    {"test", is_test},
};

}  // namespace

Test find_test(std::string_view name) {
  const auto* found = std::find_if(std::begin(kTests), std::end(kTests), [&](const auto& t) { return t.name == name; });
  return found == std::end(kTests) ? nullptr : found->test;
}

std::string unknown_test(std::string_view name) { return fmt::format("there is no test '{}'", printable(name, 40)); }
std::string unknown_filter(std::string_view name) {
  return fmt::format("there is no filter '{}'", printable(name, 40));
}

Filter find_filter(std::string_view name) {
  const Filter filter = find_text_filter(name);
  return filter ? filter : find_list_filter(name);
}

}  // namespace linnet::jinja

// Filters, tests, methods and functions of templates, by name.
#pragma once

#include <string>
#include <string_view>

#include "linnet/jinja/value.h"

namespace linnet::jinja {

using Filter = Value (*)(Interpreter&, const Value& input, const Arguments&);
using Test = bool (*)(Interpreter&, const Value& input, const Arguments&);

// Null if there is none with this name.
Filter find_filter(std::string_view name);
Test find_test(std::string_view name);
std::string unknown_filter(std::string_view name);
std::string unknown_test(std::string_view name);

// A filter or a test may have several names; each source file has one table.
struct NamedFilter {
  std::string_view name;
  Filter filter;
};
Filter find_text_filter(std::string_view name);
Filter find_list_filter(std::string_view name);

// Methods of str, list and dict; null if the type has none with this name. Mutating methods throw when called, as in
// Jinja's sandbox.
std::shared_ptr<const Function> find_method(const Value& self, std::string_view name);

// str.split, shared by methods and filters: an empty `separator` means white space; `most` < 0 means all.
Value split(Interpreter& interpreter, std::string_view text, std::string_view separator, std::int64_t most,
            bool from_right);
std::string replace_all(Interpreter& interpreter, std::string_view text, std::string_view old, std::string_view with,
                        std::int64_t most);
std::vector<std::string_view> split_lines(std::string_view text);
std::string capitalize(std::string_view text);
// printf-style text % arguments (%s %r %d %i %f %x %o %e %g %c %%, with flags, width and precision).
std::string percent_format(Interpreter& interpreter, std::string_view format, const Value& arguments);
std::string escape_html(std::string_view text);
std::string indent_text(Interpreter& interpreter, std::string_view text, std::string_view indent, bool first,
                        bool blank);

// + - * / // % ** with Python's semantics; integers over 64 bits are faults.
enum class Op : std::uint8_t;
Value arithmetic(Interpreter& interpreter, Op op, const Value& a, const Value& b);
bool contains(Interpreter& interpreter, const Value& container, const Value& item);
// value[from:to:step]; None if omitted.
Value slice(Interpreter& interpreter, const Value& value, const Value& from, const Value& to, const Value& step);
// An integer argument; a fault naming `what` for another type.
std::int64_t whole_number(const Value& value, std::string_view what);

// range, dict, namespace, raise_exception, strftime_now.
void define_globals(Interpreter& interpreter);

}  // namespace linnet::jinja

#include "linnet/jinja/template.h"

#include "linnet/base/error.h"
#include "linnet/base/utf8.h"
#include "linnet/jinja/lexer.h"
#include "linnet/jinja/parser.h"

namespace linnet::jinja {

Template::Template(std::string source, std::string place, LastNewline last_newline)
    : source_(std::move(source)), place_(std::move(place)) {
  check(utf8::valid(source_), ErrorKind::kBadInput, "{}: the template is not UTF-8; save it so", place_);
  block_ = parse(normalize_source(source_, last_newline == LastNewline::kKeep), place_);
}

std::string Template::render(const Names& names, const RunOptions& options) const {
  Interpreter interpreter(options);
  try {
    for (const auto& [name, value] : names) interpreter.define(name, value);
    return interpreter.run(block_);
  } catch (const Fault& mistake) {
    const std::string_view what = mistake.what();
    fail(ErrorKind::kBadInput, "{}:{}: {}{}", place_, interpreter.line(), printable(what, 1000),
         what.find(';') == what.npos ? "; correct the template or what it is given" : "");
  }
}

}  // namespace linnet::jinja

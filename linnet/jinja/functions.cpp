// Global functions of templates.
#include <ctime>

#include "linnet/jinja/builtins.h"
#include "linnet/jinja/interpreter.h"

namespace linnet::jinja {
namespace {

Value range(Interpreter& interpreter, const Arguments& arguments) {
  arguments.expect("range", {"start", "stop", "step"}, 1);
  if (!arguments.named.empty()) fault("range takes no named arguments");
  std::int64_t start = whole_number(arguments.positional[0], "range"), stop = start, step = 1;
  if (arguments.positional.size() == 1) {
    start = 0;
  } else {
    stop = whole_number(arguments.positional[1], "range");
  }
  if (arguments.positional.size() > 2) step = whole_number(arguments.positional[2], "range");
  if (step == 0) fault("the step of a range is 0");
  std::vector<Value> items;
  const auto most = static_cast<std::size_t>(interpreter.options().limits.range);
  for (std::int64_t i = start; step > 0 ? i < stop : i > stop;) {
    if (items.size() >= most) fault("a range has more than {} elements", most);
    items.emplace_back(i);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  interpreter.spend(1 + items.size() / 16);
  return make_list(std::move(items));
}

void fill(Interpreter& interpreter, Dict& dict, const Arguments& arguments, std::string_view callee) {
  if (arguments.positional.size() > 1) fault("{} takes one value and names", callee);
  if (!arguments.positional.empty()) {
    const Value& from = arguments.positional[0];
    if (from.is(Kind::kDict)) {
      interpreter.spend(1 + from.dict().items.size());
      for (const auto& [key, value] : from.dict().items) dict.set(key, value);
    } else {
      const auto pairs = interpreter.iterate(from);
      interpreter.spend(pairs->items.size());
      for (const Value& pair : pairs->items) {
        if (!pair.is(Kind::kList) || pair.list().items.size() != 2) fault("{} takes a dict or pairs", callee);
        dict.set(pair.list().items[0], pair.list().items[1]);
      }
    }
  }
  for (const auto& [key, value] : arguments.named) dict.set(Value(key), value);
}

Value dict(Interpreter& interpreter, const Arguments& arguments) {
  Dict made;
  fill(interpreter, made, arguments, "dict");
  return make_dict(std::move(made));
}

Value make_space(Interpreter& interpreter, const Arguments& arguments) {
  Namespace* space = interpreter.make_namespace();
  fill(interpreter, space->values, arguments, "namespace");
  for (const auto& [key, value] : space->values.items)
    if (key.is(Kind::kString) && key.string().starts_with('_')) fault("a namespace has no names that start with '_'");
  return Value(space);
}

Value raise(Interpreter&, const Arguments& arguments) {
  arguments.expect("raise_exception", {"message"}, 1);
  throw Fault(arguments.text(0, "message", ""));
}

Value strftime_now(Interpreter& interpreter, const Arguments& arguments) {
  arguments.expect("strftime_now", {"format"}, 1);
  const std::string format = arguments.text(0, "format", "");
  if (format.empty()) return Value("");
  if (format.size() > 256) fault("the format of strftime_now is longer than 256 bytes");
  const std::time_t now =
      interpreter.options().now < 0 ? std::time(nullptr) : static_cast<std::time_t>(interpreter.options().now);
  std::tm local{};
  localtime_r(&now, &local);
  char buffer[4096];
  const std::size_t size = std::strftime(buffer, sizeof buffer, format.c_str(), &local);
  return Value(std::string(buffer, size));
}

}  // namespace

void define_globals(Interpreter& interpreter) {
  static constexpr std::pair<std::string_view, Value (*)(Interpreter&, const Arguments&)> kFunctions[] = {
      {"range", range},
      {"dict", dict},
      {"namespace", make_space},
      {"raise_exception", raise},
      {"strftime_now", strftime_now}};
  for (const auto& [name, call] : kFunctions) {
    auto function = std::make_shared<Function>();
    function->name = name;
    function->call = call;
    interpreter.define(name, Value(std::shared_ptr<const Function>(std::move(function))));
  }
}

}  // namespace linnet::jinja

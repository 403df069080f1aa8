// The interpreter's expressions.
#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/base/utf8.h"
#include "linnet/jinja/builtins.h"
#include "linnet/jinja/interpreter.h"

namespace linnet::jinja {
namespace {

class Deeper {
 public:
  Deeper(int& depth, int most) : depth_(depth) {
    if (depth_ >= most) fault("expressions are nested more than {} deep", most);
    ++depth_;
  }
  ~Deeper() { --depth_; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;

 private:
  int& depth_;
};

std::string_view object_name(const Value& value) {
  return value.is(Kind::kNone) ? std::string_view("None") : type_name(value);
}

Value no_attribute(const Value& value, std::string_view name) {
  return make_undefined(fmt::format("'{}' has no attribute '{}'", object_name(value), printable(name, 60)));
}

Value bound(std::string_view name, std::function<Value(Interpreter&, const Arguments&)> call) {
  auto function = std::make_shared<Function>();
  function->name = name;
  function->call = std::move(call);
  return Value(std::shared_ptr<const Function>(std::move(function)));
}

}  // namespace

Value Interpreter::evaluate(const Expr& expr) {
  const Deeper guard(depth_, options_.limits.depth);
  spend();
  line_ = expr.line;
  switch (expr.kind) {
    case ExprKind::kConstant:
      return expr.value;
    case ExprKind::kName:
      return evaluate_name(expr);
    case ExprKind::kList:
    case ExprKind::kTuple:
    case ExprKind::kDict:
      return evaluate_collection(expr);
    case ExprKind::kCondition:
      return evaluate_condition(expr);
    case ExprKind::kOr:
    case ExprKind::kAnd:
      return evaluate_logic(expr);
    case ExprKind::kNot:
      return Value(!is_true(evaluate(*expr.parts[0])));
    case ExprKind::kCompare:
      return evaluate_compare(expr);
    case ExprKind::kChain:
      return evaluate_chain(expr);
    case ExprKind::kConcat:
      return evaluate_concat(expr);
    case ExprKind::kNegative:
    case ExprKind::kPositive:
      return evaluate_sign(expr);
    case ExprKind::kPostfix:
      return evaluate_postfix(expr);
  }
  return {};
}

Value Interpreter::evaluate_name(const Expr& expr) {
  if (const Value* value = look_up(expr.name)) return *value;
  return make_undefined(fmt::format("'{}' is undefined", printable(expr.name, 60)));
}

Value Interpreter::evaluate_collection(const Expr& expr) {
  if (expr.kind == ExprKind::kDict) {
    Dict dict;
    for (std::size_t i = 0; i < expr.parts.size(); i += 2) {
      Value key = evaluate(*expr.parts[i]);
      if (key.is(Kind::kDict) || (key.is(Kind::kList) && key.list().kind == ListKind::kList))
        fault("a {} cannot be a key", type_name(key));
      spend(1 + i / 64);
      dict.set(std::move(key), evaluate(*expr.parts[i + 1]));
    }
    return make_dict(std::move(dict));
  }
  std::vector<Value> items;
  for (const ExprPtr& part : expr.parts) items.push_back(evaluate(*part));
  return make_list(std::move(items), expr.kind == ExprKind::kTuple ? ListKind::kTuple : ListKind::kList);
}

Value Interpreter::evaluate_condition(const Expr& expr) {
  if (is_true(evaluate(*expr.parts[1]))) return evaluate(*expr.parts[0]);
  if (expr.parts[2]) return evaluate(*expr.parts[2]);
  return make_undefined("the condition is false and there is no 'else'");
}

// As in Python: returns the deciding operand.
Value Interpreter::evaluate_logic(const Expr& expr) {
  const bool stop_on = expr.kind == ExprKind::kOr;
  for (std::size_t i = 0; i + 1 < expr.parts.size(); ++i) {
    Value value = evaluate(*expr.parts[i]);
    if (is_true(value) == stop_on) return value;
  }
  return evaluate(*expr.parts.back());
}

bool Interpreter::compare_op(Op op, const Value& a, const Value& b) {
  need_defined(a);
  need_defined(b);
  switch (op) {
    case Op::kEqual:
      return equal(a, b);
    case Op::kNotEqual:
      return !equal(a, b);
    case Op::kIn:
      return contains(*this, b, a);
    case Op::kNotIn:
      return !contains(*this, b, a);
    default:
      break;
  }
  if (a.is_number() && b.is_number()) {  // nan is neither less nor greater
    const double x = number(a), y = number(b);
    if (x != x || y != y) return false;
  }
  const int order = compare(a, b);
  return op == Op::kLess ? order < 0 : op == Op::kLessEqual ? order <= 0 : op == Op::kGreater ? order > 0 : order >= 0;
}

Value Interpreter::evaluate_compare(const Expr& expr) {
  Value left = evaluate(*expr.parts[0]);
  for (std::size_t i = 0; i < expr.ops.size(); ++i) {
    Value right = evaluate(*expr.parts[i + 1]);
    if (!compare_op(expr.ops[i], left, right)) return Value(false);
    left = std::move(right);
  }
  return Value(true);
}

Value Interpreter::evaluate_chain(const Expr& expr) {
  Value left = evaluate(*expr.parts[0]);
  for (std::size_t i = 0; i < expr.ops.size(); ++i) {
    const Value right = evaluate(*expr.parts[i + 1]);
    line_ = expr.line;
    left = arithmetic(*this, expr.ops[i], left, right);
  }
  return left;
}

Value Interpreter::evaluate_concat(const Expr& expr) {
  std::string text;
  for (const ExprPtr& part : expr.parts) {
    const Value value = evaluate(*part);
    need_defined(value);
    append_text(text, value);
    if (text.size() > kMaxBytes) fault("a text is longer than {} bytes", kMaxBytes);
  }
  spend_bytes(text.size());
  return Value(std::move(text));
}

Value Interpreter::evaluate_sign(const Expr& expr) {
  const Value value = evaluate(*expr.parts[0]);
  if (!value.is_number()) fault("a sign before a {}", type_name(value));
  const std::int64_t sign = expr.kind == ExprKind::kNegative ? -1 : 1;
  return arithmetic(*this, Op::kMultiply, value, Value(sign));
}

Value Interpreter::evaluate_postfix(const Expr& expr) { return run_steps(evaluate(*expr.parts[0]), expr.steps); }

Value Interpreter::run_steps(Value value, const std::vector<Step>& steps) {
  for (const Step& step : steps) value = run_step(value, step);
  return value;
}

Value Interpreter::run_step(const Value& value, const Step& step) {
  spend();
  line_ = step.line;
  const auto part = [&](std::size_t i) { return step.parts[i] ? evaluate(*step.parts[i]) : Value(); };
  switch (step.kind) {
    case StepKind::kAttribute:
      return attribute(value, step.name);
    case StepKind::kIndex: {
      const Value key = part(0);
      line_ = step.line;
      return item(value, key);
    }
    case StepKind::kSlice: {
      const Value from = part(0), to = part(1), by = step.parts.size() > 2 ? part(2) : Value();
      line_ = step.line;
      return slice(*this, value, from, to, by);
    }
    default:
      break;
  }
  const Arguments arguments = evaluate_arguments(step.arguments);
  line_ = step.line;
  if (step.kind == StepKind::kCall) return call(value, arguments);
  if (step.kind == StepKind::kFilter) return filter(step.name, value, arguments);
  return Value(test(step.name, value, arguments) == (step.kind == StepKind::kTest));
}

Arguments Interpreter::evaluate_arguments(const CallArguments& arguments) {
  Arguments values;
  for (const ExprPtr& expr : arguments.positional) values.positional.push_back(evaluate(*expr));
  for (const auto& [name, expr] : arguments.named) values.named.emplace_back(name, evaluate(*expr));
  return values;
}

Value Interpreter::filter(std::string_view name, const Value& input, const Arguments& arguments) {
  const Filter found = find_filter(name);
  if (!found) fault("{}", unknown_filter(name));
  if (name != "default" && name != "d") need_defined(input);
  spend_bytes(input.is(Kind::kString) ? input.string().size() : 0);
  return found(*this, input, arguments);
}

bool Interpreter::test(std::string_view name, const Value& input, const Arguments& arguments) {
  const Test found = find_test(name);
  if (!found) fault("{}", unknown_test(name));
  return found(*this, input, arguments);
}

Value Interpreter::attribute(const Value& value, std::string_view name) {
  switch (value.kind()) {
    case Kind::kUndefined:
      fault("{}", *value.undefined().what);
    case Kind::kNamespace: {
      const Value* found = value.space().values.find(name);
      return found ? *found : no_attribute(value, name);
    }
    case Kind::kLoop:
      return loop_attribute(value, name);
    case Kind::kString:
    case Kind::kList:
    case Kind::kDict:
      if (auto method = find_method(value, name)) return Value(std::move(method));
      break;
    default:
      break;
  }
  if (value.is(Kind::kDict))
    if (const Value* found = value.dict().find(name)) return *found;
  return no_attribute(value, name);
}

Value Interpreter::item(const Value& value, const Value& key) {
  if (value.is(Kind::kUndefined)) fault("{}", *value.undefined().what);
  if (value.is(Kind::kDict)) {
    if (!key.is(Kind::kString)) spend(1 + value.dict().items.size() / 16);
    if (const Value* found = value.dict().find(key)) return *found;
  }
  if (key.is(Kind::kInt) && (value.is(Kind::kList) || value.is(Kind::kString))) {
    const bool text = value.is(Kind::kString);
    if (text) spend_bytes(value.string().size());
    const auto size = static_cast<std::int64_t>(text ? utf8::count(value.string()) : value.list().items.size());
    const std::int64_t at = key.integer() < 0 ? key.integer() + size : key.integer();
    if (at >= 0 && at < size && !text) return value.list().items[static_cast<std::size_t>(at)];
    if (at >= 0 && at < size) {
      const std::string_view rest =
          std::string_view(value.string()).substr(character_offset(value.string(), static_cast<std::size_t>(at)));
      return Value(rest.substr(0, utf8::decode(rest).length));
    }
    return make_undefined(fmt::format("the index {} is outside a {} of {}", key.integer(), type_name(value), size));
  }
  if (key.is(Kind::kString)) return attribute(value, key.string());
  return no_attribute(value, key.is(Kind::kUndefined) ? "?" : to_text(key));
}

Value Interpreter::path(const Value& value, const Value& path) {
  if (path.is(Kind::kInt)) return item(value, path);
  Value at = value;
  std::string_view rest = path.is(Kind::kString) ? std::string_view(path.string()) : std::string_view();
  if (rest.empty()) fault("an attribute is named by a text or an integer, not by a {}", type_name(path));
  while (!rest.empty()) {
    const auto dot = rest.find('.');
    const std::string_view name = rest.substr(0, dot);
    const bool number = !name.empty() && name.size() < 10 &&
                        std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
    at = item(at, number ? Value(std::stoi(std::string(name))) : Value(name));
    rest = dot == rest.npos ? std::string_view() : rest.substr(dot + 1);
  }
  return at;
}

Value Interpreter::loop_attribute(const Value& value, std::string_view name) {
  const LoopState& loop = value.loop();
  const auto& items = loop.items->items;
  const auto index = static_cast<std::int64_t>(loop.index), size = static_cast<std::int64_t>(items.size());
  if (name == "index") return index + 1;
  if (name == "index0") return index;
  if (name == "revindex") return size - index;
  if (name == "revindex0") return size - index - 1;
  if (name == "first") return index == 0;
  if (name == "last") return index + 1 == size;
  if (name == "length") return size;
  if (name == "depth") return loop.depth + 1;
  if (name == "depth0") return loop.depth;
  if (name == "previtem") return loop.index > 0 ? items[loop.index - 1] : make_undefined("there is no previous item");
  if (name == "nextitem")
    return loop.index + 1 < items.size() ? items[loop.index + 1] : make_undefined("there is no next item");
  if (name == "cycle")
    return bound("cycle", [value](Interpreter&, const Arguments& arguments) {
      if (arguments.positional.empty()) fault("loop.cycle needs values");
      return arguments.positional[value.loop().index % arguments.positional.size()];
    });
  if (name == "changed")
    return bound("changed", [value](Interpreter&, const Arguments& arguments) {
      LoopState& state = value.loop();
      if (state.done) fault("loop.changed is called after its loop");
      const Value now = make_list(arguments.positional, ListKind::kTuple);
      if (state.has_changed && equal(state.last_changed, now)) return Value(false);
      state.last_changed = now;
      state.has_changed = true;
      return Value(true);
    });
  return no_attribute(value, name);
}

}  // namespace linnet::jinja

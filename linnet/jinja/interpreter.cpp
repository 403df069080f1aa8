#include "linnet/jinja/interpreter.h"

#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/jinja/builtins.h"

namespace linnet::jinja {

// Names of one block. If the block defines a macro, it lives until the end of the run, since the macro uses it.
struct Interpreter::Scope {
  Scope* parent = nullptr;
  bool kept = false;
  std::vector<std::pair<std::string_view, Value>> names;
};

class Interpreter::ScopeGuard {
 public:
  ScopeGuard(Interpreter& interpreter, Scope* parent)
      : interpreter_(interpreter), before_(interpreter.scope_), own_(interpreter.open_scope(parent)) {
    interpreter_.scope_ = own_;
  }
  ~ScopeGuard() {
    interpreter_.scope_ = before_;
    interpreter_.close_scope(own_);
  }
  ScopeGuard(const ScopeGuard&) = delete;
  ScopeGuard& operator=(const ScopeGuard&) = delete;

 private:
  Interpreter& interpreter_;
  Scope *before_, *own_;
};

class Interpreter::DepthGuard {
 public:
  DepthGuard(int& depth, int most) : depth_(depth) {
    if (depth_ >= most) fault("calls or expressions are nested more than {} deep", most);
    ++depth_;
  }
  ~DepthGuard() { --depth_; }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;

 private:
  int& depth_;
};

// Redirects output to `text` during its lifetime.
class Interpreter::Capture {
 public:
  explicit Capture(Interpreter& interpreter) : interpreter_(interpreter), before_(interpreter.out_) {
    interpreter_.out_ = &text;
  }
  ~Capture() { interpreter_.out_ = before_; }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  std::string text;

 private:
  Interpreter& interpreter_;
  std::string* before_;
};

Interpreter::Interpreter(RunOptions options) : options_(options), meter_(options.limits.steps, options.limits.seconds) {
  scope_ = open_scope(nullptr);
  define_globals(*this);
  scope_ = open_scope(scope_);  // the template's own names hide the functions
}
Interpreter::~Interpreter() = default;

void Interpreter::define(std::string_view name, Value value) { assign_name(name, std::move(value)); }

std::string Interpreter::run(const Block& block) {
  const MeterScope counting(meter_);
  Capture capture(*this);
  run_block(block);
  return std::move(capture.text);
}

Interpreter::Scope* Interpreter::open_scope(Scope* parent) {
  Scope* scope;
  if (free_scopes_.empty()) {
    scopes_.push_back(std::make_unique<Scope>());
    scope = scopes_.back().get();
  } else {
    scope = free_scopes_.back();
    free_scopes_.pop_back();
  }
  scope->parent = parent;
  return scope;
}

void Interpreter::close_scope(Scope* scope) {
  if (scope->kept) return;
  scope->names.clear();
  free_scopes_.push_back(scope);
}

const Value* Interpreter::look_up(std::string_view name) const {
  for (const Scope* scope = scope_; scope; scope = scope->parent) {
    jinja::spend(scope->names.size() / 16);
    for (const auto& [known, value] : scope->names)
      if (known == name) return &value;
  }
  return nullptr;
}

void Interpreter::assign_name(std::string_view name, Value value) {
  jinja::spend(scope_->names.size() / 16);
  for (auto& [known, old] : scope_->names)
    if (known == name) {
      old = std::move(value);
      return;
    }
  scope_->names.emplace_back(name, std::move(value));
}

Namespace* Interpreter::make_namespace() {
  spend(16);
  namespaces_.push_back(std::make_unique<Namespace>());
  return namespaces_.back().get();
}

void Interpreter::need_defined(const Value& value) const {
  if (options_.missing == Missing::kEmpty || !value.is(Kind::kUndefined)) return;
  std::string names;
  for (const Scope* scope = scope_; scope && scope->parent; scope = scope->parent)  // all except the functions
    for (const auto& [name, unused] : scope->names) names += (names.empty() ? "" : ", ") + std::string(name);
  fault("{}; the names given are: {}", *value.undefined().what, printable(names));
}

bool Interpreter::is_true(const Value& value) const {
  need_defined(value);
  return truthy(value);
}

std::shared_ptr<const List> Interpreter::iterate(const Value& value) {
  need_defined(value);
  auto list = elements(value);
  spend(1 + list->items.size() / 16);
  return list;
}

void Interpreter::write_text(std::string_view text) {
  if (text.size() > kMaxBytes - std::min(out_->size(), kMaxBytes))
    fault("the template writes more than {} bytes", kMaxBytes);
  spend_bytes(text.size());
  *out_ += text;
}

void Interpreter::write(const Value& value) {
  if (value.is(Kind::kString)) return write_text(value.string());
  need_defined(value);
  if (!value.is(Kind::kUndefined)) write_text(to_text(value));
}

Interpreter::Flow Interpreter::run_block(const Block& block) {
  for (const Statement& statement : block)
    if (const Flow flow = run_statement(statement); flow != Flow::kNext) return flow;
  return Flow::kNext;
}

Interpreter::Flow Interpreter::run_statement(const Statement& statement) {
  const DepthGuard guard(depth_, options_.limits.depth);
  spend();
  line_ = statement.line;
  switch (statement.kind) {
    case StatementKind::kText:
      write_text(statement.text);
      break;
    case StatementKind::kOutput:
      write(evaluate(*statement.expr));
      break;
    case StatementKind::kIf:
      return run_if(statement);
    case StatementKind::kFor:
      run_for(statement);
      break;
    case StatementKind::kSet:
      run_set(statement);
      break;
    case StatementKind::kSetBlock:
    case StatementKind::kFilter: {
      Value text(captured(statement.body));
      if (statement.expr) text = run_steps(std::move(text), statement.expr->steps);
      if (statement.kind == StatementKind::kFilter) {
        write(text);
      } else {
        assign(statement, text);
      }
      break;
    }
    case StatementKind::kMacro:
      assign_name(statement.name, make_macro(statement, statement.name));
      break;
    case StatementKind::kCall:
      run_call(statement);
      break;
    case StatementKind::kScope:
      return run_scope(statement);
    case StatementKind::kBody:
      return run_block(statement.body);
    case StatementKind::kBreak:
      return Flow::kBreak;
    case StatementKind::kContinue:
      return Flow::kContinue;
  }
  return Flow::kNext;
}

Interpreter::Flow Interpreter::run_if(const Statement& statement) {
  for (const Branch& branch : statement.branches)
    if (!branch.test || is_true(evaluate(*branch.test))) return run_block(branch.body);
  return Flow::kNext;
}

Interpreter::Flow Interpreter::run_scope(const Statement& statement) {
  std::vector<Value> values;
  for (const ExprPtr& expr : statement.values) values.push_back(evaluate(*expr));
  const ScopeGuard scope(*this, scope_);
  for (std::size_t i = 0; i < values.size(); ++i) assign_name(statement.targets[i], std::move(values[i]));
  return run_block(statement.body);
}

std::string Interpreter::captured(const Block& block) {
  const ScopeGuard scope(*this, scope_);
  Capture capture(*this);
  run_block(block);
  return std::move(capture.text);
}

void Interpreter::run_set(const Statement& statement) { assign(statement, evaluate(*statement.expr)); }

void Interpreter::assign(const Statement& statement, const Value& value) {
  if (!statement.name.empty()) {
    const Value* space = look_up(statement.targets[0]);
    if (!space || !space->is(Kind::kNamespace))
      fault("'{}.{}' is assigned to, but '{}' is no namespace", printable(statement.targets[0], 40),
            printable(statement.name, 40), printable(statement.targets[0], 40));
    if (statement.name.starts_with('_')) fault("a namespace has no names that start with '_'");
    space->space().values.set(Value(statement.name), value);
    return;
  }
  if (!statement.unpacks) return assign_name(statement.targets[0], value);
  const auto list = iterate(value);
  if (list->items.size() != statement.targets.size())
    fault("{} values for {} names", list->items.size(), statement.targets.size());
  for (std::size_t i = 0; i < statement.targets.size(); ++i) assign_name(statement.targets[i], list->items[i]);
}

void Interpreter::run_for(const Statement& statement) { loop_over(statement, evaluate(*statement.expr), 0); }

// The elements that satisfy the test of `for … if test`.
std::shared_ptr<const List> Interpreter::select(const Statement& statement, std::shared_ptr<const List> items) {
  if (!statement.test) return items;
  auto kept = std::make_shared<List>();
  kept->depth = items->depth;
  const ScopeGuard scope(*this, scope_);
  for (const Value& item : items->items) {
    spend();
    assign(statement, item);
    if (is_true(evaluate(*statement.test))) kept->items.push_back(item);
  }
  return kept;
}

void Interpreter::loop_over(const Statement& statement, const Value& over, int depth) {
  auto state = std::make_shared<LoopState>();
  state->items = select(statement, iterate(over));
  state->depth = depth;
  state->statement = &statement;
  const auto forget = [](LoopState* loop) {
    loop->last_changed = Value();  // it may contain the loop itself
    loop->done = true;
  };
  const std::unique_ptr<LoopState, decltype(forget)> forgetting(state.get(), forget);
  for (; state->index < state->items->items.size(); ++state->index) {
    spend();
    const ScopeGuard scope(*this, scope_);
    assign(statement, state->items->items[state->index]);
    assign_name("loop", Value(state));
    if (run_block(statement.body) == Flow::kBreak) break;
  }
  if (!state->items->items.empty()) return;
  const ScopeGuard scope(*this, scope_);
  run_block(statement.else_body);
}

Value Interpreter::make_macro(const Statement& statement, std::string_view name) {
  Scope* home = scope_;
  for (Scope* scope = home; scope; scope = scope->parent) scope->kept = true;
  auto function = std::make_shared<Function>();
  function->name = name;
  function->call = [&statement, home, name = function->name](Interpreter& interpreter, const Arguments& arguments) {
    return Value(interpreter.run_macro(statement, home, name, arguments));
  };
  return Value(std::shared_ptr<const Function>(std::move(function)));
}

std::string Interpreter::run_macro(const Statement& statement, Scope* home, std::string_view name,
                                   const Arguments& arguments) {
  const DepthGuard guard(calls_, options_.limits.calls);
  const ScopeGuard scope(*this, home);
  bind(statement, name, arguments);
  Capture capture(*this);
  run_block(statement.body);
  return std::move(capture.text);
}

void Interpreter::bind(const Statement& statement, std::string_view name, const Arguments& arguments) {
  const auto& parameters = statement.parameters;
  if (arguments.positional.size() > parameters.size())
    fault("the macro '{}' takes at most {} arguments, {} given", name, parameters.size(), arguments.positional.size());
  for (const auto& argument : arguments.named) {
    const std::string_view key = argument.first;
    const auto known = std::find_if(parameters.begin(), parameters.end(), [&](const auto& p) { return p.name == key; });
    if (known == parameters.end() && key != "caller")
      fault("the macro '{}' has no parameter '{}'", name, printable(key, 40));
    if (known == parameters.end()) assign_name("caller", argument.second);
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& parameter = parameters[i];
    if (const Value* given = arguments.find(i, parameter.name)) {
      assign_name(parameter.name, *given);
    } else if (parameter.fallback) {
      assign_name(parameter.name, evaluate(*parameter.fallback));
    } else {
      assign_name(parameter.name, make_undefined(fmt::format("the parameter '{}' was not given", parameter.name)));
    }
  }
}

// {% call f(x) %}body{% endcall %}: f gets the body as its `caller`.
void Interpreter::run_call(const Statement& statement) {
  const Expr& expr = *statement.expr;
  Value callee = evaluate(*expr.parts[0]);
  for (std::size_t i = 0; i + 1 < expr.steps.size(); ++i) callee = run_step(callee, expr.steps[i]);
  Arguments arguments = evaluate_arguments(expr.steps.back().arguments);
  arguments.named.emplace_back("caller", make_macro(statement, "caller"));
  write(call(callee, arguments));
}

Value Interpreter::call(const Value& function, const Arguments& arguments) {
  const DepthGuard guard(depth_, options_.limits.depth);
  spend();
  if (function.is(Kind::kUndefined)) fault("{}", *function.undefined().what);
  if (function.is(Kind::kLoop)) {
    const LoopState& loop = function.loop();
    if (!loop.statement->recursive) fault("the loop is called but not marked 'recursive'");
    arguments.expect("loop", {"items"}, 1);
    const DepthGuard calls(calls_, options_.limits.calls);
    Capture capture(*this);
    loop_over(*loop.statement, arguments.get(0, "items"), loop.depth + 1);
    return Value(std::move(capture.text));
  }
  if (!function.is(Kind::kFunction)) fault("a {} cannot be called", type_name(function));
  return function.function().call(*this, arguments);
}

}  // namespace linnet::jinja

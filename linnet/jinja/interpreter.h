// Runs a parsed template with limits on steps, depth of calls, text and time.
//
//   Interpreter interpreter({.now = 0});
//   interpreter.define("messages", from_json(messages));
//   std::string text = interpreter.run(block);
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "linnet/jinja/ast.h"
#include "linnet/jinja/value.h"

namespace linnet::jinja {

struct Limits {
  std::int64_t steps = 1'000'000;  // expressions, loop iterations, new values, one per 32 bytes of new text
  std::int64_t range = 100'000;    // elements of a range
  int calls = 100;                 // nesting of macros and recursive loops
  int depth = 1500;                // nesting of expressions and statements
  double seconds = 0.3;            // processor time; destroying the values takes about as long
};

// Meaning of an undefined name.
enum class Missing : std::uint8_t {
  kEmpty,  // prints nothing (chat templates)
  kFault,  // only `is defined` and `default` may use it (prompt templates)
};

struct RunOptions {
  Missing missing = Missing::kEmpty;
  std::int64_t now = -1;  // time for strftime_now: seconds since 1970; -1: the clock
  Limits limits = {};
};

class Interpreter {
 public:
  explicit Interpreter(RunOptions options);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  // `name` must outlive the interpreter.
  void define(std::string_view name, Value value);
  // Throws Fault; then `line()` is its position.
  std::string run(const Block& block);
  int line() const { return line_; }
  const RunOptions& options() const { return options_; }

  // For built-ins, in addition to what values count themselves. Throws past the limits.
  void spend(std::size_t steps = 1) { meter_.spend(steps); }
  void spend_bytes(std::size_t bytes) { spend(1 + bytes / 256); }
  Value call(const Value& function, const Arguments& arguments);
  Value attribute(const Value& value, std::string_view name);
  Value item(const Value& value, const Value& key);
  // A path of filters: "a.b.0", or an integer.
  Value path(const Value& value, const Value& path);
  Value filter(std::string_view name, const Value& input, const Arguments& arguments);
  bool test(std::string_view name, const Value& input, const Arguments& arguments);
  Namespace* make_namespace();
  bool is_true(const Value& value) const;
  std::shared_ptr<const List> iterate(const Value& value);
  void need_defined(const Value& value) const;  // for Missing::kFault

 private:
  enum class Flow : std::uint8_t { kNext, kBreak, kContinue };
  struct Scope;
  class ScopeGuard;
  class DepthGuard;
  class Capture;

  Flow run_block(const Block& block);
  Flow run_statement(const Statement& statement);
  Flow run_if(const Statement& statement);
  Flow run_scope(const Statement& statement);
  void run_for(const Statement& statement);
  void loop_over(const Statement& statement, const Value& over, int depth);
  std::shared_ptr<const List> select(const Statement& statement, std::shared_ptr<const List> items);
  void run_set(const Statement& statement);
  void run_call(const Statement& statement);
  std::string captured(const Block& block);
  void assign(const Statement& statement, const Value& value);
  Value make_macro(const Statement& statement, std::string_view name);
  std::string run_macro(const Statement& statement, Scope* home, std::string_view name, const Arguments& arguments);
  void bind(const Statement& statement, std::string_view name, const Arguments& arguments);
  void write(const Value& value);
  void write_text(std::string_view text);

  Value evaluate(const Expr& expr);
  Value evaluate_name(const Expr& expr);
  Value evaluate_collection(const Expr& expr);
  Value evaluate_condition(const Expr& expr);
  Value evaluate_logic(const Expr& expr);
  Value evaluate_compare(const Expr& expr);
  Value evaluate_chain(const Expr& expr);
  Value evaluate_concat(const Expr& expr);
  Value evaluate_sign(const Expr& expr);
  Value evaluate_postfix(const Expr& expr);
  Value run_steps(Value value, const std::vector<Step>& steps);
  Value run_step(const Value& value, const Step& step);
  Arguments evaluate_arguments(const CallArguments& arguments);
  bool compare_op(Op op, const Value& a, const Value& b);
  Value loop_attribute(const Value& value, std::string_view name);

  const Value* look_up(std::string_view name) const;
  void assign_name(std::string_view name, Value value);
  Scope* open_scope(Scope* parent);
  void close_scope(Scope* scope);

  RunOptions options_;
  std::vector<std::unique_ptr<Scope>> scopes_;
  std::vector<Scope*> free_scopes_;
  std::vector<std::unique_ptr<Namespace>> namespaces_;
  Scope* scope_ = nullptr;
  std::string* out_ = nullptr;
  int line_ = 1, depth_ = 0, calls_ = 0;
  Meter meter_;
};

struct LoopState {
  std::shared_ptr<const List> items;
  std::size_t index = 0;
  int depth = 0;
  const Statement* statement = nullptr;
  Value last_changed = {};  // last argument of loop.changed()
  bool has_changed = false;
  bool done = false;
};

}  // namespace linnet::jinja

#include "linnet/jinja/expression_parser.h"

#include <charconv>
#include <optional>

#include "linnet/base/error.h"
#include "linnet/jinja/builtins.h"
#include "linnet/jinja/parser.h"

namespace linnet::jinja {
namespace {

struct BinaryOp {
  std::string_view text;
  int level;  // higher binds tighter; ~ (level 2) is between + and *
  Op op;
};
constexpr BinaryOp kBinaryOps[] = {
    {"+", 1, Op::kAdd},    {"-", 1, Op::kSubtract},     {"~", 2, Op::kAdd},    {"*", 3, Op::kMultiply},
    {"/", 3, Op::kDivide}, {"//", 3, Op::kFloorDivide}, {"%", 3, Op::kModulo}, {"**", 4, Op::kPower},
};
constexpr int kConcatLevel = 2;

struct CompareOp {
  std::string_view text;
  Op op;
};
constexpr CompareOp kCompareOps[] = {{"==", Op::kEqual},     {"!=", Op::kNotEqual}, {"<", Op::kLess},
                                     {"<=", Op::kLessEqual}, {">", Op::kGreater},   {">=", Op::kGreaterEqual}};

int chain_level(const Expr& expr) {
  if (expr.kind == ExprKind::kConcat) return kConcatLevel;
  if (expr.kind != ExprKind::kChain) return 0;
  for (const auto& op : kBinaryOps)
    if (op.op == expr.ops.front() && op.level != kConcatLevel) return op.level;
  return 0;
}

}  // namespace

ExpressionParser::Nest::Nest(ExpressionParser& parser) : parser_(parser) {
  if (++parser.nesting_ > kMaxNesting) {
    --parser.nesting_;
    parser.fail_here(fmt::format("nested more than {} deep", kMaxNesting));
  }
}

bool ExpressionParser::at_operator(std::string_view text, std::size_t ahead) const {
  return peek(ahead).kind == TokenKind::kOperator && peek(ahead).text == text;
}
bool ExpressionParser::at_name(std::string_view text) const { return at(TokenKind::kName) && peek().text == text; }

bool ExpressionParser::take_operator(std::string_view text) {
  if (!at_operator(text)) return false;
  next();
  return true;
}
bool ExpressionParser::take_name(std::string_view text) {
  if (!at_name(text)) return false;
  next();
  return true;
}

std::string ExpressionParser::found() const {
  switch (peek().kind) {
    case TokenKind::kEnd:
      return "the end of the template";
    case TokenKind::kVariableEnd:
    case TokenKind::kBlockEnd:
      return fmt::format("the end of the tag '{}'", peek().text);
    case TokenKind::kData:
      return "text";
    default:
      return fmt::format("'{}'", printable(peek().text, 40));
  }
}

void ExpressionParser::fail_here(std::string_view what) const {
  fail(ErrorKind::kBadInput, "{}:{}: {}; correct the template", place_, peek().line, what);
}
void ExpressionParser::need_operator(std::string_view text) {
  if (!take_operator(text)) fail_here(fmt::format("'{}' expected, {} found", text, found()));
}
void ExpressionParser::need(TokenKind kind, std::string_view what) {
  if (!at(kind)) fail_here(fmt::format("{} expected, {} found", what, found()));
  next();
}
std::string ExpressionParser::need_name() {
  if (!at(TokenKind::kName)) fail_here(fmt::format("a name expected, {} found", found()));
  return std::string(next().text);
}

ExprPtr ExpressionParser::make(ExprKind kind) const {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->line = peek().line;
  return expr;
}

ExprPtr ExpressionParser::parse_tuple(Conditions conditions) {
  const auto one = [&] { return conditions == Conditions::kAllowed ? parse_condition() : parse_logic(true); };
  ExprPtr first = one();
  if (!at_operator(",")) return first;
  ExprPtr tuple = make(ExprKind::kTuple);
  tuple->parts.push_back(std::move(first));
  while (take_operator(",")) {
    if (at(TokenKind::kVariableEnd) || at(TokenKind::kBlockEnd) || at_operator(")")) break;
    tuple->parts.push_back(one());
  }
  return tuple;
}

ExprPtr ExpressionParser::parse_condition() {
  const Nest nest(*this);
  ExprPtr then = parse_logic(true);
  while (at_name("if")) {
    ExprPtr condition = make(ExprKind::kCondition);
    next();
    ++soft_;
    condition->parts.push_back(std::move(then));
    condition->parts.push_back(parse_logic(true));
    condition->parts.push_back(take_name("else") ? parse_condition() : nullptr);
    --soft_;
    then = std::move(condition);
  }
  return then;
}

ExprPtr ExpressionParser::parse_logic(bool with_or) {
  const auto part = [&] { return with_or ? parse_logic(false) : parse_not(); };
  const std::string_view word = with_or ? "or" : "and";
  ExprPtr left = part();
  if (!at_name(word)) return left;
  ExprPtr all = make(with_or ? ExprKind::kOr : ExprKind::kAnd);
  all->parts.push_back(std::move(left));
  while (take_name(word)) all->parts.push_back(part());
  return all;
}

ExprPtr ExpressionParser::parse_not() {
  if (!at_name("not")) return parse_compare();
  const Nest nest(*this);
  ExprPtr expr = make(ExprKind::kNot);
  next();
  expr->parts.push_back(parse_not());
  return expr;
}

ExprPtr ExpressionParser::parse_compare() {
  ExprPtr left = parse_binary(1);
  ExprPtr all;
  for (;;) {
    std::optional<Op> op;
    for (const auto& known : kCompareOps)
      if (at_operator(known.text)) op = known.op;
    std::size_t words = 1;
    if (at_name("in")) op = Op::kIn;
    if (at_name("not") && peek(1).kind == TokenKind::kName && peek(1).text == "in") {
      op = Op::kNotIn;
      words = 2;
    }
    if (!op) return all ? std::move(all) : std::move(left);
    if (!all) {
      all = make(ExprKind::kCompare);
      all->parts.push_back(std::move(left));
    }
    for (std::size_t i = 0; i < words; ++i) next();
    all->ops.push_back(*op);
    all->parts.push_back(parse_binary(1));
  }
}

ExprPtr ExpressionParser::parse_binary(int least) {
  ExprPtr left = parse_unary(true);
  int grown = 0;  // level of the chain from this loop, which may still take operands
  for (;;) {
    const BinaryOp* op = nullptr;
    for (const auto& known : kBinaryOps)
      if (at_operator(known.text)) op = &known;
    if (!op || op->level < least) return left;
    if (grown != op->level || chain_level(*left) != op->level) {
      ExprPtr chain = make(op->level == kConcatLevel ? ExprKind::kConcat : ExprKind::kChain);
      chain->parts.push_back(std::move(left));
      left = std::move(chain);
      grown = op->level;
    }
    next();
    left->ops.push_back(op->op);
    left->parts.push_back(parse_binary(op->level + 1));
  }
}

ExprPtr ExpressionParser::parse_unary(bool filters) {
  ExprPtr expr;
  if (at_operator("-") || at_operator("+")) {
    const Nest nest(*this);
    expr = make(at_operator("-") ? ExprKind::kNegative : ExprKind::kPositive);
    next();
    expr->parts.push_back(parse_unary(false));
  } else {
    expr = parse_primary();
  }
  parse_postfix(expr);
  if (filters) parse_filters_and_tests(expr);
  return expr;
}

ExprPtr ExpressionParser::parse_primary() {
  if (at(TokenKind::kString)) return parse_string();
  if (at(TokenKind::kInteger) || at(TokenKind::kFloat)) return parse_number();
  if (at(TokenKind::kOperator)) return parse_bracket();
  if (!at(TokenKind::kName)) fail_here(fmt::format("an expression expected, {} found", found()));
  ExprPtr expr = make(ExprKind::kConstant);
  const std::string_view name = next().text;
  if (name == "true" || name == "True") {
    expr->value = Value(true);
  } else if (name == "false" || name == "False") {
    expr->value = Value(false);
  } else if (name != "none" && name != "None") {
    expr->kind = ExprKind::kName;
    expr->name = name;
  }
  return expr;
}

ExprPtr ExpressionParser::parse_string() {
  ExprPtr expr = make(ExprKind::kConstant);
  std::string text;
  try {
    while (at(TokenKind::kString)) text += unescape(next().text);
  } catch (const Fault& mistake) {
    fail_here(mistake.what());
  }
  expr->value = Value(std::move(text));
  return expr;
}

ExprPtr ExpressionParser::parse_number() {
  ExprPtr expr = make(ExprKind::kConstant);
  const bool real = at(TokenKind::kFloat);
  std::string digits;
  for (const char c : peek().text)
    if (c != '_') digits += c;
  const char* const end = digits.data() + digits.size();
  if (real) {
    double value = 0;
    const auto read = std::from_chars(digits.data(), end, value);
    if (read.ec != std::errc{} || read.ptr != end) fail_here(fmt::format("the number {} is out of range", found()));
    expr->value = Value(value);
  } else {
    const char kind = digits.size() > 2 && digits[0] == '0' ? digits[1] : '0';
    const int base = kind == 'x' || kind == 'X'   ? 16
                     : kind == 'o' || kind == 'O' ? 8
                     : kind == 'b' || kind == 'B' ? 2
                                                  : 10;
    std::int64_t value = 0;
    const auto read = std::from_chars(digits.data() + (base == 10 ? 0 : 2), end, value, base);
    if (read.ec != std::errc{} || read.ptr != end)
      fail_here(fmt::format("the integer {} is broken or does not fit 64 bits", found()));
    expr->value = Value(value);
  }
  next();
  return expr;
}

ExprPtr ExpressionParser::parse_bracket() {
  if (at_operator("{")) return parse_dict();
  if (take_operator("(")) {
    ExprPtr expr = at_operator(")") ? make(ExprKind::kTuple) : parse_tuple(Conditions::kAllowed);
    need_operator(")");
    return expr;
  }
  if (!at_operator("[")) fail_here(fmt::format("an expression expected, {} found", found()));
  ExprPtr list = make(ExprKind::kList);
  next();
  while (!take_operator("]")) {
    list->parts.push_back(parse_condition());
    if (!at_operator("]")) need_operator(",");
  }
  return list;
}

ExprPtr ExpressionParser::parse_dict() {
  ExprPtr dict = make(ExprKind::kDict);
  next();
  while (!take_operator("}")) {
    dict->parts.push_back(parse_condition());
    need_operator(":");
    dict->parts.push_back(parse_condition());
    if (!at_operator("}")) need_operator(",");
  }
  return dict;
}

void ExpressionParser::add_step(ExprPtr& expr, Step step) const {
  if (expr->kind != ExprKind::kPostfix) {
    ExprPtr postfix = make(ExprKind::kPostfix);
    postfix->line = expr->line;
    postfix->parts.push_back(std::move(expr));
    expr = std::move(postfix);
  }
  expr->steps.push_back(std::move(step));
}

void ExpressionParser::parse_postfix(ExprPtr& expr) {
  for (;;) {
    if (at_operator(".")) {
      add_step(expr, parse_attribute());
    } else if (at_operator("[")) {
      add_step(expr, parse_index());
    } else if (at_operator("(")) {
      add_step(expr, parse_call_step());
    } else {
      return;
    }
  }
}

void ExpressionParser::parse_filters_and_tests(ExprPtr& expr) {
  for (;;) {
    if (at_operator("|")) {
      add_step(expr, parse_filter());
    } else if (at_name("is")) {
      add_step(expr, parse_test());
    } else if (at_operator("(")) {
      add_step(expr, parse_call_step());
    } else {
      return;
    }
  }
}

Step ExpressionParser::parse_call_step() {
  Step step{StepKind::kCall, peek().line, {}, {}, {}};
  step.arguments = parse_arguments();
  return step;
}

Step ExpressionParser::parse_attribute() {
  Step step{StepKind::kAttribute, peek().line, {}, {}, {}};
  next();
  if (at(TokenKind::kInteger)) {
    step.kind = StepKind::kIndex;
    step.parts.push_back(parse_number());
  } else {
    step.name = need_name();
  }
  return step;
}

Step ExpressionParser::parse_index() {
  Step step{StepKind::kIndex, peek().line, {}, {}, {}};
  next();
  ExprPtr parts[3];
  std::size_t colons = 0;
  for (; colons < 3; ++colons) {
    if (!at_operator(":") && !at_operator("]")) parts[colons] = parse_condition();
    if (!take_operator(":")) break;
    step.kind = StepKind::kSlice;
  }
  if (colons == 3) fail_here("a slice has at most two ':'");
  if (at_operator(",")) fail_here("an index of several values is not supported");
  if (step.kind == StepKind::kIndex && !parts[0]) fail_here(fmt::format("an index expected, {} found", found()));
  need_operator("]");
  for (auto& part : parts)
    if (step.kind == StepKind::kSlice || part) step.parts.push_back(std::move(part));
  return step;
}

std::string ExpressionParser::dotted_name() {
  std::string name = need_name();
  while (at_operator(".")) {
    next();
    name += '.' + need_name();
  }
  return name;
}

Step ExpressionParser::parse_filter() {
  next();
  Step step{StepKind::kFilter, peek().line, dotted_name(), {}, {}};
  if (soft_ == 0 && !find_filter(step.name)) fail_here(unknown_filter(step.name));
  if (at_operator("(")) step.arguments = parse_arguments();
  return step;
}

Step ExpressionParser::parse_test() {
  next();
  const bool negated = take_name("not");
  Step step{negated ? StepKind::kNotTest : StepKind::kTest, peek().line, dotted_name(), {}, {}};
  if (soft_ == 0 && !find_test(step.name)) fail_here(unknown_test(step.name));
  if (at_operator("(")) {
    step.arguments = parse_arguments();
    return step;
  }
  const bool word = at(TokenKind::kName) && !at_name("else") && !at_name("or") && !at_name("and") && !at_name("if") &&
                    !at_name("in") && !at_name("not") && !at_name("recursive");
  const bool value = at(TokenKind::kString) || at(TokenKind::kInteger) || at(TokenKind::kFloat) || at_operator("[") ||
                     at_operator("{");
  if (!word && !value) return step;
  if (at_name("is")) fail_here("tests cannot be chained with 'is'");
  const Nest nest(*this);
  ExprPtr argument = parse_primary();
  parse_postfix(argument);
  step.arguments.positional.push_back(std::move(argument));
  return step;
}

std::vector<Step> ExpressionParser::parse_filters() {
  std::vector<Step> steps;
  while (at_operator("|")) steps.push_back(parse_filter());
  return steps;
}

ExprPtr ExpressionParser::parse_call() {
  ExprPtr expr = parse_unary(true);
  if (expr->kind != ExprKind::kPostfix || expr->steps.back().kind != StepKind::kCall)
    fail_here("'call' needs a call of a macro");
  return expr;
}

CallArguments ExpressionParser::parse_arguments() {
  CallArguments arguments;
  next();
  while (!take_operator(")")) {
    if (at_operator("*") || at_operator("**")) fail_here("'*' and '**' arguments are not supported");
    if (at(TokenKind::kName) && at_operator("=", 1)) {
      std::string name = need_name();
      next();
      arguments.named.emplace_back(std::move(name), parse_condition());
    } else {
      if (!arguments.named.empty()) fail_here("an argument without a name follows one with a name");
      arguments.positional.push_back(parse_condition());
    }
    if (!at_operator(")")) need_operator(",");
  }
  return arguments;
}

}  // namespace linnet::jinja

#include "linnet/jinja/parser.h"

#include <algorithm>
#include <initializer_list>

#include "linnet/base/error.h"
#include "linnet/jinja/expression_parser.h"

namespace linnet::jinja {
namespace {

class Parser : public ExpressionParser {
 public:
  using ExpressionParser::ExpressionParser;

  Block run() {
    Block block = parse_block({});
    if (!at(TokenKind::kEnd)) fail_here(fmt::format("unexpected {}", found()));
    return block;
  }

 private:
  // Parses statements up to a block tag with one of `ends`; block_end() reads the rest of that tag.
  Block parse_block(std::initializer_list<std::string_view> ends) {
    const Nest nest(*this);
    Block block;
    for (;;) {
      const int line = peek().line;
      if (at(TokenKind::kEnd)) {
        if (ends.size() == 0) return block;
        fail_here(fmt::format("'{{% {} %}}' is missing", *(ends.end() - 1)));
      }
      if (at(TokenKind::kData)) {
        block.push_back({.kind = StatementKind::kText, .line = line, .text = std::string(next().text)});
      } else if (at(TokenKind::kVariableBegin)) {
        next();
        block.push_back({.kind = StatementKind::kOutput, .line = line, .expr = parse_tuple(Conditions::kAllowed)});
        need(TokenKind::kVariableEnd, "'}}'");
      } else {
        need(TokenKind::kBlockBegin, "a tag");
        if (!at(TokenKind::kName)) fail_here(fmt::format("the name of a tag expected, {} found", found()));
        if (std::find(ends.begin(), ends.end(), peek().text) != ends.end()) return block;
        block.push_back(parse_statement());
        block.back().line = line;
      }
    }
  }

  void block_end() { need(TokenKind::kBlockEnd, "'%}'"); }

  // Parses the rest of a statement's tag, its body and its closing tag.
  Block body_until(std::string_view end) {
    block_end();
    Block body = parse_block({end});
    next();
    block_end();
    return body;
  }

  Statement parse_statement() {
    const std::string_view name = peek().text;
    if (name == "if") return parse_if();
    if (name == "for") return parse_for();
    if (name == "set") return parse_set();
    if (name == "macro") return parse_macro();
    if (name == "call") return parse_call_block();
    if (name == "filter") return parse_filter_block();
    if (name == "with") return parse_with();
    if (name == "generation") {
      next();
      return {.kind = StatementKind::kBody, .body = body_until("endgeneration")};
    }
    if (name == "break" || name == "continue") {
      if (loops_ == 0) fail_here(fmt::format("'{}' is outside a loop", name));
      next();
      block_end();
      return {.kind = name == "break" ? StatementKind::kBreak : StatementKind::kContinue};
    }
    static constexpr std::string_view kLoading[] = {"import", "include", "from", "extends"};
    if (std::find(std::begin(kLoading), std::end(kLoading), name) != std::end(kLoading))
      fail_here(fmt::format("'{{% {} %}}' would open another file, which a template may not do", name));
    fail_here(
        fmt::format("the tag '{{% {} %}}' is not known; known are if, for, set, macro, call, filter, with, "
                    "generation, break, continue, raw",
                    printable(name, 40)));
  }

  Statement parse_if() {
    Statement statement{.kind = StatementKind::kIf};
    ++soft_;
    for (;;) {
      next();  // if, elif
      Branch branch;
      branch.test = parse_tuple(Conditions::kLeft);
      block_end();
      branch.body = parse_block({"elif", "else", "endif"});
      statement.branches.push_back(std::move(branch));
      if (at_name("elif")) continue;
      if (take_name("else")) {
        block_end();
        statement.branches.push_back({nullptr, parse_block({"endif"})});
      }
      next();  // endif
      block_end();
      --soft_;
      return statement;
    }
  }

  std::vector<std::string> parse_targets(std::string_view end) {
    std::vector<std::string> names;
    several_ = false;
    const bool bracket = take_operator("(");
    do {
      if (!names.empty() && (at_operator(end) || at_name(end) || at_operator(")"))) break;
      names.push_back(need_target());
      several_ = several_ || at_operator(",");
    } while (take_operator(","));
    if (bracket) need_operator(")");
    return names;
  }

  std::string need_target() {
    static constexpr std::string_view kConstants[] = {"true", "false", "none", "True", "False", "None"};
    if (std::find(std::begin(kConstants), std::end(kConstants), peek().text) != std::end(kConstants))
      fail_here(fmt::format("{} cannot be assigned to", found()));
    return need_name();
  }

  Statement parse_for() {
    Statement statement{.kind = StatementKind::kFor};
    next();
    statement.targets = parse_targets("in");
    statement.unpacks = several_;
    if (!take_name("in")) fail_here(fmt::format("'in' expected, {} found", found()));
    statement.expr = parse_tuple(Conditions::kLeft);
    if (take_name("if")) statement.test = parse_condition();
    statement.recursive = take_name("recursive");
    block_end();
    ++loops_;
    statement.body = parse_block({"else", "endfor"});
    --loops_;
    if (take_name("else")) {
      block_end();
      statement.else_body = parse_block({"endfor"});
    }
    next();  // endfor
    block_end();
    return statement;
  }

  Statement parse_set() {
    Statement statement{.kind = StatementKind::kSet};
    next();
    if (peek(1).kind == TokenKind::kOperator && peek(1).text == ".") {
      statement.targets.push_back(need_name());
      next();
      statement.name = need_name();
    } else {
      statement.targets = parse_targets("=");
      statement.unpacks = several_;
    }
    if (take_operator("=")) {
      statement.expr = parse_tuple(Conditions::kAllowed);
      block_end();
      return statement;
    }
    if (statement.targets.size() != 1) fail_here(fmt::format("'=' expected, {} found", found()));
    statement.kind = StatementKind::kSetBlock;
    statement.expr = filters_of_block();
    statement.body = body_until("endset");
    return statement;
  }

  // Filters for the output of a block, or null.
  ExprPtr filters_of_block() {
    if (!at_operator("|")) return nullptr;
    auto expr = std::make_unique<Expr>();
    expr->kind = ExprKind::kPostfix;
    expr->line = peek().line;
    expr->steps = parse_filters();
    return expr;
  }

  std::vector<Parameter> parse_parameters() {
    std::vector<Parameter> parameters;
    need_operator("(");
    while (!take_operator(")")) {
      Parameter parameter{need_target(), nullptr};
      if (take_operator("=")) {
        parameter.fallback = parse_condition();
      } else if (!parameters.empty() && parameters.back().fallback) {
        fail_here("a parameter without a default follows one with a default");
      }
      parameters.push_back(std::move(parameter));
      if (!at_operator(")")) need_operator(",");
    }
    return parameters;
  }

  // A separate body (macro): break and continue have no effect outside it.
  Block separate_body(std::string_view end) {
    const int loops = std::exchange(loops_, 0);
    Block body = body_until(end);
    loops_ = loops;
    return body;
  }

  Statement parse_macro() {
    Statement statement{.kind = StatementKind::kMacro};
    next();
    statement.name = need_target();
    statement.parameters = parse_parameters();
    statement.body = separate_body("endmacro");
    return statement;
  }

  Statement parse_call_block() {
    Statement statement{.kind = StatementKind::kCall};
    next();
    if (at_operator("(")) statement.parameters = parse_parameters();
    statement.expr = parse_call();
    statement.body = separate_body("endcall");
    return statement;
  }

  Statement parse_filter_block() {
    Statement statement{.kind = StatementKind::kFilter};
    // The tag's name is in the position of a '|'.
    statement.expr = std::make_unique<Expr>();
    statement.expr->kind = ExprKind::kPostfix;
    statement.expr->line = peek().line;
    statement.expr->steps.push_back(parse_filter());
    for (Step& step : parse_filters()) statement.expr->steps.push_back(std::move(step));
    statement.body = body_until("endfilter");
    return statement;
  }

  Statement parse_with() {
    Statement statement{.kind = StatementKind::kScope};
    next();
    while (!at(TokenKind::kBlockEnd)) {
      if (!statement.targets.empty()) need_operator(",");
      statement.targets.push_back(need_target());
      need_operator("=");
      statement.values.push_back(parse_condition());
    }
    statement.body = body_until("endwith");
    return statement;
  }

  int loops_ = 0;
  bool several_ = false;  // the last targets had a comma: their value is unpacked
};

}  // namespace

Block parse(std::string_view source, std::string_view place) {
  check(source.size() <= kMaxSource, ErrorKind::kBadInput, "{}: the template has {} bytes, more than {}; shorten it",
        place, source.size(), kMaxSource);
  return Parser(tokenize(source, place), place).run();
}

}  // namespace linnet::jinja

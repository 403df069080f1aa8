// The expression part of the parser; parser.cpp has the statements.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "linnet/jinja/ast.h"
#include "linnet/jinja/lexer.h"

namespace linnet::jinja {

class ExpressionParser {
 public:
  ExpressionParser(std::vector<Token> tokens, std::string_view place) : tokens_(std::move(tokens)), place_(place) {}

 protected:
  // Counts one level of nesting during its lifetime.
  class Nest {
   public:
    explicit Nest(ExpressionParser& parser);
    ~Nest() { --parser_.nesting_; }
    Nest(const Nest&) = delete;
    Nest& operator=(const Nest&) = delete;

   private:
    ExpressionParser& parser_;
  };

  enum class Conditions : std::uint8_t { kAllowed, kLeft };  // kLeft: a following "if" belongs to the statement

  ExprPtr parse_tuple(Conditions conditions);  // one expression, or several separated by commas: a tuple
  ExprPtr parse_condition();                   // a if b else c
  std::vector<Step> parse_filters();           // | a | b(…), at least one
  Step parse_filter();                         // reads one token, then the filter
  ExprPtr parse_call();                        // the rest after {% call %}: ends in a call

  const Token& peek(std::size_t ahead = 0) const {
    return tokens_[at_ + ahead < tokens_.size() ? at_ + ahead : tokens_.size() - 1];
  }
  const Token& next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool at(TokenKind kind) const { return peek().kind == kind; }
  bool at_operator(std::string_view text, std::size_t ahead = 0) const;
  bool at_name(std::string_view text) const;
  bool take_operator(std::string_view text);
  bool take_name(std::string_view text);
  void need_operator(std::string_view text);
  void need(TokenKind kind, std::string_view what);
  std::string need_name();
  [[noreturn]] void fail_here(std::string_view what) const;
  std::string found() const;  // the current token, for messages

  int soft_ = 0;  // > 0 inside an if: unknown filters and tests fail only when evaluated, as in Jinja

 private:
  ExprPtr parse_logic(bool with_or);
  ExprPtr parse_not();
  ExprPtr parse_compare();
  ExprPtr parse_binary(int least);
  ExprPtr parse_unary(bool filters);
  ExprPtr parse_primary();
  ExprPtr parse_string();
  ExprPtr parse_number();
  ExprPtr parse_bracket();
  ExprPtr parse_dict();
  void parse_postfix(ExprPtr& expr);
  void parse_filters_and_tests(ExprPtr& expr);
  Step parse_call_step();
  Step parse_attribute();
  Step parse_index();
  Step parse_test();
  CallArguments parse_arguments();
  std::string dotted_name();
  ExprPtr make(ExprKind kind) const;
  void add_step(ExprPtr& expr, Step step) const;

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::string_view place_;
  int nesting_ = 0;
};

}  // namespace linnet::jinja

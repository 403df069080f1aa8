// The syntax tree: statements and expressions. Operators of the same precedence share one node, so only real nesting
// adds depth, which is limited.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "linnet/jinja/value.h"

namespace linnet::jinja {

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

enum class ExprKind : std::uint8_t {
  kConstant,   // value
  kName,       // name
  kList,       // parts
  kTuple,      // parts
  kDict,       // parts: key, value, key, value, …
  kCondition,  // parts: then, test, else (may be null)
  kOr,         // parts
  kAnd,        // parts
  kNot,        // parts[0]
  kCompare,    // parts[0], then ops[i] with parts[i + 1]
  kChain,      // parts[0], then arithmetic ops[i] with parts[i + 1], left to right
  kConcat,     // parts, joined by ~
  kNegative,   // parts[0]
  kPositive,   // parts[0]
  kPostfix,    // parts[0], then steps
};

enum class Op : std::uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kFloorDivide,
  kModulo,
  kPower,  // arithmetic
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kNotIn,
};

enum class StepKind : std::uint8_t {
  kAttribute,  // .name
  kIndex,      // [parts[0]]
  kSlice,      // [parts[0]:parts[1]:parts[2]], each may be null
  kCall,       // (arguments)
  kFilter,     // | name(arguments)
  kTest,       // is name(arguments)
  kNotTest,    // is not name(arguments)
};

struct CallArguments {
  std::vector<ExprPtr> positional;
  std::vector<std::pair<std::string, ExprPtr>> named;
};

struct Step {
  StepKind kind;
  int line = 0;
  std::string name;
  std::vector<ExprPtr> parts;
  CallArguments arguments;
};

struct Expr {
  ExprKind kind;
  int line = 0;
  Value value = {};
  std::string name = {};
  std::vector<ExprPtr> parts = {};
  std::vector<Op> ops = {};
  std::vector<Step> steps = {};
};

struct Statement;
using Block = std::vector<Statement>;

enum class StatementKind : std::uint8_t {
  kText,      // text
  kOutput,    // expr
  kIf,        // branches; a null test is the "else"
  kFor,       // targets in expr if test: body, else_body
  kSet,       // targets = expr; or attribute of targets[0] = expr
  kSetBlock,  // targets[0] = output of body, through the steps of expr if any
  kMacro,     // name(parameters): body
  kCall,      // expr, a call, with body as its caller(parameters)
  kFilter,    // body through the steps of expr
  kScope,     // body in its own scope, first targets[i] = values[i] (with)
  kBody,      // body unchanged (generation)
  kBreak,
  kContinue,
};

struct Parameter {
  std::string name;
  ExprPtr fallback;  // may be null
};

struct Branch {
  ExprPtr test;
  Block body;
};

struct Statement {
  StatementKind kind;
  int line = 0;
  std::string text = {};
  std::string name = {};  // of a macro; the attribute of `set ns.name`
  std::vector<std::string> targets = {};
  ExprPtr expr = {}, test = {};
  std::vector<ExprPtr> values = {};
  std::vector<Branch> branches = {};
  std::vector<Parameter> parameters = {};
  Block body = {}, else_body = {};
  bool unpacks = false;  // targets: unpack a sequence of the same length
  bool recursive = false;
};

}  // namespace linnet::jinja

#include "linnet/train/options.h"

#include <utility>

#include "linnet/base/error.h"

namespace linnet {
namespace {

constexpr std::array kMethods{std::pair{std::string_view("auto"), TrainMethod::kAuto},
                              std::pair{std::string_view("full"), TrainMethod::kFull},
                              std::pair{std::string_view("head"), TrainMethod::kHead},
                              std::pair{std::string_view("lora"), TrainMethod::kLora},
                              std::pair{std::string_view("prompt"), TrainMethod::kPrompt},
                              std::pair{std::string_view("prefix"), TrainMethod::kPrefix}};

template <class Table>
auto named(const Table& table, std::string_view what, std::string_view name) {
  std::string known;
  for (const auto& [spelling, value] : table) {
    if (spelling == name) return value;
    known += (known.empty() ? "" : ", ") + std::string(spelling);
  }
  fail(ErrorKind::kInvalidArgument, "{} '{}' is unknown; there are {}", what, printable(name), known);
}

template <class Table, class Value>
std::string_view spelling(const Table& table, Value value) {
  for (const auto& [name, known] : table)
    if (known == value) return name;
  return "";
}

}  // namespace

TrainMethod method_named(std::string_view name) {
  check(name != "dora", "method 'dora' is not supported: DoRA's magnitude vectors are not written; use lora");
  return named(kMethods, "method", name);
}
std::string_view method_name(TrainMethod method) { return spelling(kMethods, method); }

double default_learning_rate(TrainMethod method) {
  switch (method) {
    case TrainMethod::kHead:
      return 1e-3;
    case TrainMethod::kLora:
      return 2e-4;
    case TrainMethod::kPrompt:
      return 3e-2;
    case TrainMethod::kPrefix:
      return 1e-2;
    case TrainMethod::kAuto:
    case TrainMethod::kFull:
      return 5e-5;
  }
  return 5e-5;
}

}  // namespace linnet

#include "linnet/train/options.h"

#include <utility>

#include "linnet/base/error.h"

namespace linnet {
namespace {

constexpr std::array kTasks{std::pair{std::string_view("auto"), TrainTask::kAuto},
                            std::pair{std::string_view("classify"), TrainTask::kClassify},
                            std::pair{std::string_view("causal-lm"), TrainTask::kCausalLm},
                            std::pair{std::string_view("masked-lm"), TrainTask::kMaskedLm},
                            std::pair{std::string_view("next-sentence"), TrainTask::kNextSentence},
                            std::pair{std::string_view("masked-next-sentence"), TrainTask::kMaskedNextSentence},
                            std::pair{std::string_view("seq2seq"), TrainTask::kSeq2Seq},
                            std::pair{std::string_view("denoise-t5"), TrainTask::kDenoiseT5},
                            std::pair{std::string_view("denoise-bart"), TrainTask::kDenoiseBart},
                            std::pair{std::string_view("token-delete"), TrainTask::kTokenDelete},
                            std::pair{std::string_view("token-replace"), TrainTask::kTokenReplace},
                            std::pair{std::string_view("sentence-shuffle"), TrainTask::kSentenceShuffle},
                            std::pair{std::string_view("qa"), TrainTask::kQuestionAnswering},
                            std::pair{std::string_view("tokens"), TrainTask::kTokens}};
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

TrainTask task_named(std::string_view name) { return named(kTasks, "task", name); }
std::string_view task_name(TrainTask task) { return spelling(kTasks, task); }
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

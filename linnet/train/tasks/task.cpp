#include "linnet/train/tasks/task.h"

#include "linnet/base/error.h"
#include "linnet/train/tasks/tasks.h"

namespace linnet {
namespace {

constexpr std::string_view kAuto = "auto";

std::vector<const TrainTask*> all_tasks() {
  return {&classify_task(),
          &causal_lm_task(),
          &masked_lm_task(),
          &next_sentence_task(),
          &masked_next_sentence_task(),
          &seq2seq_task(),
          &denoise_t5_task(),
          &denoise_bart_task(),
          &token_delete_task(),
          &token_replace_task(),
          &sentence_shuffle_task(),
          &question_task(),
          &token_task()};
}

const TrainTask& text_task(const nn::TransformerConfig& config) {
  check(config.stack != nn::Stack::kEncoderDecoder,
        "the rows are plain texts: say {} denoise-t5 or denoise-bart for an encoder-decoder", option("task"));
  return config.stack == nn::Stack::kEncoder ? masked_lm_task() : causal_lm_task();
}

const TrainTask& usual_task(DataShape rows, const nn::TransformerConfig& config) {
  switch (rows) {
    case DataShape::kClassification:
      return classify_task();
    case DataShape::kCompletion:
    case DataShape::kSeq2Seq:
      return config.stack == nn::Stack::kEncoderDecoder ? seq2seq_task() : causal_lm_task();
    case DataShape::kChat:
      return causal_lm_task();
    case DataShape::kQuestion:
      return question_task();
    case DataShape::kTokens:
      return token_task();
    default:
      return text_task(config);
  }
}

}  // namespace

std::vector<std::string> task_names() {
  std::vector<std::string> names{std::string(kAuto)};
  for (const TrainTask* task : all_tasks()) names.emplace_back(task->name());
  return names;
}

const TrainTask* task_named(std::string_view name) {
  if (name == kAuto) return nullptr;
  for (const TrainTask* task : all_tasks())
    if (task->name() == name) return task;
  fail(ErrorKind::kInvalidArgument, "task '{}' is unknown; there are {}", printable(name),
       fmt::format("{}", fmt::join(task_names(), ", ")));
}

std::string_view task_name(const TrainTask* task) { return task == nullptr ? kAuto : task->name(); }

const TrainTask& task_of(const Dataset& data, const nn::TransformerConfig& config, const TrainTask* asked) {
  const TrainTask& task = asked == nullptr ? usual_task(data.shape, config) : *asked;
  check(task.reads(data.shape), ErrorKind::kBadInput, "{}: the rows are {}, which {} cannot learn from", data.file,
        shape_name(data.shape), task.name());
  return task;
}

}  // namespace linnet

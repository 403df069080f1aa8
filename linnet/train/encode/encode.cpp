#include "linnet/train/encode/encode.h"

#include <algorithm>

#include "linnet/tokenizer/text_cutter.h"
#include "linnet/train/encode/encode_job.h"
#include "linnet/train/tasks/task.h"

namespace linnet {

Encoding EncodeJob::encode(std::string_view first, std::optional<std::string_view> second,
                           TruncationStrategy strategy) {
  TextCutter cutter(tokenizer, max_length, {.want_tokens = false});
  Encoding cut = cutter.encode(first, second, strategy);
  measured(static_cast<std::size_t>(cutter.full_length()));
  return cut;
}

void EncodeJob::measured(std::size_t tokens) {
  const auto length = static_cast<std::int64_t>(tokens);
  set.full_lengths.push_back(length);
  if (length <= max_length) return;
  ++set.truncated;
  set.cut += length - max_length;
}

void EncodeJob::keep(std::size_t row, EncodedExample example) {
  set.examples.push_back(std::move(example));
  set.rows.push_back(static_cast<std::int64_t>(row));
}

void EncodeJob::require(bool ok, std::size_t row, std::string_view what) const {
  check(ok, ErrorKind::kBadInput, "{}: {}", data.place(row), what);
}

std::int32_t EncodeJob::end_id() const {
  if (const auto id = tokenizer.eos_id()) return *id;
  return config.eos_ids.empty() ? -1 : static_cast<std::int32_t>(config.eos_ids.front());
}

nn::ProblemType problem_of(const Dataset& data, nn::ProblemType asked) {
  if (asked != nn::ProblemType::kInferred) return asked;
  if (data.label_kind == LabelKind::kValue) return nn::ProblemType::kRegression;
  return data.label_kind == LabelKind::kMulti ? nn::ProblemType::kMultiLabel : nn::ProblemType::kSingleLabel;
}

EncodedSet encode_examples(const Dataset& data, const Tokenizer& tokenizer, const nn::TransformerConfig& config,
                           const TrainTask& task, const TrainOptions& options, std::int64_t reserved) {
  check_option(options.max_length >= 1, "max_length", "{} is not positive", options.max_length);
  std::int64_t most = options.max_length;
  if (config.max_positions > 0) {
    check_option(config.max_positions > reserved, "virtual_tokens", "{} leave no room in the model's {} positions",
                 reserved, config.max_positions);
    most = std::min(most, config.max_positions - reserved);
  }
  EncodeJob job{data, tokenizer, config, options, most};
  task.encode(job);
  check(!job.set.examples.empty(), ErrorKind::kBadInput, "{}: no row can be used for {}", data.file, task.name());
  return std::move(job.set);
}

}  // namespace linnet

#include "linnet/train/encode.h"

#include <algorithm>

#include "linnet/tokenizer/text_cutter.h"
#include "linnet/train/encode_job.h"

namespace linnet {
namespace {

// Appends the end token unless the tokenizer has added it.
void close(std::vector<std::int32_t>& ids, std::int32_t end, std::int64_t most) {
  if (end < 0 || (!ids.empty() && ids.back() == end)) return;
  if (static_cast<std::int64_t>(ids.size()) >= most) ids.pop_back();
  ids.push_back(end);
}

bool fits(TrainTask task, DataShape shape) {
  switch (task) {
    case TrainTask::kClassify:
      return shape == DataShape::kClassification;
    case TrainTask::kCausalLm:
      return shape != DataShape::kTokens && shape != DataShape::kQuestion;
    case TrainTask::kNextSentence:
    case TrainTask::kMaskedNextSentence:
    case TrainTask::kMaskedLm:
      return shape == DataShape::kText || shape == DataShape::kClassification;
    case TrainTask::kSeq2Seq:
      return shape == DataShape::kSeq2Seq || shape == DataShape::kCompletion;
    case TrainTask::kQuestionAnswering:
      return shape == DataShape::kQuestion;
    case TrainTask::kTokens:
      return shape == DataShape::kTokens;
    default:
      return shape == DataShape::kText || shape == DataShape::kClassification;
  }
}

TrainTask text_task(const nn::TransformerConfig& config) {
  check(config.stack != nn::Stack::kEncoderDecoder,
        "the rows are plain texts: say {} denoise-t5 or denoise-bart for an encoder-decoder", option("task"));
  return config.stack == nn::Stack::kEncoder ? TrainTask::kMaskedLm : TrainTask::kCausalLm;
}

}  // namespace

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

void encode_classes(EncodeJob& job) {
  const nn::ProblemType problem = problem_of(job.data, job.options.problem);
  const std::size_t labels = job.data.label_names.size();
  for (std::size_t i = 0; i < job.data.examples.size(); ++i) {
    const Example& row = job.data.examples[i];
    Encoding e =
        job.encode(row.text, job.data.has_pairs ? std::optional<std::string_view>(row.text_pair) : std::nullopt);
    job.require(!e.ids.empty(), i, "the text has no tokens; remove the row");
    EncodedExample made;
    made.ids = std::move(e.ids);
    made.type_ids = std::move(e.type_ids);
    if (problem == nn::ProblemType::kRegression) {
      job.require(row.value == row.value || row.label >= 0, i, "the row has no number to learn");
      made.values = {static_cast<float>(row.value == row.value ? row.value : row.label)};
    } else if (problem == nn::ProblemType::kMultiLabel) {
      made.values.assign(labels, 0.0f);
      for (const std::int32_t label : row.labels) made.values[static_cast<std::size_t>(label)] = 1;
      if (row.label >= 0) made.values[static_cast<std::size_t>(row.label)] = 1;
    } else {
      job.require(row.label >= 0, i, "the row has no label; give one or remove the row");
      made.label = row.label;
    }
    job.keep(i, std::move(made));
  }
}

void encode_sequences(EncodeJob& job) {
  const bool pairs = job.task == TrainTask::kSeq2Seq;
  for (std::size_t i = 0; i < job.data.examples.size(); ++i) {
    const Example& row = job.data.examples[i];
    const bool completion = job.data.shape == DataShape::kCompletion;
    EncodedExample made;
    made.ids = job.encode(completion ? row.prompt : row.text).ids;
    close(made.ids, job.end_id(), job.max_length);
    job.require(made.ids.size() > 1, i, "the text has no tokens; remove the row");
    if (pairs) {
      TextCutter cutter(job.tokenizer, job.max_length);
      made.output = cutter.encode(completion ? row.completion : row.target).ids;
      close(made.output, job.end_id(), job.max_length);
    }
    job.keep(i, std::move(made));
  }
}

TrainTask task_of(const Dataset& data, const nn::TransformerConfig& config, TrainTask asked) {
  TrainTask task = asked;
  if (task == TrainTask::kAuto) {
    const bool reads_and_writes = config.stack == nn::Stack::kEncoderDecoder;
    switch (data.shape) {
      case DataShape::kClassification:
        task = TrainTask::kClassify;
        break;
      case DataShape::kCompletion:
      case DataShape::kSeq2Seq:
        task = reads_and_writes ? TrainTask::kSeq2Seq : TrainTask::kCausalLm;
        break;
      case DataShape::kChat:
        task = TrainTask::kCausalLm;
        break;
      case DataShape::kQuestion:
        task = TrainTask::kQuestionAnswering;
        break;
      case DataShape::kTokens:
        task = TrainTask::kTokens;
        break;
      default:
        task = text_task(config);
    }
  }
  check(fits(task, data.shape), ErrorKind::kBadInput, "{}: the rows are {}, which {} cannot learn from", data.file,
        shape_name(data.shape), task_name(task));
  return task;
}

nn::ProblemType problem_of(const Dataset& data, nn::ProblemType asked) {
  if (asked != nn::ProblemType::kInferred) return asked;
  if (data.label_kind == LabelKind::kValue) return nn::ProblemType::kRegression;
  return data.label_kind == LabelKind::kMulti ? nn::ProblemType::kMultiLabel : nn::ProblemType::kSingleLabel;
}

EncodedSet encode_examples(const Dataset& data, const Tokenizer& tokenizer, const nn::TransformerConfig& config,
                           TrainTask task, const TrainOptions& options, std::int64_t reserved) {
  check_option(options.max_length >= 1, "max_length", "{} is not positive", options.max_length);
  std::int64_t most = options.max_length;
  if (config.max_positions > 0) {
    check_option(config.max_positions > reserved, "virtual_tokens", "{} leave no room in the model's {} positions",
                 reserved, config.max_positions);
    most = std::min(most, config.max_positions - reserved);
  }
  EncodeJob job{data, tokenizer, config, task, options, most};
  switch (task) {
    case TrainTask::kClassify:
      encode_classes(job);
      break;
    case TrainTask::kCausalLm:
      encode_causal(job);
      break;
    case TrainTask::kMaskedLm:
    case TrainTask::kNextSentence:
    case TrainTask::kMaskedNextSentence:
      encode_masked(job);
      break;
    case TrainTask::kTokens:
      encode_tags(job);
      break;
    case TrainTask::kQuestionAnswering:
      encode_questions(job);
      break;
    default:
      encode_sequences(job);
  }
  check(!job.set.examples.empty(), ErrorKind::kBadInput, "{}: no row can be used for {}", data.file, task_name(task));
  return std::move(job.set);
}

}  // namespace linnet

// Causal language modelling of texts, completions and chats.
#include <algorithm>
#include <cmath>

#include "linnet/adapt/loaded.h"
#include "linnet/base/error.h"
#include "linnet/data/collate/causal.h"
#include "linnet/data/collate/masking.h"
#include "linnet/train/encode/assistant_spans.h"
#include "linnet/train/encode/encode_job.h"
#include "linnet/train/tasks/tasks.h"
#include "linnet/train/tasks/vocabulary_loss.h"

namespace linnet {
namespace {

class CausalObjective final : public Objective {
 public:
  explicit CausalObjective(EncodedSet set) : Objective(std::move(set)) {}

  TrainBatch batch(std::span<const std::int64_t> examples, PhiloxKey) const override {
    TrainBatch b = packed(examples);
    for (const std::int64_t index : examples) {
      const auto& targets = set_.examples[static_cast<std::size_t>(index)].targets;
      b.targets.insert(b.targets.end(), targets.begin(), targets.end());
    }
    b.counts[0] = count_targets(b.targets);
    return b;
  }
  Tensor loss(const models::Model& model, const Tensor& hidden, const TrainBatch& batch,
              const LossCounts& counts) const override {
    return vocabulary_loss(model, hidden, batch.targets, counts[0]);
  }
  void judge(const models::Model& model, const Tensor& hidden, const TrainBatch& batch, Judged& sums) const override {
    judge_vocabulary(model, hidden, batch, sums);
  }
  std::map<std::string, double> metrics(const Judged& sums) const override {
    auto all = Objective::metrics(sums);
    if (!all.contains("eval_loss")) return all;
    if (const double perplexity = std::exp(all["eval_loss"]); std::isfinite(perplexity))
      all["eval_perplexity"] = perplexity;
    return all;
  }
};

// The target of row i is token i + 1, if that counts.
std::vector<std::int32_t> shifted(const std::vector<std::int32_t>& labels) {
  std::vector<std::int32_t> targets(labels.size(), -1);
  for (std::size_t i = 0; i + 1 < labels.size(); ++i) targets[i] = labels[i + 1] >= 0 ? labels[i + 1] : -1;
  return targets;
}

void keep_text(EncodeJob& job, std::size_t row, std::vector<std::int32_t> ids) {
  EncodedExample made;
  made.targets = shifted(ids);
  made.ids = std::move(ids);
  job.keep(row, std::move(made));
}

void encode_texts(EncodeJob& job) {
  const std::int32_t end = job.options.append_eos ? job.end_id() : -1;
  const auto most = static_cast<std::size_t>(job.max_length);
  std::vector<std::vector<std::int32_t>> texts;
  for (std::size_t i = 0; i < job.data.examples.size(); ++i) {
    std::vector<std::int32_t> ids = job.tokenizer.encode_ids(job.data.examples[i].text);
    if (end >= 0 && (ids.empty() || ids.back() != end)) ids.push_back(end);
    job.require(!ids.empty(), i, "the text has no tokens; remove the row");
    if (job.options.packing) {
      job.set.full_lengths.push_back(static_cast<std::int64_t>(ids.size()));
      texts.push_back(std::move(ids));
      continue;
    }
    job.measured(ids.size());
    ids.resize(std::min(ids.size(), most));
    keep_text(job, i, std::move(ids));
  }
  // Blocks of several texts, which contain the end tokens. A last block of one token has no target.
  for (std::vector<std::int32_t>& block : pack_blocks(texts, most, -1))
    if (block.size() > 1) keep_text(job, 0, std::move(block));
}

// A token is a target if one of its bytes is: a token across the boundary belongs to the answer.
void keep_learned(EncodeJob& job, std::size_t row, const std::string& text, const std::vector<TextSpan>& spans,
                  bool special) {
  Encoding e = job.tokenizer.encode(text, {.add_special_tokens = special, .want_tokens = false});
  std::vector<std::int32_t> labels(e.size(), kIgnored);
  for (std::size_t i = 0; i < e.size(); ++i)
    for (const TextSpan& span : spans)
      if (e.offsets[i].second > static_cast<std::int64_t>(span.begin) &&
          e.offsets[i].first < static_cast<std::int64_t>(span.end))
        labels[i] = e.ids[i];
  const std::int32_t end = job.options.append_eos && special ? job.end_id() : -1;
  if (end >= 0 && (e.ids.empty() || e.ids.back() != end)) {
    e.ids.push_back(end);
    labels.push_back(end);
  }
  job.measured(e.ids.size());
  // Too long: truncates the beginning and keeps the answer.
  const auto extra = e.ids.size() - std::min(e.ids.size(), static_cast<std::size_t>(job.max_length));
  EncodedExample made;
  made.ids.assign(e.ids.begin() + static_cast<std::ptrdiff_t>(extra), e.ids.end());
  made.targets = shifted({labels.begin() + static_cast<std::ptrdiff_t>(extra), labels.end()});
  const bool any = std::any_of(made.targets.begin(), made.targets.end(), [](std::int32_t t) { return t >= 0; });
  job.require(any || spans.empty(), row, "nothing of the row is to be learned: the answer has no tokens");
  job.keep(row, std::move(made));
}

void encode_completions(EncodeJob& job) {
  const bool completion = job.data.shape == DataShape::kCompletion;
  for (std::size_t i = 0; i < job.data.examples.size(); ++i) {
    const Example& row = job.data.examples[i];
    const std::string prompt = completion ? row.prompt : row.text;
    const std::string answer = completion ? row.completion : row.target;
    keep_learned(job, i, prompt + answer, {{prompt.size(), prompt.size() + answer.size()}}, true);
  }
}

void encode_chats(EncodeJob& job) {
  const auto chat = chat_template_of(job.tokenizer);
  check(chat.has_value(), ErrorKind::kBadInput, "{}: the rows are chats and the model has no chat template",
        job.data.file);
  ChatOptions options{.add_generation_prompt = false};
  if (const auto id = job.tokenizer.bos_id()) options.bos_token = job.tokenizer.id_to_token(*id);
  if (const auto id = job.tokenizer.eos_id()) options.eos_token = job.tokenizer.id_to_token(*id);
  for (std::size_t i = 0; i < job.data.examples.size(); ++i) {
    options.tools = job.data.examples[i].tools();
    const AssistantText found = find_assistant_text(*chat, job.data.examples[i].messages(), options);
    if (found.spans.empty() && job.set.without_answer++ == 0) job.set.first_without_answer = job.data.place(i);
    keep_learned(job, i, found.text, found.spans, false);  // the template has added the special tokens
  }
}

void encode_causal(EncodeJob& job) {
  const bool plain = job.data.shape == DataShape::kText || job.data.shape == DataShape::kClassification;
  check_option(!job.options.packing || plain, "packing",
               "joins plain texts; rows with an answer to learn stay alone, leave it out");
  switch (job.data.shape) {
    case DataShape::kCompletion:
    case DataShape::kSeq2Seq:
      return encode_completions(job);
    case DataShape::kChat:
      return encode_chats(job);
    default:
      return encode_texts(job);
  }
}

class CausalTask final : public TrainTask {
 public:
  CausalTask() : TrainTask({.name = "causal-lm", .pipeline_tag = "text-generation"}) {}

  bool reads(DataShape rows) const override { return rows != DataShape::kTokens && rows != DataShape::kQuestion; }
  nn::HeadKind head(nn::HeadKind) const override { return nn::HeadKind::kCausalLm; }
  void encode(EncodeJob& job) const override { encode_causal(job); }
  bool has_target(const EncodedExample& example, const TrainOptions&) const override {
    return count_targets(example.targets) > 0;
  }
  std::string why_no_target(const TrainOptions&) const override { return "a single token, which nothing follows"; }
  std::unique_ptr<Objective> objective(EncodedSet set, const models::Model&, const Tokenizer&,
                                       const TrainOptions&) const override {
    return std::make_unique<CausalObjective>(std::move(set));
  }
};

}  // namespace

const TrainTask& causal_lm_task() {
  static const CausalTask task;
  return task;
}

}  // namespace linnet

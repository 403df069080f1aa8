// Masked language modelling, next-sentence prediction, and both together.
#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/base/rng.h"
#include "linnet/data/collate/masking.h"
#include "linnet/data/collate/next_sentence.h"
#include "linnet/ops/ops.h"
#include "linnet/train/encode/encode_job.h"
#include "linnet/train/tasks/tasks.h"
#include "linnet/train/tasks/vocabulary_loss.h"

namespace linnet {
namespace {

struct Learned {
  bool words = false, next_sentence = false;
};

class MaskedObjective final : public Objective {
 public:
  MaskedObjective(EncodedSet set, const Tokenizer& tokenizer, const TrainOptions& options, Learned learned)
      : Objective(std::move(set)), learned_(learned) {
    if (!learned.words) return;
    check(tokenizer.mask_id().has_value(), ErrorKind::kBadInput,
          "the tokenizer has no mask token: masked-lm needs one (BERT and its kin)");
    rule_ = {.probability = options.mask_probability,
             .unit = options.whole_word ? MaskUnit::kWord : MaskUnit::kToken,
             .mask_id = *tokenizer.mask_id(),
             .vocab_size = tokenizer.vocab_size()};
  }

  TrainBatch batch(std::span<const std::int64_t> examples, PhiloxKey key) const override {
    TrainBatch b = packed(examples);
    for (std::size_t i = 0; i < examples.size(); ++i) {
      const EncodedExample& e = set_.examples[static_cast<std::size_t>(examples[i])];
      if (learned_.next_sentence) b.second_targets.push_back(e.label);
      if (!learned_.words) continue;
      // The example's number is part of the stream: the mask does not depend on the batch.
      Rng rng(key.seed ^ 0x6D61736Bu, key.stream * 0x9E3779B97F4A7C15u + static_cast<std::uint64_t>(examples[i]));
      Masked masked = mask_tokens(e.ids, e.words, rule_, rng);
      std::copy(masked.ids.begin(), masked.ids.end(), b.packed.ids.begin() + b.packed.starts[i]);
      b.targets.insert(b.targets.end(), masked.labels.begin(), masked.labels.end());
    }
    b.counts = {count_targets(b.targets), static_cast<double>(b.second_targets.size())};
    return b;
  }

  Tensor loss(const models::Model& model, const Tensor& hidden, const TrainBatch& batch,
              const LossCounts& counts) const override {
    Tensor total;
    if (batch.counts[0] > 0) total = vocabulary_loss(model, hidden, batch.targets, counts[0]);
    if (!batch.second_targets.empty()) {
      const Tensor next =
          cross_entropy(sentence_scores(model, hidden, batch), batch.second_targets, {.denominator = counts[1]});
      total = total ? add(total, next) : next;
    }
    // A batch without any mask: a loss of zero that is on the tape.
    return total ? total : scale(sum(hidden), 0);
  }

  void judge(const models::Model& model, const Tensor& hidden, const TrainBatch& batch, Judged& sums) const override {
    judge_vocabulary(model, hidden, batch, sums);
    if (batch.second_targets.empty()) return;
    const Tensor scores = sentence_scores(model, hidden, batch);
    const Tensor loss = cross_entropy(scores, batch.second_targets, {.denominator = batch.counts[1]});
    sums.loss[1] += static_cast<double>(loss.item()) * batch.counts[1];
    sums.counts[1] += batch.counts[1];
    const Tensor read = scores.to(kCpu);
    const auto x = read.data<float>();
    for (std::size_t i = 0; i < batch.second_targets.size(); ++i) {
      ++sums.total;
      sums.correct += (x[2 * i + 1] > x[2 * i] ? 1 : 0) == batch.second_targets[i];
    }
  }

 private:
  static Tensor sentence_scores(const models::Model& model, const Tensor& hidden, const TrainBatch& batch) {
    return model.next_sentence(model.pooled(hidden, batch.packed));
  }
  Learned learned_;
  MaskOptions rule_;
};

void keep_masked(EncodeJob& job, std::size_t row, const Encoding& e, std::int32_t label) {
  EncodedExample made;
  made.ids = e.ids;
  made.type_ids = e.type_ids;
  made.words = word_numbers(e.offsets, e.special_tokens_mask);
  made.label = label;
  job.keep(row, std::move(made));
}

// Sentences of every row: a row is a document, or, if rows are single sentences, all rows are one.
struct Documents {
  std::vector<std::vector<std::string>> sentences;
  std::vector<std::size_t> first_row;
};

Documents documents_of(const Dataset& data) {
  Documents documents;
  bool any_pair = false;
  for (std::size_t i = 0; i < data.examples.size(); ++i) {
    std::vector<std::string> sentences;
    for (const std::string_view text : {data.examples[i].text, data.examples[i].text_pair})
      for (const std::string_view sentence : split_sentences(text)) sentences.emplace_back(sentence);
    any_pair = any_pair || sentences.size() > 1;
    documents.sentences.push_back(std::move(sentences));
    documents.first_row.push_back(i);
  }
  if (any_pair) return documents;
  Documents one{{{}}, {0}};
  for (auto& sentences : documents.sentences)
    for (std::string& sentence : sentences) one.sentences[0].push_back(std::move(sentence));
  return one;
}

void encode_pairs(EncodeJob& job) {
  const Documents documents = documents_of(job.data);
  std::vector<std::size_t> counts;
  for (const auto& sentences : documents.sentences) counts.push_back(sentences.size());
  Rng rng(job.options.seed, 0x6E7370);
  for (const SentencePair& pair : next_sentence_pairs(counts, rng)) {
    const auto sentence = [&](const Sentence& s) -> const std::string& {
      return documents.sentences[s.document][s.index];
    };
    keep_masked(job, documents.first_row[pair.first.document], job.encode(sentence(pair.first), sentence(pair.second)),
                pair.label);
  }
}

void encode_masked(EncodeJob& job, Learned learned) {
  const bool labelled = job.data.has_pairs && job.data.label_kind == LabelKind::kClass;
  if (learned.next_sentence && !labelled) return encode_pairs(job);
  for (std::size_t i = 0; i < job.data.examples.size(); ++i) {
    const Example& row = job.data.examples[i];
    const Encoding e =
        job.encode(row.text, job.data.has_pairs ? std::optional<std::string_view>(row.text_pair) : std::nullopt);
    job.require(!e.ids.empty(), i, "the text has no tokens; remove the row");
    job.require(!learned.next_sentence || row.label == kIsNext || row.label == kIsRandom, i,
                "the label is neither 0 (next) nor 1");
    keep_masked(job, i, e, learned.next_sentence ? row.label : -1);
  }
}

class MaskedTask final : public TrainTask {
 public:
  MaskedTask(TaskFacts facts, nn::HeadKind own, Learned learned) : TrainTask(facts), own_(own), learned_(learned) {}

  bool reads(DataShape rows) const override { return rows == DataShape::kText || rows == DataShape::kClassification; }
  // A pretraining head has the parts for all three tasks.
  nn::HeadKind head(nn::HeadKind has) const override { return has == nn::HeadKind::kPretraining ? has : own_; }
  void encode(EncodeJob& job) const override { encode_masked(job, learned_); }
  bool has_target(const EncodedExample& example, const TrainOptions& options) const override {
    return learned_.next_sentence || (options.mask_probability > 0 && count_targets(example.words) > 0);
  }
  std::string why_no_target(const TrainOptions& options) const override {
    return options.mask_probability > 0 ? "no token that could be masked"
                                        : fmt::format("{} is 0", option("mask_probability"));
  }
  std::string advice(const TrainOptions& options) const override {
    return options.mask_probability > 0 ? "" : "give a larger one";
  }
  std::string why_not_judged(const TrainOptions& options) const override {
    return options.mask_probability > 0 ? "no token of them is masked" : TrainTask::why_not_judged(options);
  }
  std::unique_ptr<Objective> objective(EncodedSet set, const models::Model& model, const Tokenizer& tokenizer,
                                       const TrainOptions& options) const override {
    const nn::HeadKind has = model.config().head;
    check(has == head(has), "[train] the model's head does not do {}", name());
    return std::make_unique<MaskedObjective>(std::move(set), tokenizer, options, learned_);
  }

 private:
  nn::HeadKind own_;
  Learned learned_;
};

}  // namespace

const TrainTask& masked_lm_task() {
  static const MaskedTask task({.name = "masked-lm", .pipeline_tag = "fill-mask"}, nn::HeadKind::kMaskedLm,
                               {.words = true});
  return task;
}

const TrainTask& next_sentence_task() {
  static const MaskedTask task(
      {.name = "next-sentence", .pipeline_tag = "text-classification", .predicts_words = false},
      nn::HeadKind::kNextSentence, {.next_sentence = true});
  return task;
}

const TrainTask& masked_next_sentence_task() {
  static const MaskedTask task({.name = "masked-next-sentence", .pipeline_tag = "fill-mask"},
                               nn::HeadKind::kPretraining, {.words = true, .next_sentence = true});
  return task;
}

}  // namespace linnet

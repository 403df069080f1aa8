// Token classification: a class per word.
#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/ops/ops.h"
#include "linnet/train/encode/encode_job.h"
#include "linnet/train/tasks/tasks.h"
#include "linnet/train/tasks/vocabulary_loss.h"

namespace linnet {
namespace {

class TokenClassObjective final : public Objective {
 public:
  TokenClassObjective(EncodedSet set, std::int64_t labels) : Objective(std::move(set)), labels_(labels) {}

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
    return cross_entropy(model.classify(hidden), batch.targets, {.denominator = counts[0]});
  }
  void judge(const models::Model& model, const Tensor& hidden, const TrainBatch& batch, Judged& sums) const override {
    const Tensor logits = model.classify(hidden);
    if (batch.counts[0] == 0) return;
    sums.loss[0] += static_cast<double>(cross_entropy(logits, batch.targets, {.denominator = 1}).item());
    sums.counts[0] += batch.counts[0];
    const Tensor read = logits.to(kCpu);
    const auto x = read.data<float>();
    const auto n = static_cast<std::size_t>(labels_);
    std::size_t text = 0;
    for (std::size_t row = 0; row < batch.targets.size(); ++row) {
      while (static_cast<std::int64_t>(row) >= batch.packed.starts[text + 1]) ++text;
      if (batch.targets[row] < 0) continue;
      Prediction made = predict(x.subspan(row * n, n), batch.examples[text], batch.targets[row]);
      made.token = static_cast<std::int32_t>(row) - static_cast<std::int32_t>(batch.packed.starts[text]);
      ++sums.total;
      sums.correct += made.predicted == made.expected;
      sums.predictions.push_back(made);
    }
  }
  std::pair<std::string, bool> best_metric() const override { return {"eval_accuracy", true}; }

 private:
  std::int64_t labels_;
};

void encode_tags(EncodeJob& job) {
  for (std::size_t i = 0; i < job.data.examples.size(); ++i) {
    const Example& row = job.data.examples[i];
    std::string text;
    std::vector<std::int64_t> ends;  // of every word, in bytes
    for (const std::string& word : row.tokens()) {
      text += (text.empty() ? "" : " ") + word;
      ends.push_back(static_cast<std::int64_t>(text.size()));
    }
    const Encoding e = job.encode(text);
    job.require(!e.ids.empty(), i, "the row has no tokens; remove it");
    EncodedExample made;
    made.ids = e.ids;
    made.type_ids = e.type_ids;
    made.targets.assign(e.size(), -1);
    // The first token of a word has its tag, as in Transformers; a token belongs to the word of its last byte.
    std::size_t tagged = 0;
    for (std::size_t t = 0; t < e.size(); ++t) {
      if (e.special_tokens_mask[t] != 0 || e.offsets[t].second <= e.offsets[t].first) continue;
      const auto word =
          static_cast<std::size_t>(std::lower_bound(ends.begin(), ends.end(), e.offsets[t].second) - ends.begin());
      if (word < tagged || word >= row.tags.size()) continue;
      made.targets[t] = row.tags[word];
      tagged = word + 1;
    }
    job.keep(i, std::move(made));
  }
}

class TokenTask final : public TrainTask {
 public:
  TokenTask()
      : TrainTask(
            {.name = "tokens", .pipeline_tag = "token-classification", .predicts_words = false, .has_labels = true}) {}

  bool reads(DataShape rows) const override { return rows == DataShape::kTokens; }
  nn::HeadKind head(nn::HeadKind) const override { return nn::HeadKind::kTokenClass; }
  void encode(EncodeJob& job) const override { encode_tags(job); }
  bool has_target(const EncodedExample& example, const TrainOptions&) const override {
    return count_targets(example.targets) > 0;
  }
  std::string why_no_target(const TrainOptions&) const override { return "no word that has a tag"; }
  std::unique_ptr<Objective> objective(EncodedSet set, const models::Model& model, const Tokenizer&,
                                       const TrainOptions&) const override {
    return std::make_unique<TokenClassObjective>(std::move(set),
                                                 static_cast<std::int64_t>(model.config().labels.size()));
  }
};

}  // namespace

const TrainTask& token_task() {
  static const TokenTask task;
  return task;
}

}  // namespace linnet

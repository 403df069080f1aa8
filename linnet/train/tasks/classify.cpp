// Sequence classification: cross-entropy for one label, binary cross-entropy for several, squared error for a number.
#include <algorithm>
#include <cmath>

#include "linnet/base/error.h"
#include "linnet/eval/confusion.h"
#include "linnet/ops/ops.h"
#include "linnet/train/encode/encode_job.h"
#include "linnet/train/tasks/tasks.h"

namespace linnet {
namespace {

class ClassifyObjective final : public Objective {
 public:
  ClassifyObjective(EncodedSet set, const models::Model& model, const TrainOptions& options)
      : Objective(std::move(set)),
        problem_(model.config().problem),
        labels_(static_cast<std::int64_t>(model.config().labels.size())),
        smoothing_(static_cast<float>(options.label_smoothing)),
        weights_(options.class_weights) {
    if (problem_ != nn::ProblemType::kSingleLabel) return;
    if (options.balanced_class_weights) weights_ = balanced();
    check(weights_.empty() || static_cast<std::int64_t>(weights_.size()) == labels_,
          "[train] {} class weights for {} labels", weights_.size(), labels_);
  }

  TrainBatch batch(std::span<const std::int64_t> examples, PhiloxKey) const override {
    TrainBatch b = packed(examples);
    if (problem_ == nn::ProblemType::kSingleLabel) {
      for (const std::int64_t index : examples) {
        const std::int32_t label = set_.examples[static_cast<std::size_t>(index)].label;
        b.targets.push_back(label);
        b.counts[0] += weights_.empty() ? 1.0 : static_cast<double>(weights_[static_cast<std::size_t>(label)]);
      }
      return b;
    }
    b.values = Tensor::empty({static_cast<std::int64_t>(examples.size()), labels_});
    float* v = b.values.data<float>().data();
    for (const std::int64_t index : examples) {
      const auto& values = set_.examples[static_cast<std::size_t>(index)].values;
      LINNET_ASSERT(static_cast<std::int64_t>(values.size()) == labels_);
      v = std::copy(values.begin(), values.end(), v);
    }
    b.counts[0] = static_cast<double>(examples.size());
    return b;
  }

  Tensor loss(const models::Model& model, const Tensor& hidden, const TrainBatch& batch,
              const LossCounts& counts) const override {
    return loss_of(scores(model, hidden, batch), batch, counts);
  }

  void judge(const models::Model& model, const Tensor& hidden, const TrainBatch& batch, Judged& sums) const override {
    const Tensor logits = scores(model, hidden, batch);
    sums.loss[0] += static_cast<double>(loss_of(logits, batch, batch.counts).item()) * batch.counts[0];
    sums.counts[0] += batch.counts[0];
    const Tensor read = logits.to(kCpu);
    const auto x = read.data<float>();
    for (std::size_t row = 0; row < batch.examples.size(); ++row) {
      const auto scores = x.subspan(row * static_cast<std::size_t>(labels_), static_cast<std::size_t>(labels_));
      judge_row(scores, batch, row, sums);
    }
  }

  // Labels of weight 0 have no loss, but their accuracy counts.
  double judged(const TrainBatch& batch) const override { return static_cast<double>(batch.examples.size()); }
  std::map<std::string, double> metrics(const Judged& sums) const override {
    auto all = Objective::metrics(sums);
    if (sums.total == 0) return all;
    if (problem_ == nn::ProblemType::kSingleLabel) {
      all["eval_f1"] = Confusion(static_cast<std::size_t>(labels_), sums.predictions).macro_f1();
    } else if (problem_ == nn::ProblemType::kRegression) {
      all.erase("eval_accuracy");
      all["eval_mse"] = sums.errors.mean_squared();
      all["eval_mae"] = sums.errors.mean_absolute();
    }
    return all;
  }
  std::pair<std::string, bool> best_metric() const override {
    if (problem_ == nn::ProblemType::kRegression) return {"eval_loss", false};
    return {"eval_accuracy", true};
  }
  bool reads_pooled_rows() const override { return true; }
  double guessing_loss() const override {
    return problem_ == nn::ProblemType::kSingleLabel ? std::log(static_cast<double>(labels_)) : 0;
  }

 private:
  static Tensor scores(const models::Model& model, const Tensor& hidden, const TrainBatch& batch) {
    return model.classify(model.pooled(hidden, batch.packed));
  }

  Tensor loss_of(const Tensor& logits, const TrainBatch& batch, const LossCounts& counts) const {
    if (problem_ == nn::ProblemType::kSingleLabel)
      return cross_entropy(logits, batch.targets,
                           {.label_smoothing = smoothing_, .class_weights = weights_, .denominator = counts[0]});
    const Tensor wanted = batch.values.to(logits.device());
    const Tensor mean = problem_ == nn::ProblemType::kMultiLabel ? binary_cross_entropy(logits, wanted)
                                                                 : mean_squared_error(logits, wanted);
    return counts[0] == batch.counts[0] ? mean : scale(mean, static_cast<float>(batch.counts[0] / counts[0]));
  }

  void judge_row(std::span<const float> scores, const TrainBatch& batch, std::size_t row, Judged& sums) const {
    ++sums.total;
    if (problem_ == nn::ProblemType::kSingleLabel) {
      const Prediction made = predict(scores, batch.examples[row], batch.targets[row]);
      sums.predictions.push_back(made);
      sums.correct += made.predicted == made.expected;
      return;
    }
    const auto values = batch.values.data<float>().subspan(row * scores.size(), scores.size());
    if (problem_ == nn::ProblemType::kRegression) return sums.errors.add(scores, values);
    bool all = true;
    for (std::size_t i = 0; i < scores.size(); ++i) all = all && (scores[i] > 0) == (values[i] > 0.5f);
    sums.correct += all;
  }

  std::vector<float> balanced() const {
    std::vector<double> rows(static_cast<std::size_t>(labels_), 0);
    for (const EncodedExample& e : set_.examples) ++rows[static_cast<std::size_t>(e.label)];
    std::vector<float> weights;
    weights.reserve(rows.size());
    for (const double n : rows)
      weights.push_back(
          n > 0 ? static_cast<float>(static_cast<double>(set_.examples.size()) / (static_cast<double>(labels_) * n))
                : 0.0f);
    return weights;
  }

  nn::ProblemType problem_;
  std::int64_t labels_;
  float smoothing_;
  std::vector<float> weights_;
};

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

class ClassifyTask final : public TrainTask {
 public:
  ClassifyTask()
      : TrainTask(
            {.name = "classify", .pipeline_tag = "text-classification", .predicts_words = false, .has_labels = true}) {}

  bool reads(DataShape rows) const override { return rows == DataShape::kClassification; }
  nn::HeadKind head(nn::HeadKind) const override { return nn::HeadKind::kSequenceClass; }
  void settle(const Dataset& rows, TrainOptions& options, models::LoadOptions& load) const override {
    load.problem = options.problem = problem_of(rows, options.problem);
  }
  std::vector<std::string> warnings(const TrainOptions& options) const override {
    if (options.pooling != nn::Pooling::kMean && options.pooling != nn::Pooling::kMax) return {};
    return {
        "the classifier reads the whole text, Transformers' class of the family one token: what is saved scores the "
        "same in linnet alone"};
  }
  void encode(EncodeJob& job) const override { encode_classes(job); }
  std::unique_ptr<Objective> objective(EncodedSet set, const models::Model& model, const Tokenizer&,
                                       const TrainOptions& options) const override {
    return std::make_unique<ClassifyObjective>(std::move(set), model, options);
  }
};

}  // namespace

const TrainTask& classify_task() {
  static const ClassifyTask task;
  return task;
}

}  // namespace linnet

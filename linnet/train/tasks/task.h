// A training task: the rows that it reads, their encoding, its head, loss and metrics. Each task is one object in a
// file of this folder.
//
//   const TrainTask& task = task_of(dataset, model.config(), task_named("auto"));
//   EncodedSet set = encode_examples(dataset, tokenizer, model.config(), task, options);
//   auto objective = task.objective(std::move(set), model, tokenizer, options);
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/data/dataset.h"
#include "linnet/models/loader.h"
#include "linnet/train/encode/encode.h"
#include "linnet/train/tasks/objective.h"

namespace linnet {

struct EncodeJob;  // encode_job.h

struct TaskFacts {
  std::string_view name;          // "causal-lm"
  std::string_view pipeline_tag;  // of the model card: Hugging Face's name for such models
  bool predicts_words = true;     // scores over the vocabulary; else the head can be trained alone
  bool has_labels = false;        // the rows' labels are the classes of the head
};

class TrainTask {
 public:
  virtual ~TrainTask() = default;
  TrainTask(const TrainTask&) = delete;
  TrainTask& operator=(const TrainTask&) = delete;

  std::string_view name() const { return facts_.name; }
  std::string_view pipeline_tag() const { return facts_.pipeline_tag; }
  bool predicts_words() const { return facts_.predicts_words; }
  bool has_labels() const { return facts_.has_labels; }

  virtual bool reads(DataShape rows) const = 0;
  // The head for this task; `has`: the model's head, which may suffice.
  virtual nn::HeadKind head(nn::HeadKind has) const = 0;
  // Sets options that depend on the training rows.
  virtual void settle(const Dataset& /*rows*/, TrainOptions& /*options*/, models::LoadOptions& /*load*/) const {}
  // Warnings about options that are valid but unusual.
  virtual std::vector<std::string> warnings(const TrainOptions& /*options*/) const { return {}; }

  virtual void encode(EncodeJob& job) const = 0;
  virtual std::unique_ptr<Objective> objective(EncodedSet set, const models::Model& model, const Tokenizer& tokenizer,
                                               const TrainOptions& options) const = 0;

  // Whether an example has a target; the reason if not, and advice (empty: general advice).
  virtual bool has_target(const EncodedExample& /*example*/, const TrainOptions& /*options*/) const { return true; }
  virtual std::string why_no_target(const TrainOptions& /*options*/) const { return "the answer is cut away"; }
  virtual std::string advice(const TrainOptions& /*options*/) const { return ""; }
  // The reason why rows have no metric.
  virtual std::string why_not_judged(const TrainOptions& /*options*/) const {
    return "what they should say was cut away, or is absent";
  }

 protected:
  explicit TrainTask(TaskFacts facts) : facts_(facts) {}

 private:
  TaskFacts facts_;
};

// The factory. Null for "auto"; the kInvalidArgument error lists all names.
const TrainTask* task_named(std::string_view name);
std::string_view task_name(const TrainTask* task);
std::vector<std::string> task_names();  // "auto" first
// `asked`, or, if that is null, the task by the columns and the stack. kBadInput if the rows do not fit the task.
const TrainTask& task_of(const Dataset& data, const nn::TransformerConfig& config, const TrainTask* asked);

}  // namespace linnet

// Extractive question answering: start and end of the answer in the context.
#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/base/utf8.h"
#include "linnet/ops/ops.h"
#include "linnet/train/encode/encode_job.h"
#include "linnet/train/tasks/tasks.h"

namespace linnet {
namespace {

class QuestionObjective final : public Objective {
 public:
  explicit QuestionObjective(EncodedSet set) : Objective(std::move(set)) {}

  TrainBatch batch(std::span<const std::int64_t> examples, PhiloxKey) const override {
    TrainBatch b = packed(examples);
    for (const std::int64_t index : examples) {
      const EncodedExample& e = set_.examples[static_cast<std::size_t>(index)];
      b.targets.push_back(e.start);
      b.second_targets.push_back(e.end);
      b.counts[0] += e.start >= 0;
      b.counts[1] += e.end >= 0;
    }
    return b;
  }
  // The mean of the cross-entropies of start and end, over positions of the text only, as in Transformers.
  Tensor loss(const models::Model& model, const Tensor& hidden, const TrainBatch& batch,
              const LossCounts& counts) const override {
    Tensor total;
    const Tensor logits = model.classify(hidden);
    for (std::size_t s = 0; s < batch.targets.size(); ++s) {
      if (batch.targets[s] < 0 && batch.second_targets[s] < 0) continue;
      const Tensor rows = by_position(logits, batch, s);  // [2, tokens]
      const std::int32_t targets[] = {batch.targets[s], batch.second_targets[s]};
      const Tensor part = cross_entropy(rows, targets, {.denominator = 2 * std::max(counts[0], counts[1])});
      total = total ? add(total, part) : part;
    }
    return total ? total : scale(sum(logits), 0);
  }
  void judge(const models::Model& model, const Tensor& hidden, const TrainBatch& batch, Judged& sums) const override {
    sums.loss[0] += static_cast<double>(loss(model, hidden, batch, {1, 1}).item());
    sums.counts[0] += std::max(batch.counts[0], batch.counts[1]);
    const Tensor logits = model.classify(hidden);
    for (std::size_t s = 0; s < batch.targets.size(); ++s) {
      if (batch.targets[s] < 0 && batch.second_targets[s] < 0) continue;  // the answer was truncated
      const Tensor rows = by_position(logits, batch, s).to(kCpu);
      const auto x = rows.data<float>();
      const auto n = static_cast<std::ptrdiff_t>(rows.size(1));
      const auto start = std::max_element(x.begin(), x.begin() + n) - x.begin();
      const auto end = std::max_element(x.begin() + n, x.end()) - x.begin() - n;
      ++sums.total;
      sums.correct += start == batch.targets[s] && end == batch.second_targets[s];
    }
  }
  std::pair<std::string, bool> best_metric() const override { return {"eval_accuracy", true}; }

 private:
  // Transposes a text's rows [tokens, 2] to [2, tokens] by a product with the identity, since the tape has no
  // transposed views.
  static Tensor by_position(const Tensor& logits, const TrainBatch& batch, std::size_t s) {
    static constexpr float kIdentity[] = {1, 0, 0, 1};
    const Tensor part = slice_rows(logits, batch.packed.starts[s], batch.packed.starts[s + 1]);
    return matmul(Tensor::from(kIdentity, {2, 2}).to(logits.device()), part, false, true);
  }
};

// Bytes of a text, [begin, end).
struct Span {
  std::int64_t begin, end;
};

// The byte where character `index` of a text starts; -1 past its end.
std::int64_t byte_of(std::string_view text, std::int64_t index) {
  std::int64_t at = 0;
  const auto size = static_cast<std::int64_t>(text.size());
  for (; index > 0 && at < size; --index) {
    ++at;
    while (at < size && (static_cast<unsigned char>(text[static_cast<std::size_t>(at)]) & 0xC0) == 0x80) ++at;
  }
  return index == 0 ? at : -1;
}

Span answer_span(const EncodeJob& job, std::size_t row, const Example& example) {
  const Answer answer = example.answers().front();
  std::int64_t begin = -1;
  if (answer.start >= 0) {
    begin = byte_of(example.context, answer.start);
    const bool there = begin >= 0 && example.context.substr(static_cast<std::size_t>(begin)).starts_with(answer.text);
    job.require(
        there, row,
        fmt::format("the answer '{}' is not at character {} of the context", printable(answer.text, 60), answer.start));
  } else {
    const auto found = example.context.find(answer.text);
    job.require(found != std::string_view::npos, row,
                fmt::format("the answer '{}' is not in the context", printable(answer.text, 60)));
    begin = static_cast<std::int64_t>(found);
  }
  return {begin, begin + static_cast<std::int64_t>(answer.text.size())};
}

void encode_questions(EncodeJob& job) {
  for (std::size_t i = 0; i < job.data.examples.size(); ++i) {
    const Example& row = job.data.examples[i];
    const Encoding e = job.encode(row.question, row.context, TruncationStrategy::kOnlySecond);
    EncodedExample made;
    made.ids = e.ids;
    made.type_ids = e.type_ids;
    if (row.answers().empty()) {
      made.start = made.end = 0;  // SQuAD 2: no answer is a span at the first token
      job.keep(i, std::move(made));
      continue;
    }
    const Span span = answer_span(job, i, row);
    // The first ordinary tokens are the question's; offsets of the others count from the context's start.
    std::size_t question = job.tokenizer.encode_ids(row.question, {.add_special_tokens = false}).size();
    for (std::size_t t = 0; t < e.size(); ++t) {
      if (e.special_tokens_mask[t] != 0) continue;
      if (question > 0) {
        --question;
        continue;
      }
      const auto [begin, end] = e.offsets[t];
      if (end <= span.begin || begin >= span.end) continue;
      if (made.start < 0) made.start = static_cast<std::int32_t>(t);
      made.end = static_cast<std::int32_t>(t);
    }
    // An answer that was truncated, completely or in part, does not count.
    const bool cut = job.set.full_lengths.back() > job.max_length && made.end >= 0 &&
                     e.offsets[static_cast<std::size_t>(made.end)].second < span.end;
    if (cut) made.start = made.end = -1;
    job.keep(i, std::move(made));
  }
}

class QuestionTask final : public TrainTask {
 public:
  QuestionTask() : TrainTask({.name = "qa", .pipeline_tag = "question-answering", .predicts_words = false}) {}

  bool reads(DataShape rows) const override { return rows == DataShape::kQuestion; }
  nn::HeadKind head(nn::HeadKind) const override { return nn::HeadKind::kQuestionAnswering; }
  void encode(EncodeJob& job) const override { encode_questions(job); }
  bool has_target(const EncodedExample& example, const TrainOptions&) const override {
    return example.start >= 0 || example.end >= 0;
  }
  std::unique_ptr<Objective> objective(EncodedSet set, const models::Model&, const Tokenizer&,
                                       const TrainOptions&) const override {
    return std::make_unique<QuestionObjective>(std::move(set));
  }
};

}  // namespace

const TrainTask& question_task() {
  static const QuestionTask task;
  return task;
}

}  // namespace linnet

#include "linnet/nn/heads.h"

#include <algorithm>
#include <utility>

#include "linnet/base/error.h"

namespace linnet::nn {
namespace {

bool speaks(HeadKind kind) {
  return kind == HeadKind::kCausalLm || kind == HeadKind::kMaskedLm || kind == HeadKind::kPretraining ||
         kind == HeadKind::kSeq2SeqLm;
}
bool classifies(HeadKind kind) {
  return kind == HeadKind::kSequenceClass || kind == HeadKind::kTokenClass || kind == HeadKind::kQuestionAnswering;
}
double dropout_of(const TransformerConfig& c) {
  return c.head == HeadKind::kTokenClass          ? c.token_dropout
         : c.head == HeadKind::kQuestionAnswering ? c.question_dropout
                                                  : c.classifier_dropout;
}

}  // namespace

Head::Head(const TransformerConfig& c)
    : kind_(c.head),
      pooling_(c.pooling),
      activation_(c.transform_activation.value_or(c.activation)),
      dense_activation_(c.classifier_activation),
      pooler_activation_(c.pooler_activation),
      dropout_(dropout_of(c)),
      output_divisor_(c.output_divisor),
      output_softcap_(c.output_softcap),
      vocab_(c.vocab),
      has_output_offset_(c.output_offset && speaks(c.head)),
      end_ids_(c.eos_ids) {
  const std::int64_t width = c.embedding_width(), rows = c.output_width();
  if (c.pooler) pooler_ = Linear(rows, rows, true);
  if (speaks(c.head)) {
    tied_ = c.tie_embeddings;
    const bool biased = c.head_transform && c.output_bias;
    if (!tied_) output_ = Linear(width, c.vocab, biased);
    if (c.head_transform) {
      transform_ = Linear(rows, width, c.head_transform_bias);
      norm_ = NormLayer(c, width);
      has_output_bias_ = tied_ && biased;  // an untied output matrix has its own bias
    }
  }
  if (c.head == HeadKind::kPretraining || c.head == HeadKind::kNextSentence) next_sentence_ = Linear(rows, 2, true);
  if (!classifies(c.head)) return;
  const bool spans = c.head == HeadKind::kQuestionAnswering;
  if (c.classifier == ClassifierKind::kMlp) {
    dense_ = Linear(rows, rows, true);
    drops_input_ = c.classifier_input_dropout;
  }
  if (c.classifier == ClassifierKind::kTransform) {
    transform_ = Linear(rows, rows, c.head_transform_bias);
    norm_ = NormLayer(c, rows);
    drops_input_ = false;
  }
  classifier_ = Linear(rows, spans ? 2 : static_cast<std::int64_t>(c.labels.size()),
                       c.head != HeadKind::kSequenceClass || c.classifier_bias);
}

Tensor Head::transformed(const Tensor& hidden, const Pass& pass) const {
  return transform_ ? norm_(activation(transform_(hidden, pass), activation_)) : hidden;
}

Tensor Head::before_output(const Tensor& hidden, const Pass& pass) const {
  const Tensor x = transformed(hidden, pass);
  return output_divisor_ == 1 ? x : scale(x, static_cast<float>(1 / output_divisor_));
}

Tensor Head::scores(const Tensor& x, const Tensor& token_table, const Pass& pass) const {
  Pass own = pass;
  // The scores decide the answer, and few rows need them: their input is not rounded to 8 bits.
  if (own.precision == Precision::kByWeight && info(output_weight(token_table).dtype()).quantized)
    own.precision = Precision::kBF16;
  const Tensor logits = tied_ ? linear(x, token_table, output_bias_, {.precision = own.precision}) : output_(x, own);
  return output_softcap_ > 0 ? softcap(logits, static_cast<float>(output_softcap_)) : logits;
}

void Head::tie_offset() {
  if (has_output_offset_) (tied_ ? output_bias_ : output_.bias()) = output_offset_.reshape({vocab_});
}

void Head::untie(const Tensor& token_table) {
  if (!tied_) return;
  tied_ = false;
  output_ = Linear(token_table.size(1), vocab_, has_output_bias_);
  output_.weight() = token_table;
  output_.bias() = std::exchange(output_bias_, {});
  has_output_bias_ = false;
}

OutputRows Head::pooled_row() const {
  return pooling_ == Pooling::kFirst  ? OutputRows::kFirst
         : pooling_ == Pooling::kLast ? OutputRows::kLast
                                      : OutputRows::kAll;
}

// The row of the last end token of each sequence.
std::vector<std::int32_t> Head::last_ends(const Packed& batch) const {
  std::vector<std::int32_t> rows;
  for (std::size_t s = 0; s + 1 < batch.starts.size(); ++s) {
    std::int32_t row = batch.starts[s + 1] - 1;
    const auto ends = [&] {
      return std::ranges::find(end_ids_, batch.ids[static_cast<std::size_t>(row)]) != end_ids_.end();
    };
    while (row >= batch.starts[s] && !ends()) --row;
    check(row >= batch.starts[s], "[pooling] text {} has no end token, whose row is classified; add one", s);
    rows.push_back(row);
  }
  return rows;
}

Tensor Head::pooling_rows(const Tensor& hidden, const Packed& batch) const {
  if (hidden.size(0) == batch.sequences()) return hidden;  // already gathered, or sequences of one row
  if (pooling_ == Pooling::kMean) return mean_rows(hidden, batch.starts);
  if (pooling_ == Pooling::kMax) return max_rows(hidden, batch.starts);
  if (pooling_ == Pooling::kLastEnd) return gather_rows(hidden, last_ends(batch));
  return gather_rows(hidden, one_row_each(batch, pooled_row()));
}

Tensor Head::pool(const Tensor& rows, const Pass& pass) const {
  return pooler_ ? activation(pooler_(rows, pass), pooler_activation_) : rows;
}

Tensor Head::pooled(const Tensor& hidden, const Packed& batch, const Pass& pass) const {
  return pool(pooling_rows(hidden, batch), pass);
}

Tensor Head::classify(const Tensor& features, const Pass& pass) const {
  Tensor x = drops_input_ ? pass.drop(features, dropout_, 0, Site::kClassifier) : features;
  if (transform_) x = pass.drop(transformed(x, pass), dropout_, 1, Site::kClassifier);
  if (dense_) x = pass.drop(activation(dense_(x, pass), dense_activation_), dropout_, 1, Site::kClassifier);
  return classifier_(x, pass);
}

void Head::visit(Visitor& v) {
  if (transform_) visit_child(v, "transform", transform_, Role::kHeadTransform);
  if (norm_) visit_child(v, "norm", norm_, Role::kHeadNorm);
  if (output_) visit_child(v, "output", output_, Role::kOutput);
  if (has_output_offset_) v.tensor("output_offset", output_offset_, {1, vocab_}, Role::kOutput, Part::kBuffer);
  if (has_output_bias_) v.tensor("output_bias", output_bias_, {vocab_}, Role::kOutput, Part::kBias);
  if (next_sentence_) visit_child(v, "next_sentence", next_sentence_, Role::kNextSentence);
  if (dense_) visit_child(v, "dense", dense_, Role::kClassifierDense);
  // Families have different names for the three kinds, so there are three names here.
  const char* name = kind_ == HeadKind::kTokenClass          ? "token_classifier"
                     : kind_ == HeadKind::kQuestionAnswering ? "spans"
                                                             : "classifier";
  if (classifier_) visit_child(v, name, classifier_, Role::kClassifier);
}

}  // namespace linnet::nn

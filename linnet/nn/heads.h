// What stands on top of the stack: the output matrix of a language model, or a small classifier.
#pragma once

#include "linnet/nn/config.h"
#include "linnet/nn/linear.h"
#include "linnet/nn/norm.h"
#include "linnet/nn/packed.h"

namespace linnet::nn {

class Head {
 public:
  Head() = default;
  explicit Head(const TransformerConfig& config);

  // hidden [rows, hidden] -> the rows the output matrix multiplies (a masked LM transforms them first).
  Tensor before_output(const Tensor& hidden, const Pass& pass) const;
  // The output matrix: its own, or the tied vocabulary table. [vocab, hidden] and its bias [vocab] or undefined.
  const Tensor& output_weight(const Tensor& token_table) const { return tied_ ? token_table : output_.weight(); }
  const Tensor& output_bias() const { return tied_ ? output_bias_ : output_.bias(); }
  bool tied() const { return tied_; }
  // What `before_output` gave -> scores over the vocabulary; a LoRA update of the output matrix is in them.
  Tensor scores(const Tensor& x, const Tensor& token_table, const Pass& pass) const;
  // The output matrix becomes one of the head's own that starts with the values (and the storage) of the table.
  void untie(const Tensor& token_table);
  std::optional<LoraDelta>& output_lora() { return output_.lora(); }
  const std::optional<LoraDelta>& output_lora() const { return output_.lora(); }

  // What pooling takes from the rows of a text, one row a sequence [sequences, hidden] (`hidden` itself where it holds
  // just those), and what the pooler makes of them.
  Tensor pooling_rows(const Tensor& hidden, const Packed& batch) const;
  Tensor pool(const Tensor& rows, const Pass& pass) const;
  OutputRows pooled_row() const;  // kAll: pooling reads the whole text
  // What a sequence classifier reads of each sequence: both steps.
  Tensor pooled(const Tensor& hidden, const Packed& batch, const Pass& pass) const;
  // features: pooled rows (sequence classes, next sentence) or all rows (token classes, start and end) -> scores.
  Tensor classify(const Tensor& features, const Pass& pass) const;
  Tensor next_sentence(const Tensor& pooled, const Pass& pass) const { return next_sentence_(pooled, pass); }
  bool has_pooler() const { return static_cast<bool>(pooler_); }

  void visit(Visitor& v);
  void visit_pooler(Visitor& v) {
    if (pooler_) visit_child(v, "pooler", pooler_, Role::kPooler);
  }

 private:
  HeadKind kind_ = HeadKind::kNone;
  Pooling pooling_ = Pooling::kLast;
  Activation activation_ = Activation::kGelu;
  bool tied_ = false, has_output_bias_ = false;
  double dropout_ = 0;
  std::int64_t vocab_ = 0;
  Linear pooler_, transform_, output_, next_sentence_, dense_, classifier_;
  NormLayer norm_;
  Tensor output_bias_;
};

}  // namespace linnet::nn

// The head of a model: the output matrix of a language model, or a classifier.
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

  // hidden [rows, hidden] -> the input of the output matrix [rows, width] (a masked LM transforms it first).
  Tensor before_output(const Tensor& hidden, const Pass& pass) const;
  // The output matrix [vocab, width], which may be the tied token table; its bias is [vocab] or undefined.
  const Tensor& output_weight(const Tensor& token_table) const { return tied_ ? token_table : output_.weight(); }
  const Tensor& output_bias() const { return tied_ ? output_bias_ : output_.bias(); }
  bool tied() const { return tied_; }
  // Result of `before_output` -> logits over the vocabulary, with the output matrix's LoRA update.
  Tensor scores(const Tensor& x, const Tensor& token_table, const Pass& pass) const;
  // Makes the constants of the logits the bias of the output matrix; called after loading.
  void tie_offset();
  // Unties the output matrix: it starts with the values (and the storage) of the token table.
  void untie(const Tensor& token_table);
  const Linear& output() const { return output_; }  // absent where it is tied

  // The pooling rows, one per sequence [sequences, hidden] (`hidden` itself if it has only those), and the pooler's
  // output. kInvalidArgument if the last end token is pooled and a text has none.
  Tensor pooling_rows(const Tensor& hidden, const Packed& batch) const;
  Tensor pool(const Tensor& rows, const Pass& pass) const;
  OutputRows pooled_row() const;  // kAll: pooling reads all rows
  // Input of a sequence classifier: both steps.
  Tensor pooled(const Tensor& hidden, const Packed& batch, const Pass& pass) const;
  // features: pooled rows (sequence classes, next sentence) or all rows (token classes, start and end) -> logits.
  Tensor classify(const Tensor& features, const Pass& pass) const;
  Tensor next_sentence(const Tensor& pooled, const Pass& pass) const { return next_sentence_(pooled, pass); }
  bool has_pooler() const { return static_cast<bool>(pooler_); }

  void visit(Visitor& v);
  void visit_pooler(Visitor& v) {
    if (pooler_) visit_child(v, "pooler", pooler_, Role::kPooler);
  }

 private:
  std::vector<std::int32_t> last_ends(const Packed& batch) const;

  Tensor transformed(const Tensor& hidden, const Pass& pass) const;

  HeadKind kind_ = HeadKind::kNone;
  Pooling pooling_ = Pooling::kLast;
  Activation activation_ = Activation::kGelu, dense_activation_ = Activation::kTanh,  // of transform_, of dense_
      pooler_activation_ = Activation::kTanh;
  bool tied_ = false, has_output_bias_ = false, drops_input_ = true;
  double dropout_ = 0, output_divisor_ = 1, output_softcap_ = 0;
  std::int64_t vocab_ = 0;
  Linear pooler_, transform_, output_, next_sentence_, dense_, classifier_;
  NormLayer norm_;
  Tensor output_bias_, output_offset_;  // [vocab], [1, vocab]
  bool has_output_offset_ = false;
  std::vector<std::int64_t> end_ids_;
};

}  // namespace linnet::nn

// The input of the stack: rows of the token table plus position and type embeddings, with an optional norm.
#pragma once

#include "linnet/nn/config.h"
#include "linnet/nn/linear.h"
#include "linnet/nn/norm.h"
#include "linnet/nn/packed.h"
#include "linnet/nn/pass.h"

namespace linnet::nn {

class Embeddings {
 public:
  Embeddings() = default;
  enum class Tokens : std::uint8_t { kOwn, kShared };  // kShared: `share_tokens` gives it another's table
  explicit Embeddings(const TransformerConfig& config, Tokens tokens = Tokens::kOwn);

  // Scaled rows of the token table with its LoRA update, which has no dropout, as in PEFT: [batch rows, width].
  Tensor tokens(const Packed& batch, const Pass& pass) const;
  // Multiplies by input_scale, projects tokens if only they have another width, adds positions and types, then norm,
  // dropout and projection: [batch rows, hidden]. Positions past the table: kInvalidArgument with both numbers.
  Tensor finish(Tensor x, const Packed& batch, const Pass& pass) const;
  void visit(Visitor& v);
  const Tensor& token_table() const { return tokens_; }
  void share_tokens(const Embeddings& other) { tokens_ = other.tokens_; }

 private:
  std::vector<std::int32_t> position_rows(const Packed& batch) const;

  std::int64_t vocab_ = 0, token_width_ = 0, max_positions_ = 0, position_offset_ = 0, token_types_ = 0;
  std::int64_t width_ = 0;  // of the position and type tables and the norm
  Tokens kind_ = Tokens::kOwn;
  bool learned_ = false, fixed_ = false, padding_has_no_position_ = false;
  double scale_ = 1, input_scale_ = 1;
  bool rounds_scale_ = false;
  double dropout_ = 0;
  Tensor tokens_, positions_, types_;  // [vocab, token width], [offset + max positions, width], [types, width]
  NormLayer norm_;
  Linear token_projection_, projection_;  // [token width] -> [width], [width] -> [hidden]
};

}  // namespace linnet::nn

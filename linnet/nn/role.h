// What a parameter is for. Weight decay, LoRA's targets, freezing, tying, quantisation and the order of values in files
// are decided by it, never by a parameter's name.
//
//   for (const Parameter& p : parameters(transformer))
//     if (is_head_or_pooler(p.role)) p.tensor->set_requires_grad();
#pragma once

#include <cstdint>

namespace linnet::nn {

enum class Role : std::uint8_t {
  kTokenTable,
  kPositionTable,
  kTypeTable,  // of token types
  kNorm,       // of the embeddings or a layer, or after the last one
  kQuery,
  kKey,
  kValue,
  kQkv,  // query, key and value in one matrix
  kAttentionOutput,
  kGate,
  kUp,
  kDown,
  kPooler,
  kHeadTransform,  // what a masked language model has before its output matrix, with kHeadNorm
  kHeadNorm,
  kOutput,  // scores over the vocabulary
  kNextSentence,
  kClassifierDense,  // the first layer of a classifier that has two
  kClassifier,       // scores of labels: of a text or a token, or of where an answer begins and ends
  kAdapter,          // beside the model: LoRA's matrices, a soft prompt, a prefix
  kAdapterTable,     // LoRA's first matrix of the token table: a row a token
  kCount
};

// Which tensor of its module a parameter is. A table, and what an adapter adds, is a weight.
enum class Part : std::uint8_t { kWeight, kBias };

// Are its rows looked up?
constexpr bool is_table(Role r) {
  return r == Role::kTokenTable || r == Role::kPositionTable || r == Role::kTypeTable || r == Role::kAdapterTable;
}
constexpr bool is_norm(Role r) { return r == Role::kNorm || r == Role::kHeadNorm; }
// The linear modules of a layer: attention's, also where it reads an encoder, and the feed-forward's.
constexpr bool is_layer_linear(Role r) {
  return r == Role::kQuery || r == Role::kKey || r == Role::kValue || r == Role::kQkv || r == Role::kAttentionOutput ||
         r == Role::kGate || r == Role::kUp || r == Role::kDown;
}
constexpr bool is_head(Role r) {
  return r == Role::kHeadTransform || r == Role::kHeadNorm || r == Role::kOutput || r == Role::kNextSentence ||
         r == Role::kClassifierDense || r == Role::kClassifier;
}
constexpr bool is_head_or_pooler(Role r) { return is_head(r) || r == Role::kPooler; }

}  // namespace linnet::nn

// The role of a parameter. It decides weight decay, LoRA targets, freezing, tying, quantisation and the order of values
// in files; a parameter's name never does.
//
//   for (const Parameter& p : parameters(transformer))
//     if (is_head_or_pooler(p.role)) p.tensor->set_requires_grad();
#pragma once

#include <cstdint>

namespace linnet::nn {

enum class Role : std::uint8_t {
  kTokenTable,
  kPositionTable,
  kTypeTable,      // of token types
  kProjection,     // between the width of the tables and that of the layers
  kDistanceTable,  // biases of attention scores by distance
  kRelativeTable,  // vectors of relative positions
  kNorm,           // of the embeddings, a layer, or the final one
  kQuery,
  kKey,
  kValue,
  kQkv,  // query, key and value in one matrix
  kAttentionOutput,
  kGate,
  kUp,
  kGateUp,  // gate and up in one matrix
  kDown,
  kPooler,
  kHeadTransform,  // transform before a masked LM's output matrix, with kHeadNorm
  kHeadNorm,
  kOutput,  // logits over the vocabulary
  kNextSentence,
  kClassifierDense,  // the first layer of a classifier that has two
  kClassifier,       // logits of labels: of a text or a token, or of the start and end of an answer
  kAdapter,          // added to the model: LoRA's matrices, a soft prompt, a prefix
  kAdapterTable,     // LoRA's first matrix of the token table: a row per token
  kCount
};

// The tensor of the module. Tables and adapter tensors are weights; a buffer is saved and not trained.
enum class Part : std::uint8_t { kWeight, kBias, kBuffer };

// True if rows are looked up.
constexpr bool is_table(Role r) {
  return r == Role::kTokenTable || r == Role::kPositionTable || r == Role::kTypeTable || r == Role::kAdapterTable;
}
constexpr bool is_norm(Role r) { return r == Role::kNorm || r == Role::kHeadNorm; }
// The linear modules of a layer: those of attention, cross attention and feed-forward.
constexpr bool is_layer_linear(Role r) {
  return r == Role::kQuery || r == Role::kKey || r == Role::kValue || r == Role::kQkv || r == Role::kAttentionOutput ||
         r == Role::kGate || r == Role::kUp || r == Role::kGateUp || r == Role::kDown;
}
constexpr bool is_head(Role r) {
  return r == Role::kHeadTransform || r == Role::kHeadNorm || r == Role::kOutput || r == Role::kNextSentence ||
         r == Role::kClassifierDense || r == Role::kClassifier;
}
constexpr bool is_head_or_pooler(Role r) { return is_head(r) || r == Role::kPooler; }

}  // namespace linnet::nn

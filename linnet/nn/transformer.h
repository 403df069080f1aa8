// The one transformer: embeddings, a stack of blocks (or an encoder's and a decoder's), a head. Which one it is, the
// config says; nothing here knows a family.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "linnet/nn/block.h"
#include "linnet/nn/embeddings.h"
#include "linnet/nn/heads.h"
#include "linnet/nn/rope.h"

namespace linnet::nn {

// The encoder's output of an encoder-decoder: its rows and where each sequence starts.
struct Encoded {
  Tensor hidden;  // [rows, hidden]
  std::vector<std::int32_t> starts;
};

// What a forward pass starts from besides its tokens.
struct ForwardState {
  KvCache* cache = nullptr;                              // decoders: earlier positions are read, new ones are kept
  std::span<KvCache::Sequence* const> sequences = {};    // one a sequence of the batch
  const Encoded* encoder = nullptr;                      // what a decoder of an encoder-decoder reads
  Tensor prompt_embeddings = {};                         // [virtual tokens, hidden], put before every sequence
  std::span<const PrefixKv> prefix = {};                 // one a layer; shifts positions by its length
  std::span<const PrefixKv> encoder_prefix = {};         // the same for the encoder's layers
};

// Positions that a soft prompt or a prefix takes before every sequence.
std::int64_t virtual_tokens(const ForwardState& state);
// Puts a learned prefix into the cache as what an empty `sequence` has already seen: how it goes with a KV cache.
void begin_with(const KvCache& cache, KvCache::Sequence& sequence, std::span<const PrefixKv> prefix);

class Transformer {
 public:
  explicit Transformer(const TransformerConfig& config);

  // Last hidden state of every row of `batch` [rows, hidden]; rows of virtual tokens are not in it.
  Tensor forward(const Packed& batch, const ForwardState& state, const Pass& pass) const;
  Encoded encode(const Packed& batch, const ForwardState& state, const Pass& pass) const;
  void visit(Visitor& v);

  const TransformerConfig& config() const { return config_; }
  const Head& head() const { return head_; }
  Head& head() { return head_; }
  const Tensor& token_table() const { return embeddings_.token_table(); }
  void replace_head(const TransformerConfig& config);  // the stack stays; the new head is undefined until initialised
  void set_head_trained(bool trained) { config_.head_trained = trained; }
  // Encoder-decoders share one token table between both stacks; called after loading.
  void tie();

 private:
  struct Layers {
    std::vector<Block> blocks;
    NormLayer final_norm;
    void visit(Visitor& v);
  };
  Layers make_layers(std::int64_t count, Block::Cross cross) const;
  std::shared_ptr<const AttentionBatch> attention_batch(Packed rows, const ForwardState& state,
                                                        std::span<const PrefixKv> prefix, bool causal) const;
  void set_rotary(AttentionBatch& batch) const;
  Tensor run_blocks(const Layers& layers, Tensor x, std::shared_ptr<const AttentionBatch> batch,
                    const CrossBatch* cross, const Pass& pass) const;
  Tensor run(const Layers& layers, const Embeddings& embeddings, const Packed& batch, const ForwardState& state,
             std::span<const PrefixKv> prefix, bool causal, const Pass& pass) const;

  TransformerConfig config_;
  Embeddings embeddings_, decoder_embeddings_;
  Layers layers_, decoder_layers_;  // encoder's (or the only stack's), decoder's
  Head head_;
  mutable RopeCache rope_;
};

}  // namespace linnet::nn

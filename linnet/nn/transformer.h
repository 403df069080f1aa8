// The one transformer: embeddings, a stack of blocks (or an encoder's and a decoder's), a head. Which one it is, the
// config says; nothing here knows a family.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "linnet/nn/block.h"
#include "linnet/nn/embeddings.h"
#include "linnet/nn/heads.h"
#include "linnet/nn/rope.h"

namespace linnet::nn {

// The encoder's output of an encoder-decoder: its rows, those of a soft prompt too, and where each sequence starts.
struct Encoded {
  Tensor hidden;  // [rows, hidden]
  std::vector<std::int32_t> starts;
};

// Learned rows that every text reads before its own: the embeddings of a soft prompt, or keys and values a layer. Their
// own rows never come out of a forward pass.
struct VirtualTokens {
  Tensor prompt = {};                 // [virtual tokens, hidden], or undefined
  std::vector<PrefixKv> prefix = {};  // one a layer, or none
  std::vector<PrefixKv> encoder_prefix = {}, cross_prefix = {};
  std::int64_t count() const { return prompt ? prompt.size(0) : prefix.empty() ? 0 : prefix.front().keys.size(0); }
};

// What a forward pass starts from besides its tokens. Virtual tokens come before the sequences that begin here: those
// whose cache is empty, or all without a cache.
struct ForwardState {
  KvCache* cache = nullptr;                            // decoders: earlier positions are read, new ones are kept
  std::span<KvCache::Sequence* const> sequences = {};  // one a sequence of the batch
  KvCache::Room room = KvCache::Room::kAllLayers;      // kOneLayer: none of them goes on after this pass
  const Encoded* encoder = nullptr;                    // what a decoder of an encoder-decoder reads
  Tensor prompt_embeddings = {};                       // [virtual tokens, hidden], put before every (encoder's) text
  std::span<const PrefixKv> prefix = {};               // one a (decoder's) layer; shifts positions by its length
  std::span<const PrefixKv> encoder_prefix = {};       // the same for the encoder's layers
  std::span<const PrefixKv> cross_prefix = {};         // one a decoder's layer, before the encoder's rows
  OutputRows output = OutputRows::kAll;                // one a sequence: the last layer computes no others
  std::span<const std::int64_t> last_rows = {};        // instead: how many of the last of each sequence, 1 or more
  const std::function<bool()>* interrupted = nullptr;  // called before every layer; true: the pass throws Interrupted
};

// Thrown by a forward pass that is interrupted; the lengths of the cached sequences are unchanged.
struct Interrupted {};

class Transformer {
 public:
  explicit Transformer(const TransformerConfig& config);

  // Last hidden state of every row of `batch` [rows, hidden]; rows of virtual tokens are not in it.
  Tensor forward(const Packed& batch, const ForwardState& state, const Pass& pass) const;
  Encoded encode(const Packed& batch, const ForwardState& state, const Pass& pass) const;
  // What pooling takes from each sequence [sequences, hidden]. The first row of a sequence with a soft prompt is
  // the prompt's, as in PEFT's models.
  Tensor pooling_rows(const Packed& batch, const ForwardState& state, const Pass& pass) const;
  void visit(Visitor& v);

  const TransformerConfig& config() const { return config_; }
  const Head& head() const { return head_; }
  Head& head() { return head_; }
  const Tensor& token_table() const { return embeddings_.token_table(); }
  Embeddings& embeddings() { return embeddings_; }
  void untie();  // the output matrix becomes a parameter of its own, with the same values
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
  struct Prefixes {
    std::span<const PrefixKv> own = {}, cross = {};  // of one stack's layers
  };
  std::shared_ptr<const AttentionBatch> attention_batch(Packed rows, const ForwardState& state,
                                                        const Prefixes& prefixes, bool causal) const;
  void store_prefix(const ForwardState& state, std::span<const PrefixKv> prefix) const;
  void set_rotary(AttentionBatch& batch) const;
  Tensor run_blocks(const Layers& layers, Tensor x, const Tensor& source, const Prefixes& prefixes,
                    const std::shared_ptr<const AttentionBatch>& batch, const Pass& pass,
                    const std::vector<std::int32_t>& wanted, const std::function<bool()>* interrupted) const;
  struct Rows {
    Tensor hidden;                        // of the batch with its virtual tokens, or one row a sequence
    std::vector<std::int32_t> starts;     // of its sequences, virtual tokens among them
    std::vector<std::int32_t> text_rows;  // where the text's rows are; empty: everywhere
    Tensor text() const { return text_rows.empty() ? hidden : gather_rows(hidden, text_rows); }
  };
  Rows run(const Layers& layers, const Embeddings& embeddings, const Packed& batch, const ForwardState& state,
           Prefixes prefixes, bool causal, const Pass& pass) const;
  Rows run_only_stack(const Packed& batch, const ForwardState& state, const Pass& pass) const;

  TransformerConfig config_;
  Embeddings embeddings_, decoder_embeddings_;
  Layers layers_, decoder_layers_;  // encoder's (or the only stack's), decoder's
  Head head_;
  mutable RopeCache rope_;
};

}  // namespace linnet::nn

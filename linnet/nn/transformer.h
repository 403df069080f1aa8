// The transformer of every family: embeddings, a stack of blocks (or an encoder and a decoder), a head. The config
// selects the variant; no code here depends on a family.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "linnet/nn/block.h"
#include "linnet/nn/distance_bias.h"
#include "linnet/nn/embeddings.h"
#include "linnet/nn/heads.h"
#include "linnet/nn/rope.h"

namespace linnet::nn {

// The output of the encoder: its rows (also those of a soft prompt) and the start of each sequence.
struct Encoded {
  Tensor hidden;  // [rows, hidden]
  std::vector<std::int32_t> starts;
};

// Learned rows before every text: the embeddings of a soft prompt, or keys and values per layer. A forward pass does
// not return their rows.
struct VirtualTokens {
  Tensor prompt = {};                 // [virtual tokens, hidden], or undefined
  std::vector<PrefixKv> prefix = {};  // one per layer, or none
  std::vector<PrefixKv> encoder_prefix = {}, cross_prefix = {};
  std::int64_t count() const { return prompt ? prompt.size(0) : prefix.empty() ? 0 : prefix.front().keys.size(0); }
};

std::int64_t length_of(std::span<const PrefixKv> prefix);  // number of its rows

// An adapter of some sequences of a batch.
struct SequenceAdapter {
  std::shared_ptr<const LoraUpdates> lora = {};  // or none
  VirtualTokens virtual_tokens = {};
};
// Updates of the rows of each sequence, which start at starts[s]; a null adapter has none.
std::vector<LoraRows> lora_rows(std::span<const SequenceAdapter* const> adapters, std::span<const std::int32_t> starts);

// Inputs of a forward pass other than tokens. Virtual tokens precede the sequences that begin here: those with an empty
// cache, or all without a cache.
struct ForwardState {
  KvCache* cache = nullptr;                            // decoders: past positions are read, new ones are stored
  std::span<KvCache::Sequence* const> sequences = {};  // one per sequence of the batch
  KvCache::Room room = KvCache::Room::kAllLayers;      // kOneLayer: no sequence continues after this pass
  const Encoded* encoder = nullptr;                    // the encoder's output, for an encoder-decoder; or:
  std::span<KvCache::Sequence* const> encoded = {};    // one per sequence, kept in `cache` by store_encoded
  Tensor prompt_embeddings = {};                       // [virtual tokens, hidden], before every (encoder's) text
  std::span<const PrefixKv> prefix = {};               // one per (decoder) layer; shifts positions by its length
  std::span<const PrefixKv> encoder_prefix = {};       // the same for the encoder's layers
  std::span<const PrefixKv> cross_prefix = {};         // one per decoder layer, before the encoder's rows
  // One per sequence, instead of the pass's LoRA and the virtual tokens above; null: the base alone. Not for
  // encoder-decoders; a prefix needs a cache.
  std::span<const SequenceAdapter* const> adapters = {};
  OutputRows output = OutputRows::kAll;                // one per sequence: the last layer computes no others
  std::span<const std::int64_t> last_rows = {};        // instead: number of last rows of each sequence, 1 or more
  const std::function<bool()>* interrupted = nullptr;  // called before every layer; true: throws Interrupted
};

// Thrown by a forward pass that is interrupted; the lengths of the cached sequences are unchanged.
struct Interrupted {};

class Transformer {
 public:
  explicit Transformer(const TransformerConfig& config);

  // Last hidden state of every row of `batch` [rows, output width]; rows of virtual tokens are not in it.
  Tensor forward(const Packed& batch, const ForwardState& state, const Pass& pass) const;
  Encoded encode(const Packed& batch, const ForwardState& state, const Pass& pass) const;
  // Keeps what the decoder's layers read of the encoder's rows, after `cross_prefix`: the keys and values of cross
  // attention, computed once. One empty sequence per sequence of `encoded`.
  void store_encoded(const Encoded& encoded, std::span<const PrefixKv> cross_prefix, const KvCache& cache,
                     std::span<KvCache::Sequence* const> sequences, const Pass& pass) const;
  // The pooling rows of each sequence [sequences, hidden]. The first row of a sequence with a soft prompt is the
  // prompt's, as in PEFT's models.
  Tensor pooling_rows(const Packed& batch, const ForwardState& state, const Pass& pass) const;
  void visit(Visitor& v);

  const TransformerConfig& config() const { return config_; }
  const Head& head() const { return head_; }
  Head& head() { return head_; }
  const Tensor& token_table() const { return embeddings_.token_table(); }
  const Embeddings& embeddings() const { return embeddings_; }
  void untie();                                        // unties the output matrix; its values stay the same
  void replace_head(const TransformerConfig& config);  // keeps the stack; the new head is undefined until initialised
  void set_head_trained(bool trained) { config_.head_trained = trained; }
  // Encoder-decoders share one token table between both stacks; called after loading.
  void tie();

 private:
  struct Layers {
    std::int64_t count = 0;
    std::vector<Block> blocks;  // one per layer, or per group of layers
    bool bias_per_layer = false;
    std::vector<DistanceBias> distance_biases;  // one for all layers, or one each
    RelativePositions relative;
    NormLayer final_norm;
    // In double, as the reference libraries: whole numbers differ if the groups are not equally large.
    const Block& block(std::int64_t layer) const {
      const double each = static_cast<double>(count) / static_cast<double>(blocks.size());
      return blocks[static_cast<std::size_t>(static_cast<double>(layer) / each)];
    }
    void visit(Visitor& v);
  };
  Layers make_layers(std::int64_t count, Block::Cross cross) const;
  struct Prefixes {
    std::span<const PrefixKv> own = {}, cross = {};  // of the layers of one stack
  };
  std::shared_ptr<const AttentionBatch> attention_batch(const Layers& layers, Packed rows, const ForwardState& state,
                                                        const Prefixes& prefixes, bool causal) const;
  void store_prefixes(const ForwardState& state) const;
  void check_adapters(const Packed& batch, const ForwardState& state) const;
  Rotation rotation(const Packed& rows, const Rope& rope, RopeCache& cache) const;
  Tensor run_blocks(const Layers& layers, Tensor x, const Tensor& source, const Prefixes& prefixes,
                    const std::shared_ptr<const AttentionBatch>& batch, const Pass& pass,
                    const std::vector<std::int32_t>& wanted, const std::function<bool()>* interrupted) const;
  struct Rows {
    Tensor hidden;                        // of the batch with its virtual tokens, or one row per sequence
    std::vector<std::int32_t> starts;     // starts of its sequences, with virtual tokens
    std::vector<std::int32_t> text_rows;  // positions of the text's rows; empty: all rows
    Tensor text() const { return text_rows.empty() ? hidden : gather_rows(hidden, text_rows); }
  };
  Rows run(const Layers& layers, const Embeddings& embeddings, const Packed& batch, const ForwardState& state,
           Prefixes prefixes, bool causal, const Pass& pass) const;
  Rows run_only_stack(const Packed& batch, const ForwardState& state, const Pass& pass) const;

  TransformerConfig config_;
  Embeddings embeddings_, decoder_embeddings_;
  Layers layers_, decoder_layers_;  // of the encoder (or the only stack), of the decoder
  Linear output_projection_;        // of the only stack's last rows, to the width of the token table
  Head head_;
  mutable RopeCache rope_, window_rope_;
};

}  // namespace linnet::nn

// The configuration of every supported transformer. A family file (models/families) sets the fields; the modules of nn/
// read them. A family that needs a new choice adds a field here and its code in one module.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "linnet/backend/backend.h"

namespace linnet::nn {

enum class Stack : std::uint8_t { kEncoder, kDecoder, kEncoderDecoder };
enum class Positions : std::uint8_t { kNone, kLearned, kRotary, kAlibi };
enum class Norm : std::uint8_t { kLayer, kRms };
// Of a block's norms: pre-norm, post-norm, on each part's output before it is added, or on its input and its output.
enum class NormPlace : std::uint8_t { kBefore, kAfter, kOutput, kBoth };
// What a pre-norm block adds its parts to: its input, or the norm of it; kParallel: both parts read the block's input.
enum class Residual : std::uint8_t { kInput, kNormed, kParallel };
// Three matrices, or one: all heads of queries, then of keys, then of values, or the three of each head in turn.
enum class Qkv : std::uint8_t { kSeparate, kStacked, kPerHead };
enum class QueryKeyNorm : std::uint8_t { kNone, kHead, kAllHeads };  // over each head, or over all heads together
enum class FeedForwardKind : std::uint8_t { kPlain, kGated, kGatedStacked };  // stacked: gate and up in one matrix
enum class HeadKind : std::uint8_t {
  kNone,
  kCausalLm,
  kMaskedLm,
  kPretraining,
  kNextSentence,
  kSequenceClass,
  kTokenClass,
  kQuestionAnswering,
  kSeq2SeqLm
};
// Divisor of attention scores: sqrt(head_dim), none, or times the layer's number (GPT-2's options).
enum class AttentionScale : std::uint8_t { kHeadDim, kNone, kHeadDimAndLayer, kLayer };
// Input of a sequence classifier: one row of the text, the mean of all, the maximum of each dimension, or the row of
// the last end token.
enum class Pooling : std::uint8_t { kFirst, kLast, kMean, kMax, kLastEnd };
// The decoder's first token if it reads the text of the encoder, or a target: a fixed one, or the last of the text.
enum class DecoderStart : std::uint8_t { kStartToken, kLastToken };
// A matrix, two with an activation between them, or one on the transform of a masked LM.
enum class ClassifierKind : std::uint8_t { kLinear, kMlp, kTransform };
// config.json's problem_type; kInferred: derived from the labels, as in Transformers.
enum class ProblemType : std::uint8_t { kInferred, kRegression, kSingleLabel, kMultiLabel };

enum class RopeKind : std::uint8_t { kDefault, kLinear, kDynamic, kYarn, kLlama3, kLongRope };
// Rotary frequencies (transformers/modeling_rope_utils.py); unused fields keep their defaults.
struct Rope {
  RopeKind kind = RopeKind::kDefault;
  double theta = 10000;
  double factor = 1;
  double original_max_positions = 0;                 // 0: max_positions
  double low_freq_factor = 1, high_freq_factor = 4;  // llama3
  double beta_fast = 32, beta_slow = 1;              // yarn
  double attention_factor = 0;                       // yarn, longrope; 0: by their formula
  double mscale = 0, mscale_all_dim = 0;             // yarn
  bool truncate = true;                              // yarn: the ramp ends at whole dimensions
  std::vector<double> short_factor, long_factor;     // longrope, one per frequency
  double partial = 1;                                // fraction of a head's dimensions that is rotated
};

struct TransformerConfig {
  Stack stack = Stack::kDecoder;
  bool encoder_alone = false;  // of an encoder-decoder; its modules keep their names
  HeadKind head = HeadKind::kNone;
  std::int64_t vocab = 0, hidden = 0, layers = 0, decoder_layers = 0;
  std::int64_t heads = 0, kv_heads = 0, head_dim = 0, ffn = 0;
  double embedding_scale = 1;           // of the rows of the token table
  bool rounds_embedding_scale = false;  // to the type of the table, as the reference libraries do for some families
  double input_scale = 1;               // of the rows of tokens and of soft prompts
  std::int64_t embedding_size = 0;      // width of the token, position and type tables; 0: hidden
  bool embedding_projection = false;    // a linear module from that width to hidden
  bool token_projection = false;        // only tokens have that width: matrices to hidden, and back after the last norm
  std::int64_t layer_groups = 0;        // layers of a group are consecutive and share parameters; 0: no layers share
  std::int64_t max_positions = 0;       // 0: no position table limits the length
  std::int64_t token_types = 0;
  Positions positions = Positions::kLearned;
  std::int64_t position_offset = 0;      // rows of the position table before that of a text's first token
  bool padding_has_no_position = false;  // tokens with id position_offset - 1 have that row and are not counted
  bool sinusoidal_positions = false;     // initial values of the position table
  bool fixed_positions = false;          // the position table has sinusoids and is not trained
  std::int64_t distance_buckets = 0;     // rows of a table of biases by distance, one for all layers; 0: no table
  std::int64_t distance_reach = 128;     // larger distances share a bucket
  bool distance_bias_per_layer = false;  // a table of its own for every layer
  // Disentangled attention (He et al., 2021): scores also between contents and relative positions.
  std::int64_t relative_span = 0;   // rows of the table of relative positions on each side; 0: no table
  std::int64_t relative_reach = 0;  // far distances up to it share rows by their logarithm; 0: a row for each
  bool relative_norm = false;       // of the table's rows
  bool relative_keys = false, relative_queries = false;  // content to position, position to content
  bool relative_shares = false;                          // the layer's own matrices project the table's rows
  Rope rope = {};
  std::int64_t window = 0;  // of some layers' attention: keys at this distance or farther are not seen; 0: all are
  std::vector<bool> window_layers = {};     // the layers with the window; empty: all layers
  std::optional<Rope> window_rope = {};     // their rotary positions; unset: rope
  std::vector<bool> unrotated_layers = {};  // layers without rotary positions; empty: none
  Norm norm = Norm::kLayer;
  NormPlace norm_place = NormPlace::kBefore;
  Residual residual = Residual::kInput;
  double residual_scale = 1;                // of the output of each part of a block, before it is added
  double norm_eps = 1e-5, norm_offset = 0;  // offset: added to the weights of RMS norms
  bool norm_bias = true;                    // of layer norms
  Activation activation = Activation::kGelu;
  FeedForwardKind ffn_kind = FeedForwardKind::kPlain;
  Qkv qkv = Qkv::kSeparate;
  AttentionScale attention_scale = AttentionScale::kHeadDim;
  std::int64_t attention_scale_dim = 0;              // kHeadDim divides by its root; 0: head_dim
  double attention_multiplier = 1;                   // of attention scores, besides attention_scale
  double attention_softcap = 0, output_softcap = 0;  // of attention scores, and of a language model's logits; 0: none
  WeightLayout weight_layout = WeightLayout::kOutIn;
  bool embedding_norm = false, final_norm = true;
  bool first_attention_norm = true;  // false: the first layer's attention reads its input as it is
  bool attention_bias = true, attention_output_bias = true, ffn_bias = true;
  QueryKeyNorm query_key_norm = QueryKeyNorm::kNone;  // before rotary positions
  bool pooler = false;                                // f(W h[first]) feeds the classifier
  Activation pooler_activation = Activation::kTanh;
  bool head_transform = false;                          // dense + activation + norm before a masked LM's output matrix
  bool head_transform_bias = true, output_bias = true;  // of the dense module, and of the output matrix behind it
  std::optional<Activation> transform_activation = {};  // unset: activation
  double output_divisor = 1;                            // of the rows before a language model's output matrix
  bool output_offset = false;                           // constants that are added to its logits
  bool tie_embeddings = true;
  Pooling pooling = Pooling::kLast;
  ClassifierKind classifier = ClassifierKind::kLinear;
  Activation classifier_activation = Activation::kTanh;  // of kMlp
  bool classifier_input_dropout = true;                  // before the first layer of kMlp, not only after it
  bool classifier_bias = false;
  double embedding_dropout = 0, hidden_dropout = 0, attention_dropout = 0;  // hidden: of both parts of a layer
  bool drops_feed_forward = true;                                           // false: of attention's part only
  double layer_dropout = 0;                          // probability that training leaves out a layer; not supported
  double activation_dropout = 0, final_dropout = 0;  // inside a feed-forward network, of a stack's last norm
  double classifier_dropout = 0, token_dropout = 0, question_dropout = 0;  // of the three classifiers
  double initializer_range = 0.02;
  std::int64_t pad_id = -1, bos_id = -1, decoder_start_id = -1;
  DecoderStart decoder_start = DecoderStart::kStartToken;
  std::vector<std::int64_t> eos_ids = {};
  std::vector<std::string> labels = {};  // id2label, in order
  ProblemType problem = ProblemType::kInferred;
  bool head_trained = true;  // false for a new head until the first training step

  std::int64_t embedding_width() const { return embedding_size > 0 ? embedding_size : hidden; }
  // The window of a layer's attention; 0: it sees all keys.
  std::int64_t window_of(std::int64_t layer) const {
    return window_layers.empty() || window_layers.at(static_cast<std::size_t>(layer)) ? window : 0;
  }
  bool rotates(std::int64_t layer) const {
    return positions == Positions::kRotary &&
           (unrotated_layers.empty() || !unrotated_layers.at(static_cast<std::size_t>(layer)));
  }
  std::int64_t output_width() const { return token_projection ? embedding_width() : hidden; }  // of a stack's last rows
};

}  // namespace linnet::nn

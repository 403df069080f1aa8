#include <algorithm>

#include "linnet/models/families/t5.h"

namespace linnet::models::families {
namespace {

constexpr ArchitectureName kArchitectures[] = {
    {"UMT5ForConditionalGeneration", HeadKind::kSeq2SeqLm},
    {"UMT5Model", HeadKind::kNone},
    {"UMT5ForSequenceClassification", HeadKind::kSequenceClass, "transformer.", false, ClassifierKind::kMlp},
    {"UMT5ForQuestionAnswering", HeadKind::kQuestionAnswering},
    {"UMT5EncoderModel", HeadKind::kNone, {}, false, ClassifierKind::kLinear, true},
    {"UMT5ForTokenClassification", HeadKind::kTokenClass, "transformer.", false, ClassifierKind::kLinear, true}};

// Every layer has a table of distances, which llama.cpp's T5 has not.
constexpr auto kNames = [] {
  std::array<NamePair, std::size(kT5Names)> names{};
  std::ranges::copy(kT5Names, names.begin());
  for (NamePair& pair : names) {
    pair.gguf = {};
    if (pair.ours == "encoder.distance_bias")
      pair = {"encoder.layers.{}.distance_bias", "encoder.block.{}.layer.0.SelfAttention.relative_attention_bias"};
    if (pair.ours == "decoder.distance_bias")
      pair = {"decoder.layers.{}.distance_bias", "decoder.block.{}.layer.0.SelfAttention.relative_attention_bias"};
  }
  return names;
}();

// Its logits are scaled only if the output matrix is tied, as in the files' original code and Transformers 4;
// Transformers 5.23 scales them always.
Family family() {
  Family f = t5_family("umt5", kArchitectures, kT5Fields, FeedForwardKind::kGated, Activation::kGeluTanh, 0);
  f.defaults.distance_bias_per_layer = true;
  f.names = kNames;
  return f;
}

}  // namespace

extern const Family umt5;
const Family umt5 = family();

}  // namespace linnet::models::families

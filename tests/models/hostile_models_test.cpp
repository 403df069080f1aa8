// Valid containers with impossible models: rejected with the fact before any computation.
#include <gmock/gmock.h>

#include <cmath>

#include "linnet/base/file.h"
#include "linnet/io/gguf.h"
#include "linnet/models/loader.h"
#include "tests/io/gguf_builder.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using testing::HasSubstr;

constexpr std::uint32_t kU8 = 0, kU32 = 4, kI32 = 5, kF32 = 6, kString = 8, kArray = 9;

template <class T>
std::string list(std::uint32_t element, const std::vector<T>& values) {
  std::string bytes = raw(element) + raw<std::uint64_t>(values.size());
  for (const T& value : values) bytes += raw(value);
  return bytes;
}

// A GGUF with only metadata: a model's sizes and a vocabulary of four pieces.
struct LlamaMetadata {
  std::uint32_t layers = 1, heads = 4, type_of_types = kI32;
  float rope_base = 10000, epsilon = 1e-5f;
  std::string last_piece = "<0x0A>";

  std::string build() const {
    GgufBuilder b;
    b.entry("general.architecture", kString, gguf_text("llama"));
    for (const auto& [name, value] : {std::pair<const char*, std::uint32_t>{"context_length", 128},
                                      {"embedding_length", 64},
                                      {"feed_forward_length", 128},
                                      {"block_count", layers},
                                      {"attention.head_count", heads}})
      b.entry(std::string("llama.") + name, kU32, raw(value));
    b.entry("llama.attention.layer_norm_rms_epsilon", kF32, raw(epsilon));
    b.entry("llama.rope.freq_base", kF32, raw(rope_base));
    b.entry("tokenizer.ggml.model", kString, gguf_text("llama"));
    std::string pieces = raw(kString) + raw<std::uint64_t>(4);
    for (const std::string& piece : {std::string("<unk>"), std::string("<s>"), std::string("</s>"), last_piece})
      pieces += gguf_text(piece);
    b.entry("tokenizer.ggml.tokens", kArray, pieces);
    b.entry("tokenizer.ggml.scores", kArray, list<float>(kF32, {0, 0, 0, 0}));
    b.entry("tokenizer.ggml.token_type", kArray,
            type_of_types == kU8 ? list<std::uint8_t>(kU8, {2, 3, 3, 6}) : list<std::int32_t>(kI32, {2, 3, 3, 6}));
    return b.build();
  }
};

std::string refused_tokenizer(const LlamaMetadata& metadata) {
  const std::string bytes = metadata.build();
  return refusal([&] {
    const auto file = GgufFile::parse(as_bytes(bytes), "x.gguf");
    Tokenizer::from_gguf(models::gguf_vocabulary(*file), "x.gguf");
  });
}

std::string refused_model(const LlamaMetadata& metadata) {
  Scratch scratch;
  put(scratch / "x.gguf", metadata.build());
  return refusal([&] { models::load_model(scratch / "x.gguf"); });
}

TEST(HostileGguf, TheVocabulary) {
  EXPECT_THAT(refused_tokenizer({.last_piece = "<0xZZ>"}), HasSubstr("x.gguf: byte piece 3 is '<0xZZ>', not <0xNN>"));
  EXPECT_THAT(refused_tokenizer({.type_of_types = kU8}), HasSubstr("token_type has elements of type"));
}

TEST(HostileGguf, TheSizes) {
  EXPECT_THAT(refused_model({.layers = 0}), HasSubstr("block_count is 0, must be 1"));
  EXPECT_THAT(refused_model({.layers = UINT32_MAX}), HasSubstr("block_count is 4294967295"));
  EXPECT_THAT(refused_model({.heads = 7}), HasSubstr("7 heads do not divide hidden size 64"));
  EXPECT_THAT(refused_model({.epsilon = -1}), HasSubstr("epsilon is -1"));
  EXPECT_THAT(refused_model({.rope_base = NAN}), HasSubstr("'llama.rope.freq_base' is nan, not a finite number"));
  EXPECT_THAT(refused_model({}), HasSubstr("the checkpoint has no tensor for"));
}

// config.json of a fixture with one field changed.
std::string refused_config(const char* key, const Json& value) {
  Scratch scratch;
  Json config = read_json(fixtures() / "bert/classifier/config.json");
  config[key] = value;
  put(scratch / "config.json", config.dump());
  std::filesystem::copy_file(fixtures() / "bert/classifier/model.safetensors", scratch / "model.safetensors");
  return refusal([&] { models::load_model(scratch.path()); });
}

TEST(HostileConfig, FieldsOfTheWrongKind) {
  EXPECT_THAT(refused_config("linnet", {{"head_trained", "yes"}}),
              HasSubstr("head_trained is \"yes\", not true or false"));
  EXPECT_THAT(refused_config("linnet", {{"classifier", 3}}), HasSubstr("'classifier' is 3, not a string"));
  EXPECT_THAT(refused_config("num_hidden_layers", 1e300), HasSubstr("not an integer"));
  EXPECT_THAT(refused_config("architectures", {"../../x"}), HasSubstr("architecture '../../x' is not supported"));
}

TEST(HostileConfig, ABillionLayers) {  // rules of layers make a list of them
  for (const char* fixture : {"smollm3/causal", "gemma2/causal", "modernbert/masked", "qwen3/window"}) {
    Scratch scratch;
    Json config = read_json(fixtures() / fixture / "config.json");
    config["num_hidden_layers"] = 1'000'000'000;
    put(scratch / "config.json", config.dump());
    EXPECT_THAT(refusal([&] { models::load_model(scratch.path()); }), HasSubstr("num_hidden_layers is 1000000000"));
  }
}

TEST(HostileConfig, ABillionLabels) {
  Scratch scratch;
  Json config = read_json(fixtures() / "bert/classifier/config.json");
  config.erase("id2label");
  config.erase("label2id");
  config["num_labels"] = 1'000'000'000;
  put(scratch / "config.json", config.dump());
  EXPECT_THAT(refusal([&] { models::load_model(scratch.path()); }), HasSubstr("num_labels is 1000000000"));
}

}  // namespace
}  // namespace linnet

#include "linnet/models/gguf_saver.h"

#include <gmock/gmock.h>

#include "linnet/base/file.h"
#include "linnet/io/gguf.h"
#include "linnet/models/loader.h"
#include "linnet/models/saver.h"
#include "linnet/models/sentence_folder.h"
#include "linnet/tokenizer/gguf/export.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::models {
namespace {

std::unique_ptr<Model> load(const std::filesystem::path& path) { return load_model(path, {.dtype = WeightType::kF32}); }

Tensor hidden_of(const Model& model) {
  const nn::Packed batch = nn::pack({{6, 5, 9, 13, 17, 21, 2}, {3, 4}});
  if (model.config().stack != nn::Stack::kEncoderDecoder) return model.forward(batch);
  const nn::Encoded encoded = model.encode(batch);
  return model.forward(batch, {.encoder = &encoded});
}

// Cases that GGUF supports, and the allowed error of hidden rows: rotary scaling is stored as floats.
const std::map<std::string, double> kHeld{{"llama/causal", 0},
                                          {"llama/tied", 0},
                                          {"llama/wide-heads", 0},
                                          {"llama/rope-theta", 0},
                                          {"llama/rope-linear", 0},
                                          {"llama/rope-yarn", 1e-6},
                                          {"llama/rope-yarn-mscale", 2e-6},
                                          {"llama/rope-llama3", 1e-5},
                                          {"llama/rope-longrope", 1e-5},
                                          {"mistral/causal", 0},
                                          {"mistral/wide-heads", 0},
                                          {"qwen2/causal", 0},
                                          {"qwen2/tied", 0},
                                          {"qwen3/causal", 0},
                                          {"qwen3/wide-heads", 0},
                                          {"gemma/causal", 1e-5},
                                          {"gemma/wide-heads", 1e-5},
                                          {"gemma2/old-spelling", 1e-5},
                                          {"gemma3_text/six-layers", 1e-5},
                                          {"phi3/causal", 0},
                                          {"phi3/rope-longrope", 1e-5},
                                          {"gpt_neox/causal", 0},
                                          {"gpt_neox/sequential", 0},
                                          {"gpt_neox/rope-linear", 0},
                                          {"olmo2/causal", 0},
                                          {"olmo2/biases", 0},
                                          {"granite/causal", 0},
                                          {"granite/tied", 0},
                                          {"granite/old-spelling", 0},
                                          {"stablelm/causal", 0},
                                          {"stablelm/tied", 0},
                                          {"stablelm/whole", 0},
                                          {"t5/far", 0},
                                          {"gpt2/causal", 0},
                                          {"gpt2/untied", 0},
                                          {"gpt2/old-spelling", 0},
                                          {"bloom/causal", 0},
                                          {"bloom/twelve-heads", 0},
                                          {"bloom/torch-bin", 0},
                                          {"bert/trunk", 0}};
std::vector<std::string> held() {
  std::vector<std::string> names;
  for (const auto& [name, tolerance] : kHeld) names.push_back(name);
  return names;
}

class RoundTrip : public ::testing::TestWithParam<std::string> {};

TEST_P(RoundTrip, GivesTheSameNumbers) {
  Scratch scratch;
  const auto source = load(fixtures() / GetParam());
  save_gguf(*source, scratch / "m.gguf");
  const auto again = load(scratch / "m.gguf");
  const Tensor before = hidden_of(*source), after = hidden_of(*again);
  expect_close(after.data<float>(), before.data<float>(), kHeld.at(GetParam()), GetParam());
  if (source->config().head != HeadKind::kNone)
    expect_close(again->logits(after).data<float>(), source->logits(before).data<float>(), kHeld.at(GetParam()),
                 "logits");
}

TEST_P(RoundTrip, BringsBackTheTensorsOfTheFolder) {
  Scratch scratch;
  save_gguf(*load(fixtures() / GetParam()), scratch / "m.gguf");
  save_model(*load(scratch / "m.gguf"), scratch / "folder");
  // The folder saved again: both lack old names and buffers.
  save_model(*load(fixtures() / GetParam()), scratch / "straight");
  const auto wanted = CheckpointReader::open(scratch / "straight"), got = CheckpointReader::open(scratch / "folder");
  for (const std::string& name : wanted->names()) {
    if (name.find("pooler") != name.npos) continue;
    ASSERT_TRUE(got->has(name)) << name;
    const Tensor a = wanted->read(name), b = got->read(name);
    EXPECT_EQ(a.shape(), b.shape()) << name;
    ASSERT_EQ(a.bytes(), b.bytes()) << name;
    if (name.ends_with("norm.weight") && kHeld.at(GetParam()) > 0)  // 1 is added in the file
      expect_close(a.data<float>(), b.data<float>(), 1e-6, name);
    else
      EXPECT_EQ(std::memcmp(a.raw(), b.raw(), a.bytes()), 0) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, RoundTrip, ::testing::ValuesIn(held()), case_name);

// The converter's files do not say how positions are counted, so RoBERTas are read as BERTs.
TEST(Roberta, BecomesABertWithTheSameRows) {
  for (const char* name : {"roberta/trunk", "camembert/trunk"}) {
    Scratch scratch;
    const auto source = load(fixtures() / name);
    save_gguf(*source, scratch / "m.gguf");
    const auto again = load(scratch / "m.gguf");
    EXPECT_EQ(again->family().model_type, "bert");
    EXPECT_EQ(again->config().max_positions, source->config().max_positions);
    EXPECT_EQ(again->config().position_offset, 0);
    const Tensor before = hidden_of(*source), after = hidden_of(*again);
    expect_close(after.data<float>(), before.data<float>(), 0, name);
  }
}

class NotHeld : public ::testing::TestWithParam<std::string> {};

TEST_P(NotHeld, IsRefusedByName) {
  Scratch scratch;
  const auto model = load(fixtures() / GetParam());
  const std::string message = refusal([&] { save_gguf(*model, scratch / "m.gguf"); });
  EXPECT_NE(message.find(GetParam()), std::string::npos) << message;
  EXPECT_FALSE(std::filesystem::exists(scratch / "m.gguf"));
}

INSTANTIATE_TEST_SUITE_P(Fixtures, NotHeld,
                         ::testing::Values("llama/rope-dynamic", "phi3/wide-heads", "gpt_neox/tied", "opt/causal",
                                           "t5/activations", "llama/rope-yarn-untruncated", "llama/classifier",
                                           "gpt2/no-scale", "gpt2/inverse-layer-scale", "bloom/post-norm",
                                           "bert/masked", "bert/relu", "roberta/masked", "distilbert/trunk",
                                           "electra/trunk", "mpnet/trunk", "albert/trunk", "t5/trunk",
                                           "umt5/generation", "deberta-v2/trunk", "bart/trunk", "marian/trunk",
                                           "mistral/window", "qwen3/window", "gemma/classifier", "gemma2/uncapped",
                                           "gemma2/causal", "gemma3_text/causal", "smollm3/window", "modernbert/trunk"),
                         case_name);

// A LLaMA whose rows are whole blocks.
std::unique_ptr<Model> whole_blocks() {
  TransformerConfig c = load(fixtures() / "llama/causal")->config();
  c.vocab = 40, c.hidden = 64, c.ffn = 96, c.heads = 4, c.kv_heads = 2, c.head_dim = 16;
  return Model::from_config(*find_family("llama"), c, 7);
}

DType type_in(const GgufFile& file, const char* name) { return file.find_tensor(name)->dtype; }

TEST(GgufSaver, StoresMatricesAsAskedAndVectorsInFull) {
  Scratch scratch;
  const auto model = whole_blocks();
  const std::tuple<WeightType, DType, DType, std::int64_t> rows[] = {
      {WeightType::kF16, DType::kF16, DType::kF16, 1},
      {WeightType::kBF16, DType::kBF16, DType::kBF16, 32},
      {WeightType::kQ8, DType::kQ8_0, DType::kQ8_0, 7},
      {WeightType::kQ4, DType::kQ4_1, DType::kQ8_0, 3}};
  for (const auto& [asked, matrix, table, number] : rows) {
    save_gguf(*model, scratch / "m.gguf", {.dtype = asked, .name = "tiny"});
    const auto file = GgufFile::open(scratch / "m.gguf");
    EXPECT_EQ(type_in(*file, "blk.0.ffn_up.weight"), matrix);
    EXPECT_EQ(type_in(*file, "token_embd.weight"), table);
    EXPECT_EQ(type_in(*file, "output_norm.weight"), DType::kF32);
    EXPECT_EQ(file->integer("general.file_type"), number);
    EXPECT_EQ(file->has("general.quantization_version"), info(matrix).quantized);
    EXPECT_EQ(file->string("general.name"), "tiny");
    // The loader's own conversion to these types gives the same values.
    if (asked == WeightType::kQ4) continue;
    const auto again = load_model(scratch / "m.gguf");
    for (std::size_t i = 0; i < again->parameters().size(); ++i) {
      const nn::Parameter p = again->parameters()[i];
      if (p.tensor->rank() < 2) continue;
      const Tensor wanted =
          to_float(model->parameters()[i].tensor->dtype() == matrix ? *model->parameters()[i].tensor : *p.tensor);
      expect_close(to_float(*p.tensor).data<float>(), wanted.data<float>(), 0, p.name);
    }
  }
}

TEST(GgufSaver, WritesTheKeysOfLlamaCpp) {
  Scratch scratch;
  const auto model = whole_blocks();
  save_gguf(*model, scratch / "m.gguf");
  const auto file = GgufFile::open(scratch / "m.gguf");
  EXPECT_EQ(file->architecture(), "llama");
  const std::pair<const char*, std::int64_t> numbers[] = {
      {"llama.vocab_size", 40},           {"llama.embedding_length", 64},       {"llama.feed_forward_length", 96},
      {"llama.block_count", 2},           {"llama.attention.head_count", 4},    {"llama.attention.head_count_kv", 2},
      {"llama.attention.key_length", 16}, {"llama.attention.value_length", 16}, {"llama.rope.dimension_count", 16}};
  for (const auto& [key, value] : numbers) {
    EXPECT_EQ(file->integer(key), value) << key;
    ASSERT_NE(file->find(key), nullptr) << key;
    EXPECT_EQ(file->find(key)->type, GgufType::kU32) << key;
  }
  EXPECT_EQ(file->find("llama.attention.layer_norm_rms_epsilon")->type, GgufType::kF32);
  EXPECT_EQ(file->number("llama.rope.freq_base"), 10000);
}

TEST(GgufSaver, ConvertsAFileAsItConvertsTheModel) {
  Scratch scratch;
  const auto model = whole_blocks();
  save_gguf(*model, scratch / "f32.gguf", {.name = "kept"});
  save_gguf(*model, scratch / "straight.gguf", {.dtype = WeightType::kQ8});
  convert_gguf(*GgufFile::open(scratch / "f32.gguf"), scratch / "q8.gguf", {.dtype = WeightType::kQ8});
  const auto straight = GgufFile::open(scratch / "straight.gguf"), through = GgufFile::open(scratch / "q8.gguf");
  EXPECT_EQ(through->string("general.name"), "kept");
  EXPECT_EQ(through->integer("general.file_type"), 7);
  for (const GgufTensor& t : straight->tensors()) {
    const Tensor a = straight->read(t.name), b = through->read(t.name);
    ASSERT_EQ(a.dtype(), b.dtype()) << t.name;
    EXPECT_EQ(std::memcmp(a.raw(), b.raw(), a.bytes()), 0) << t.name;
  }
}

TEST(GgufSaver, KeepsThePoolingOfTheFolder) {
  Scratch scratch;
  std::filesystem::copy(fixtures() / "bert/trunk", scratch / "m", std::filesystem::copy_options::recursive);
  const auto model = load_model(scratch / "m");
  save_gguf(*model, scratch / "m.gguf");
  EXPECT_FALSE(GgufFile::open(scratch / "m.gguf")->has("bert.pooling_type"));
  put(scratch / "m/1_Pooling/config.json", R"({"pooling_mode_cls_token": true})");
  save_gguf(*model, scratch / "m.gguf");
  EXPECT_EQ(GgufFile::open(scratch / "m.gguf")->integer("bert.pooling_type"), 2);
  save_model(*load_model(scratch / "m.gguf"), scratch / "again");
  EXPECT_THAT(read_sentence_folder(scratch / "again").pooling->modes, ::testing::ElementsAre(EmbedPooling::kCls));
  // An unsupported part is not silently dropped from a GGUF file.
  put(scratch / "m/1_Pooling/config.json", R"({"pooling_mode": "max"})");
  EXPECT_THAT(refusal([&] { save_gguf(*model, scratch / "m.gguf"); }),
              ::testing::HasSubstr("a GGUF file has no number for its pooling (max)"));
  put(scratch / "m/1_Pooling/config.json", R"({"pooling_mode_cls_token": "yes"})");
  EXPECT_THAT(refusal([&] { save_gguf(*model, scratch / "m.gguf"); }), ::testing::HasSubstr("not true or false"));
}

// Real vocabularies, if available: to a folder and back, with the same ids.
class GgufTokenizer : public ::testing::TestWithParam<std::string> {};

TEST_P(GgufTokenizer, IsTheSameInAFolderAndBack) {
  const auto path = shared_data("llama-cpp-vocab/ggml-vocab-" + GetParam() + ".gguf");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here";
  Scratch scratch;
  const auto file = GgufFile::open(path);
  const GgufVocabulary vocabulary = gguf_vocabulary(*file);
  const Tokenizer original = Tokenizer::from_gguf(vocabulary, GetParam());
  put(scratch / "tokenizer.json", tokenizer_json(vocabulary, path.string()));
  put(scratch / "tokenizer_config.json", tokenizer_config_json(vocabulary, 512));
  const Tokenizer folder = Tokenizer::from_pretrained(scratch.path());
  const GgufVocabulary exported =
      export_gguf_vocabulary(scratch.path(), static_cast<std::int64_t>(vocabulary.tokens.size()));
  const Tokenizer again = Tokenizer::from_gguf(exported, GetParam());
  const std::string inputs = read_file(path.string() + ".inp");
  const std::string separator = "\n__ggml_vocab_test__\n";
  for (std::size_t at = 0; at < inputs.size();) {
    const std::size_t end = std::min(inputs.find(separator, at), inputs.size());
    const std::string text = inputs.substr(at, end - at);
    EXPECT_EQ(folder.encode_ids(text), original.encode_ids(text)) << text;
    EXPECT_EQ(again.encode_ids(text), original.encode_ids(text)) << text;
    EXPECT_EQ(folder.decode(original.encode_ids(text)), original.decode(original.encode_ids(text)));
    at = end + separator.size();
  }
  EXPECT_EQ(folder.eos_id(), original.eos_id());
  EXPECT_EQ(exported.tokens, vocabulary.tokens);
  EXPECT_EQ(exported.model, vocabulary.model);
}

INSTANTIATE_TEST_SUITE_P(Vocabularies, GgufTokenizer, ::testing::Values("gpt-2", "bert-bge", "llama-spm"), case_name);

}  // namespace
}  // namespace linnet::models

#include "linnet/models/loader.h"

#include <gmock/gmock.h>

#include <fstream>

#include "linnet/base/file.h"
#include "linnet/models/model_files.h"
#include "linnet/models/saver.h"
#include "tests/io/gguf_builder.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::models {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// A copy of a fixture's model for a test to corrupt.
std::filesystem::path copy_of(const std::string& name, const Scratch& scratch) {
  const auto folder = scratch / "model";
  std::filesystem::copy(fixtures() / name, folder, std::filesystem::copy_options::recursive);
  std::filesystem::permissions(folder, std::filesystem::perms::owner_write, std::filesystem::perm_options::add);
  return folder;
}
void patch_config(const std::filesystem::path& folder, const Json& patch) {
  Json json = read_json(folder / "config.json");
  json.merge_patch(patch);
  write_file(folder / "config.json", dump_json(json));
}
std::string refused(const std::filesystem::path& path, const LoadOptions& options = {}) {
  return refusal([&] { load_model(path, options); });
}

DType type_of(Model& model, const std::string& name) {
  for (const nn::Parameter& p : model.parameters())
    if (p.name == name) return p.tensor->dtype();
  return DType::kCount;
}

std::vector<float> logits(const Model& model) {
  const Tensor x = model.logits(model.forward(nn::pack({{5, 6, 7, 8, 9}})));
  return {x.data<float>().begin(), x.data<float>().end()};
}
double largest(const std::vector<float>& a, const std::vector<float>& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, static_cast<double>(std::abs(a[i] - b[i])));
  return worst;
}

// Every matrix in blocks, to be computed as f32.
std::unique_ptr<Model> blocks_as_f32() {
  TransformerConfig config = ModelFiles(fixtures() / "llama/causal").config();
  config.hidden = 64, config.ffn = 96, config.heads = 4, config.kv_heads = 2, config.head_dim = 16;
  auto model = Model::from_config(load_model(fixtures() / "llama/causal")->family(), config, 1);
  for (const nn::Parameter& p : model->parameters())
    if (p.shape.size() == 2) *p.tensor = convert_weight(*p.tensor, DType::kQ8_0);
  model->pass().precision = Precision::kF32;
  return model;
}

TEST(Loader, BlocksAreMultipliedAsTheF32TheyStandFor) {
  EXPECT_EQ(kept_type({DType::kQ4_K, {8, 256}}, WeightType::kF32), DType::kQ4_K);
  EXPECT_EQ(kept_type({DType::kBF16, {8, 256}}, WeightType::kF32), DType::kF32);
  const auto model = blocks_as_f32();
  ASSERT_EQ(type_of(*model, "layers.0.ffn.up.weight"), DType::kQ8_0);
  const auto blocks = logits(*model);
  model->make_trainable();  // every weight f32
  EXPECT_LT(largest(blocks, logits(*model)), 1e-5);
}

TEST(Loader, BlocksAskedForAsF32AreSavedAsF32) {
  Scratch scratch;
  const auto model = blocks_as_f32();
  const auto before = logits(*model);
  save_model(*model, scratch / "exact");
  const auto saved = load_model(scratch / "exact");
  EXPECT_EQ(type_of(*saved, "layers.0.ffn.up.weight"), DType::kF32);
  EXPECT_LT(largest(before, logits(*saved)), 1e-5);
  model->pass().precision = Precision::kByWeight;
  EXPECT_THROW(save_model(*model, scratch / "blocks"), Error);
}

TEST(Loader, WeightsMayBeKeptInOtherTypes) {
  const auto path = fixtures() / "llama/wide-heads";
  const auto exact = logits(*load_model(path, {.dtype = WeightType::kF32}));
  struct Row {
    WeightType asked;
    DType matrix;
    double most;
  };
  for (const Row& row : {Row{WeightType::kAuto, DType::kF32, 1e-4}, Row{WeightType::kBF16, DType::kBF16, 1.0},
                         Row{WeightType::kF16, DType::kF16, 0.1}}) {
    const auto model = load_model(path, {.dtype = row.asked});
    EXPECT_EQ(type_of(*model, "layers.0.attention.query.weight"), row.matrix);
    EXPECT_EQ(type_of(*model, "final_norm.weight"), DType::kF32);  // vectors are always f32
    EXPECT_LE(largest(logits(*model), exact), row.most);
  }
}

TEST(Loader, BlocksAreMadeWhereRowsFillThem) {
  const auto model = load_model(fixtures() / "llama/causal", {.dtype = WeightType::kQ8});
  EXPECT_EQ(type_of(*model, "layers.0.ffn.up.weight"), DType::kF32);  // 24 columns: no whole block
  Tensor matrix = Tensor::empty({3, 64});
  for (std::size_t i = 0; i < 192; ++i) matrix.data<float>()[i] = std::sin(static_cast<float>(i));
  for (const DType type : {DType::kQ8_0, DType::kQ4_1}) {
    const Tensor back = convert_weight(convert_weight(matrix, type), DType::kF32);
    for (std::size_t i = 0; i < 192; ++i)
      EXPECT_NEAR(back.data<float>()[i], matrix.data<float>()[i], type == DType::kQ8_0 ? 0.005 : 0.07);
  }
  EXPECT_TRUE(convert_weight(matrix, DType::kF32).same(matrix));
}

TEST(Loader, WhatIsMissingOrOfAnotherShapeIsNamed) {
  Scratch scratch;
  EXPECT_THAT(refused(scratch / "nothing"), HasSubstr("there is no such model"));
  const auto folder = copy_of("llama/causal", scratch);
  patch_config(folder, {{"intermediate_size", 41}});
  EXPECT_THAT(refused(folder),
              HasSubstr("'model.layers.0.mlp.gate_proj.weight' is [40, 24], the configuration says [41, 24]"));
  patch_config(folder, {{"intermediate_size", 40}, {"num_hidden_layers", 3}});
  EXPECT_THAT(refused(folder), HasSubstr("no tensor for 'model.layers.2."));
  patch_config(folder, {{"num_hidden_layers", 2}, {"attention_bias", true}});
  EXPECT_THAT(refused(folder), HasSubstr("no tensor for 'model.layers.0.self_attn.q_proj.bias'"));
  patch_config(folder, {{"attention_bias", false}, {"model_type", "gpt2"}, {"architectures", nullptr}, {"n_embd", 24}});
  refused(folder);
  std::filesystem::remove(folder / "config.json");
  EXPECT_THAT(refused(folder), HasSubstr("config.json"));
}

class BadTensors : public ::testing::TestWithParam<std::string> {
 protected:
  // The fixture's tensors without `gone`, and with `more`.
  void write(const std::string& gone, const std::string& more = {}, const Tensor& value = {}) {
    CheckpointWriter out(folder_);
    for (const std::string& name : stored_->names())
      if (name != gone) out.add(name, stored_->read(name));
    if (!more.empty()) out.add(more, value);
    out.finish();
  }
  Scratch scratch_;
  std::filesystem::path folder_ = copy_of(GetParam(), scratch_);
  std::unique_ptr<CheckpointReader> stored_ = CheckpointReader::open(fixtures() / GetParam());
};

// A missing head is randomly initialised, so only the stack's tensors must be there.
TEST_P(BadTensors, AreRefusedByName) {
  const auto model = load_model(fixtures() / GetParam());
  int counted = 0;
  for (const nn::Parameter& p : model->parameters()) {
    const std::string name = model->checkpoint_name(p.name);
    if (p.name.find("layers.1.") != p.name.npos || nn::is_head_or_pooler(p.role)) continue;
    if (p.part != nn::Part::kBuffer) {
      write(name);
      EXPECT_THAT(refused(folder_), HasSubstr("'" + name + "'"));
    }
    Shape shape = p.shape;
    shape[0] += 1;
    write(name, name, Tensor::zeros(shape));
    EXPECT_THAT(refused(folder_),
                AllOf(HasSubstr("'" + name + "'"), HasSubstr(to_string(p.shape)), HasSubstr(to_string(shape))));
    const std::string other = name.substr(0, name.rfind('.')) + "_2.weight";
    write("", other, Tensor::zeros({2}));
    EXPECT_THAT(refused(folder_), HasSubstr("'" + other + "'"));
    ++counted;
  }
  EXPECT_GT(counted, 6);
}

// A checkpoint of every family, with a language model's head if there is one.
std::vector<std::string> one_of_each_family() {
  std::vector<std::string> found;
  for (const Family* family : all_families()) {
    const std::string type(family->model_type);
    const auto usable = [&](const std::string& name) {
      return name.starts_with(type + "/") && std::filesystem::exists(fixtures() / name / "model.safetensors");
    };
    std::vector<std::string> cases = fixture_cases("config.json");
    std::erase_if(cases, [&](const std::string& name) { return !usable(name); });
    const auto speaks = std::ranges::find_if(cases, [](const std::string& name) {
      return name.ends_with("/causal") || name.ends_with("/masked") || name.ends_with("/generation");
    });
    if (!cases.empty()) found.push_back(speaks == cases.end() ? cases.front() : *speaks);
  }
  return found;
}

INSTANTIATE_TEST_SUITE_P(Fixtures, BadTensors, ::testing::ValuesIn(one_of_each_family()), case_name);

// ELECTRA's pretrained discriminators: the stack, without the head that tells replaced tokens.
TEST(Loader, ADiscriminatorIsItsStack) {
  Scratch scratch;
  const auto source = fixtures() / "electra/trunk", folder = copy_of("electra/trunk", scratch);
  patch_config(folder, {{"architectures", {"ElectraForPreTraining"}}});
  const auto stored = CheckpointReader::open(source);
  CheckpointWriter out(folder);
  for (const std::string& name : stored->names()) out.add("electra." + name, stored->read(name));
  out.add("discriminator_predictions.dense.weight", Tensor::zeros({24, 24}));
  out.add("discriminator_predictions.dense_prediction.bias", Tensor::zeros({1}));
  out.finish();
  const nn::Packed batch = nn::pack({{5, 6, 7}});
  const Tensor hidden = load_model(folder)->forward(batch);
  expect_close(hidden.data<float>(), load_model(source)->forward(batch).data<float>(), 0, "hidden");
  const LoadOptions options{.head = HeadKind::kSequenceClass, .labels = {"a", "b"}};
  EXPECT_FALSE(load_model(folder, options)->config().head_trained);
}

TEST(Loader, AHeadThatIsNotInTheFileIsDrawnAndUntrained) {
  const LoadOptions options{.head = HeadKind::kSequenceClass, .labels = {"a", "b"}, .seed = 5};
  const auto model = load_model(fixtures() / "llama/causal", options);
  EXPECT_FALSE(model->config().head_trained);
  const auto scores = [&](const Model& m) {
    const nn::Packed batch = nn::pack({{5, 6, 7}});
    const Tensor s = m.classify(m.pooled(m.forward(batch), batch));
    return std::vector<float>(s.data<float>().begin(), s.data<float>().end());
  };
  EXPECT_EQ(scores(*model).size(), 2U);
  EXPECT_EQ(scores(*model), scores(*load_model(fixtures() / "llama/causal", options)));
  EXPECT_NE(scores(*model), scores(*load_model(fixtures() / "llama/causal",
                                               {.head = HeadKind::kSequenceClass, .labels = {"a", "b"}, .seed = 6})));
  EXPECT_THROW(load_model(fixtures() / "bloom/causal", {.head = HeadKind::kNextSentence}), Error);
}

TEST(Loader, AHeadOfAnotherSizeNeedsNewHead) {
  const LoadOptions wider{.labels = {"a", "b", "c", "d"}};
  EXPECT_THAT(refused(fixtures() / "bert/classifier", wider), HasSubstr("(head_rule)"));
  LoadOptions replaced = wider;
  replaced.new_head = true;
  const auto model = load_model(fixtures() / "bert/classifier", replaced);
  EXPECT_FALSE(model->config().head_trained);
  EXPECT_EQ(model->config().labels.size(), 4U);
  EXPECT_TRUE(load_model(fixtures() / "bert/classifier")->config().head_trained);
}

TEST(Loader, BuffersAreF32InEveryType) {
  for (const char* fixture : {"bart/generation", "marian/trunk", "pegasus/generation"})
    for (const WeightType type : {WeightType::kBF16, WeightType::kF16, WeightType::kQ8}) {
      const auto model = load_model(fixtures() / fixture, {.dtype = type});
      for (const nn::Parameter& p : model->parameters())
        if (p.part == nn::Part::kBuffer) EXPECT_EQ(p.tensor->dtype(), DType::kF32) << fixture << ' ' << p.name;
      const Tensor hidden = model->forward(nn::pack({{5, 9, 6, 2}}));
      if (model->config().head == HeadKind::kSeq2SeqLm) EXPECT_EQ(model->logits(hidden).size(1), 67);
    }
}

TEST(Loader, ComputedPositionsAreBounded) {
  Scratch scratch;
  const auto folder = copy_of("marian/generation", scratch);
  patch_config(folder, {{"max_position_embeddings", 1'000'000'000}});
  EXPECT_THAT(refused(folder), HasSubstr("computed positions"));
}

// Vectors of texts are those of the encoder, as in sentence-transformers.
TEST(Loader, AnEncoderDecoderOfT5EmbedsWithItsEncoder) {
  const auto whole = load_model(fixtures() / "t5/generation"),
             alone = load_model(fixtures() / "t5/generation", {.head = HeadKind::kNone});
  EXPECT_EQ(alone->config().stack, nn::Stack::kEncoder);
  const nn::Packed batch = nn::pack({{5, 9, 6, 2}});
  const Tensor hidden = alone->forward(batch), wanted = whole->encode(batch).hidden;
  expect_close(hidden.data<float>(), wanted.data<float>(), 0, "encoder");
}

TEST(Loader, FromScratchDrawsEveryWeight) {
  const auto a = load_model(fixtures() / "gpt2/causal", {.seed = 1, .from_scratch = true});
  const auto b = load_model(fixtures() / "gpt2/causal", {.seed = 1, .from_scratch = true});
  EXPECT_EQ(logits(*a), logits(*b));
  EXPECT_NE(logits(*a), logits(*load_model(fixtures() / "gpt2/causal", {.seed = 2, .from_scratch = true})));
  for (const nn::Parameter& p : a->parameters()) {
    double sum = 0, squares = 0;
    for (const float v : p.tensor->data<float>()) sum += v, squares += static_cast<double>(v) * v;
    const auto n = static_cast<double>(p.tensor->numel());
    if (p.name.ends_with("bias")) {
      EXPECT_EQ(squares, 0) << p.name;
    } else if (p.name.find("norm") != std::string::npos) {
      EXPECT_EQ(sum, n) << p.name;
    } else {
      EXPECT_NEAR(std::sqrt(squares / n), 0.02, 0.004) << p.name;  // initializer_range
    }
  }
}

// --- GGUF
// --------------------------------------------------------------------------------------------------------------

// A fixture in the format of llama.cpp's converter in f32: its names, its row orders, [out, in] matrices.
class GgufOf {
 public:
  explicit GgufOf(const std::string& name) : model_(load_model(fixtures() / name)), type_(model_->family().model_type) {
    const TransformerConfig& c = model_->config();
    file_.entry("general.architecture", 8, gguf_text(type_));
    number("embedding_length", c.hidden), number("block_count", c.layers), number("attention.head_count", c.heads);
    number("attention.head_count_kv", c.kv_heads), number("feed_forward_length", c.ffn),
        number("context_length", c.max_positions);
    number("attention.key_length", c.head_dim);
    const char* const eps = c.norm == Norm::kRms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon";
    file_.entry(type_ + "." + eps, 6, raw(static_cast<float>(c.norm_eps)));
    for (const nn::Parameter& p : model_->parameters()) add(p);
  }
  std::string bytes() const { return file_.build(); }
  GgufBuilder& builder() { return file_; }
  void tensor(const std::string& name, const Shape& shape, std::span<const float> values) {
    std::vector<std::uint64_t> dims(shape.rbegin(), shape.rend());
    file_.tensor(name, dims, 0, file_.data.size());
    file_.data.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
    file_.data.resize((file_.data.size() + 31) / 32 * 32, '\0');
  }

 private:
  void number(const std::string& key, std::int64_t value) {
    file_.entry(type_ + "." + key, 4, raw(static_cast<std::uint32_t>(value)));
  }

  void add(const nn::Parameter& p) {
    const TransformerConfig& c = model_->config();
    const std::int64_t rows = p.shape[0], cols = p.shape.size() == 2 ? p.shape[1] : 1;
    const auto source = p.tensor->data<float>();
    std::vector<float> values(source.begin(), source.end());
    Shape shape = p.shape;
    const auto row_from = [&](const auto& from) {
      for (std::int64_t r = 0; r < rows; ++r)
        std::copy_n(source.data() + from(r) * cols, cols, values.data() + r * cols);
    };
    if (c.weight_layout == WeightLayout::kInOut && shape.size() == 2 && p.name.starts_with("layers")) {
      shape = {cols, rows};
      for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t k = 0; k < cols; ++k)
          values[static_cast<std::size_t>(k * rows + r)] = source[static_cast<std::size_t>(r * cols + k)];
    }
    const std::int64_t d = c.head_dim;
    if (c.positions == Positions::kRotary && (p.role == nn::Role::kQuery || p.role == nn::Role::kKey))
      row_from([&](std::int64_t r) { return r / d * d + r % d % 2 * (d / 2) + r % d / 2; });
    if (c.qkv == Qkv::kPerHead && p.name.find("qkv") != std::string::npos)  // [H, 3, D] -> [3, H, D]
      row_from([&](std::int64_t r) { return ((r / d % c.heads) * 3 + r / d / c.heads) * d + r % d; });
    const std::string name = to_gguf(model_->family(), p.name);
    if (!name.empty()) tensor(name, shape, values);  // llama.cpp drops BERT's pooler
  }

  std::unique_ptr<Model> model_;
  std::string type_;
  GgufBuilder file_;
};

class Gguf : public ::testing::TestWithParam<std::string> {};

TEST_P(Gguf, GivesTheFoldersNumbers) {
  Scratch scratch;
  put(scratch / "m.gguf", GgufOf(GetParam()).bytes());
  const auto model = load_model(scratch / "m.gguf", {.dtype = WeightType::kF32});
  const Expected expected(fixtures() / GetParam() / "expected.safetensors");
  const Tensor hidden = model->forward(nn::pack(expected.batch()));
  expect_close(hidden.data<float>(), expected.kept("last_hidden_state", expected.batch().mask), 1e-4, "hidden");
  if (!expected.has("logits")) return;
  expect_close(model->logits(hidden).data<float>(), expected.kept("logits", expected.batch().mask), 1e-4, "logits");
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Gguf,
                         ::testing::Values("llama/causal", "llama/tied", "gpt2/causal", "gpt2/untied", "bloom/causal",
                                           "bert/trunk"),
                         case_name);

TEST(GgufLoader, ATensorTooManyIsRefusedByName) {
  Scratch scratch;
  GgufOf file("llama/causal");
  file.tensor("blk.0.attn_sinks.weight", {2}, std::vector<float>{1, 2});
  put(scratch / "m.gguf", file.bytes());
  EXPECT_THAT(refused(scratch / "m.gguf"),
              HasSubstr("m.gguf: tensor 'blk.0.attn_sinks.weight' belongs to no parameter of a llama model"));
}

TEST(GgufLoader, EndTokensAreBothItsKinds) {
  Scratch scratch;
  GgufOf file("llama/causal");
  file.builder().entry("tokenizer.ggml.eos_token_id", 4, raw(std::uint32_t{2}));
  file.builder().entry("tokenizer.ggml.eot_token_id", 4, raw(std::uint32_t{5}));
  file.builder().entry("tokenizer.ggml.bos_token_id", 4, raw(std::uint32_t{1}));
  put(scratch / "m.gguf", file.bytes());
  const auto model = load_model(scratch / "m.gguf");
  EXPECT_THAT(model->config().eos_ids, ::testing::ElementsAre(2, 5));
  EXPECT_EQ(model->config().bos_id, 1);
}

// Tensors in F64, all or some, are read as F32.
TEST(Loader, DoublesAreReadAsFloats) {
  for (const bool all : {true, false}) {
    Scratch scratch;
    const auto folder = copy_of("gpt2/causal", scratch);
    const auto expected = logits(*load_model(folder, {.dtype = WeightType::kF32}));
    const auto stored = CheckpointReader::open(folder);
    CheckpointWriter out(folder, "doubles");
    int count = 0;
    for (const std::string& name : stored->names()) {
      const Tensor value = stored->read(name);
      Tensor wide = Tensor::empty(value.shape(), DType::kF64);
      std::copy_n(value.data<float>().data(), value.numel(), wide.data<double>().data());
      out.add(name, all || ++count % 2 == 0 ? wide : value);
    }
    out.finish();
    std::filesystem::rename(folder / "doubles.safetensors", folder / "model.safetensors");
    for (const WeightType type : {WeightType::kF32, WeightType::kAuto}) {
      const auto model = load_model(folder, {.dtype = type});
      EXPECT_EQ(type_of(*model, "layers.0.attention.qkv.weight"), DType::kF32);
      EXPECT_EQ(logits(*model), expected);
      save_model(*model, scratch / "saved");
      EXPECT_EQ(logits(*load_model(scratch / "saved")), expected);
    }
  }
}

// Integer tensors are rejected by name.
TEST(Loader, IntegersAreRefusedByName) {
  Scratch scratch;
  const auto folder = copy_of("gpt2/causal", scratch);
  const auto stored = CheckpointReader::open(folder);
  CheckpointWriter out(folder, "spoilt");
  for (const std::string& name : stored->names())
    out.add(name,
            name.ends_with("ln_f.weight") ? Tensor::zeros(stored->info(name).shape, DType::kI64) : stored->read(name));
  out.finish();
  std::filesystem::rename(folder / "spoilt.safetensors", folder / "model.safetensors");
  EXPECT_THAT(refused(folder), HasSubstr("ln_f.weight' holds I64"));
}

// Like Transformers, the loader ignores tensors without a parameter, with a warning.
TEST(Loader, TensorsWithoutAParameterAreNamed) {
  Scratch scratch;
  const auto folder = copy_of("gpt2/causal", scratch);
  const std::int64_t layers = ModelFiles(folder).config().layers;
  patch_config(folder, {{"n_layer", layers - 1}});
  testing::internal::CaptureStderr();
  EXPECT_EQ(load_model(folder)->config().layers, layers - 1);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr(fmt::format("h.{}.", layers - 1)));
}

// A dangling link in place of the weights is not an absent file.
TEST(Loader, AnUnreadableFileIsNotAbsent) {
  Scratch scratch;
  const auto folder = copy_of("gpt2/causal", scratch);
  std::filesystem::remove(folder / "model.safetensors");
  std::filesystem::create_symlink("blob", folder / "model.safetensors");
  EXPECT_THAT(refused(folder), HasSubstr("model.safetensors: is a link to nothing"));
  std::filesystem::create_symlink("loop", scratch / "loop");
  EXPECT_THAT(refused(scratch / "loop"), HasSubstr("loop: cannot be looked at"));
}

// Infinity and NaN are accepted for unused fields, and rejected by name for others.
TEST(Loader, InfinityInAConfiguration) {
  Scratch scratch;
  const auto folder = copy_of("llama/causal", scratch);
  const auto expected = logits(*load_model(folder));
  const auto with = [&](const std::string& field) {
    std::string text = dump_json(read_json(fixtures() / "llama/causal/config.json"));
    write_file(folder / "config.json", text.insert(1, field + ","));
  };
  with(R"("_time_step_limit":[0.0,Infinity])");
  const auto model = load_model(folder);
  EXPECT_EQ(logits(*model), expected);
  EXPECT_NO_THROW(save_model(*model, scratch / "saved"));
  EXPECT_EQ(logits(*load_model(scratch / "saved")), expected);
  with(R"("attention_dropout":NaN)");
  std::string text = read_file(folder / "config.json");
  if (text.find("attention_dropout", text.find("attention_dropout") + 1) != text.npos) {
    Json json = read_json(fixtures() / "llama/causal/config.json");
    json.erase("attention_dropout");
    write_file(folder / "config.json", dump_json(json).insert(1, R"("attention_dropout":NaN,)"));
  }
  EXPECT_THAT(refused(folder), HasSubstr("attention_dropout is nan, not a finite number"));
}

}  // namespace
}  // namespace linnet::models

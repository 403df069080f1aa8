#include "linnet/models/tying.h"

#include <gmock/gmock.h>

#include <map>

#include "linnet/base/file.h"
#include "linnet/io/gguf.h"
#include "linnet/models/gguf_saver.h"
#include "linnet/models/loader.h"
#include "linnet/models/saver.h"
#include "linnet/models/summary.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::models {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

using Tensors = std::map<std::string, Tensor>;

Tensors tensors_of(const fs::path& folder) {
  const auto reader = CheckpointReader::open(folder);
  Tensors tensors;
  for (const std::string& name : reader->names()) tensors.emplace(name, reader->read(name));
  return tensors;
}

// A folder with these weights and the fixture's configuration of tied matrices.
void write_tied(const fs::path& folder, const std::string& fixture, const Tensors& tensors) {
  fs::create_directories(folder);
  Json config = read_json(fixtures() / fixture / "config.json");
  config["tie_word_embeddings"] = true;
  write_file(folder / "config.json", dump_json(config));
  CheckpointWriter out(folder);
  for (const auto& [name, value] : tensors) out.add(name, value);
  out.finish();
}

Tensor other_values(const Shape& shape) {
  Tensor made = Tensor::empty(shape);
  float next = 0;
  for (float& value : made.data<float>()) value = 0.01f * static_cast<float>(static_cast<int>(next += 7) % 41 - 20);
  return made;
}

std::vector<float> logits_of(const Model& model) {
  const Tensor hidden = model.forward(nn::pack({{5, 6, 7, 8, 9}}));
  const Tensor logits = model.logits(hidden);
  return {logits.data<float>().begin(), logits.data<float>().end()};
}

// hidden · matrix^T (+ bias), by definition.
std::vector<float> product(const Tensor& hidden, const Tensor& matrix, const Tensor& bias) {
  std::vector<float> out;
  for (std::int64_t r = 0; r < hidden.size(0); ++r)
    for (std::int64_t v = 0; v < matrix.size(0); ++v) {
      double sum = bias ? bias.data<float>()[static_cast<std::size_t>(v)] : 0.0f;
      for (std::int64_t i = 0; i < hidden.size(1); ++i)
        sum += static_cast<double>(hidden.data<float>()[static_cast<std::size_t>(r * hidden.size(1) + i)]) *
               matrix.data<float>()[static_cast<std::size_t>(v * matrix.size(1) + i)];
      out.push_back(static_cast<float>(sum));
    }
  return out;
}

constexpr const char* kEmbedding = "embeddings.tokens.weight";

// A fixture of each family with a language model's head.
class Tying : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    tensors_ = tensors_of(fixtures() / GetParam());
    const auto model = load_model(fixtures() / GetParam(), {.dtype = WeightType::kF32});
    family_ = &model->family();
    embedding_ = model->checkpoint_name(kEmbedding), output_ = model->checkpoint_name("head.output.weight");
    tensors_.erase(output_);
  }
  // The same model with an output matrix of its own.
  void add_own_output() {
    tensors_[output_] = other_values(tensors_.at(embedding_).shape());
    write_tied(folder(), GetParam(), tensors_);
  }
  fs::path folder() const { return scratch_ / "model"; }
  void expect_own_output(const fs::path& path) {
    const auto model = load_model(path, {.dtype = WeightType::kF32});
    EXPECT_FALSE(model->config().tie_embeddings) << path;
    const Tensor rows = model->before_output(model->forward(nn::pack({{5, 6, 7, 8, 9}})));
    expect_close(logits_of(*model), product(rows, tensors_.at(output_), model->output_bias()), 1e-5, path.string());
  }

  Scratch scratch_;
  Tensors tensors_;
  const Family* family_ = nullptr;
  std::string embedding_, output_;
};

// tie_word_embeddings is true and the file has another output matrix.
TEST_P(Tying, AnotherOutputMatrixIsUsedAndKept) {
  add_own_output();
  testing::internal::CaptureStderr();
  expect_own_output(folder());
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, HasSubstr("tie_word_embeddings"));
  EXPECT_THAT(said, HasSubstr(output_));
  EXPECT_FALSE(summarize(folder()).config->tie_embeddings);
}

// A model with two matrices is saved with both.
TEST_P(Tying, SavedCopiesHaveBothMatrices) {
  add_own_output();
  const auto model = load_model(folder(), {.dtype = WeightType::kF32});
  save_model(*model, scratch_ / "saved");
  EXPECT_EQ(read_json(scratch_ / "saved/config.json").at("tie_word_embeddings"), false);
  EXPECT_TRUE(CheckpointReader::open(scratch_ / "saved")->has(output_));
  expect_own_output(scratch_ / "saved");
  // A GGUF file has no head of an encoder.
  if (model->config().stack == nn::Stack::kEncoder || !has_gguf(model->family())) return;
  save_gguf(*model, scratch_ / "saved.gguf", {});
  EXPECT_NE(GgufFile::open(scratch_ / "saved.gguf")->find_tensor("output.weight"), nullptr);
  const auto back = load_model(scratch_ / "saved.gguf", {.dtype = WeightType::kF32});
  expect_close(logits_of(*back), logits_of(*model), 1e-5, "gguf");
}

// A copy of the token table is not a separate matrix, also in another type.
TEST_P(Tying, AnEqualMatrixIsTied) {
  tensors_[output_] = other_values(tensors_.at(embedding_).shape());
  tensors_[embedding_] = Tensor::from(tensors_[output_].data<float>(), tensors_[output_].shape());
  write_tied(folder(), GetParam(), tensors_);
  EXPECT_TRUE(load_model(folder())->config().tie_embeddings);
  EXPECT_TRUE(summarize(folder()).config->tie_embeddings);
  tensors_[embedding_] = convert_weight(tensors_[output_], DType::kBF16);
  tensors_[output_] = convert_weight(tensors_[embedding_], DType::kF32);
  write_tied(folder(), GetParam(), tensors_);
  EXPECT_TRUE(load_model(folder())->config().tie_embeddings);
}

// The shared matrix is stored only as the output matrix.
TEST_P(Tying, AnOutputMatrixAloneIsTheEmbeddingToo) {
  write_tied(scratch_ / "usual", GetParam(), tensors_);
  const auto usual = load_model(scratch_ / "usual", {.dtype = WeightType::kF32});
  tensors_[output_] = tensors_.at(embedding_);
  tensors_.erase(embedding_);
  write_tied(folder(), GetParam(), tensors_);
  const auto model = load_model(folder(), {.dtype = WeightType::kF32});
  EXPECT_TRUE(model->config().tie_embeddings);
  EXPECT_EQ(logits_of(*model), logits_of(*usual));
  EXPECT_TRUE(summarize(folder()).missing.empty());
  const auto trunk = load_model(folder(), {.head = HeadKind::kNone});  // without the head, too
  EXPECT_EQ(trunk->parameters().front().name, kEmbedding);
}

INSTANTIATE_TEST_SUITE_P(Families, Tying,
                         ::testing::Values("bert/masked", "bloom/causal", "gpt2/causal", "llama/causal", "qwen2/causal",
                                           "qwen3/causal", "roberta/masked", "distilbert/masked", "electra/masked",
                                           "mpnet/masked", "albert/masked", "deberta-v2/masked", "gemma/causal",
                                           "phi3/causal", "gpt_neox/causal", "granite/causal", "stablelm/causal",
                                           "opt/causal", "modernbert/masked"),
                         case_name);

// An index lists the output matrix of a tied model, which no file has.
TEST(TyingOfShards, AnIndexMayListAnAbsentOutputMatrix) {
  Scratch scratch;
  const auto folder = scratch / "model";
  write_tied(folder, "gpt2/causal", tensors_of(fixtures() / "gpt2/causal"));
  const auto whole = load_model(folder);
  Json map = Json::object();
  for (const auto& [name, value] : tensors_of(folder)) map[name] = "part.safetensors";
  map["lm_head.weight"] = "part.safetensors";
  fs::rename(folder / "model.safetensors", folder / "part.safetensors");
  write_file(folder / "model.safetensors.index.json", dump_json({{"weight_map", map}}));
  testing::internal::CaptureStderr();
  const auto model = load_model(folder);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("'lm_head.weight'"));
  EXPECT_EQ(logits_of(*model), logits_of(*whole));
  // A missing tensor that the model needs is named.
  Tensors fewer = tensors_of(folder);
  const std::string needed = whole->checkpoint_name("final_norm.weight");
  ASSERT_EQ(fewer.erase(needed), 1u);
  CheckpointWriter out(folder, "part");
  for (const auto& [name, value] : fewer) out.add(name, value);
  out.finish();
  EXPECT_THAT(refusal([&] { load_model(folder); }), HasSubstr(needed));
}

TEST(SameValues, ShapesAndValuesCount) {
  const Tensor a = Tensor::from(std::vector<float>{1, 2, 3, 4}, {2, 2});
  EXPECT_TRUE(same_values(a, Tensor::from(std::vector<float>{1, 2, 3, 4}, {2, 2})));
  EXPECT_FALSE(same_values(a, Tensor::from(std::vector<float>{1, 2, 3, 4}, {4, 1})));
  EXPECT_FALSE(same_values(a, Tensor::from(std::vector<float>{1, 2, 3, 5}, {2, 2})));
  EXPECT_TRUE(same_values(a, convert_weight(a, DType::kF16)));
}

}  // namespace
}  // namespace linnet::models

// Results do not depend on the batch: a text has the same logits, bit for bit, alone and at any position in any batch,
// with its first tokens from a cache or not, in chunks of any size, for every type of weights.
#include <gtest/gtest.h>

#include "linnet/base/rng.h"
#include "linnet/models/loader.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::models {
namespace {

using Ids = std::vector<std::int32_t>;
using Floats = std::vector<float>;

Ids random_ids(std::size_t count, std::int64_t vocab, std::uint64_t seed) {
  Rng rng(seed);
  Ids ids(count);
  for (std::int32_t& id : ids) id = static_cast<std::int32_t>(rng.next_u32() % static_cast<std::uint32_t>(vocab));
  return ids;
}

Floats last_scores(const Model& model, const Tensor& hidden, std::int64_t row) {
  const std::int32_t rows[] = {static_cast<std::int32_t>(row)};
  const Tensor scores = model.logits(hidden, rows);
  return {scores.data<float>().begin(), scores.data<float>().end()};
}

// Logits after the text with `before` and `after` in the same batch.
Floats among(const Model& model, const std::vector<Ids>& before, const Ids& text, const std::vector<Ids>& after) {
  std::vector<Ids> all = before;
  all.push_back(text);
  all.insert(all.end(), after.begin(), after.end());
  const nn::Packed batch = nn::pack(all);
  return last_scores(model, model.forward(batch), batch.starts[before.size() + 1] - 1);
}

// Logits after the text in chunks of `chunk` tokens, with `other` next to every chunk, if any.
Floats in_chunks(const Model& model, const Ids& text, std::size_t chunk, const Ids* other) {
  nn::KvCache cache = model.make_cache();
  nn::KvCache::Sequence own, beside;
  Floats scores;
  for (std::size_t first = 0; first < text.size(); first += chunk) {
    const std::size_t count = std::min(chunk, text.size() - first);
    std::vector<Ids> rows{
        {text.begin() + static_cast<std::ptrdiff_t>(first), text.begin() + static_cast<std::ptrdiff_t>(first + count)}};
    std::vector<nn::KvCache::Sequence*> sequences{&own};
    if (other != nullptr) {
      beside = {};
      rows.push_back(*other);
      sequences.push_back(&beside);
    }
    nn::Packed batch = nn::pack(rows);
    for (std::size_t i = 0; i < count; ++i) batch.positions[i] = static_cast<std::int32_t>(first + i);
    const Tensor hidden = model.forward(batch, {.cache = &cache, .sequences = sequences});
    if (first + count == text.size()) scores = last_scores(model, hidden, static_cast<std::int64_t>(count) - 1);
  }
  return scores;
}

void expect_no_company_matters(const Model& model, const Ids& text, const std::vector<std::size_t>& batches,
                               std::size_t longest) {
  const std::int64_t vocab = model.config().vocab;
  const Floats alone = among(model, {}, text, {});
  std::vector<Ids> others;
  for (std::uint64_t i = 0; i < 99; ++i) others.push_back(random_ids(1 + (i * 37) % longest, vocab, 100 + i));
  for (const std::size_t batch : batches)
    for (const std::size_t place : {std::size_t{0}, batch / 2, batch - 1}) {
      const auto middle = others.begin() + static_cast<std::ptrdiff_t>(place);
      EXPECT_EQ(among(model, {others.begin(), middle}, text,
                      {middle, others.begin() + static_cast<std::ptrdiff_t>(batch - 1)}),
                alone)
          << "in place " << place << " of " << batch;
    }
  for (const std::size_t chunk : {1, 5, 16, 512})
    for (const Ids* other : std::vector<const Ids*>{nullptr, &others[3]})
      EXPECT_EQ(in_chunks(model, text, chunk, other), alone) << "in chunks of " << chunk << (other ? " beside" : "");
}

class Company : public ::testing::TestWithParam<std::tuple<std::string, DType>> {};

TEST_P(Company, ChangesNoBit) {
  const auto& [name, type] = GetParam();
  const Expected fixture(fixtures() / name / "expected.safetensors");
  TransformerConfig c = load_model(fixtures() / name)->config();
  c.hidden = 96, c.ffn = 160, c.heads = 6, c.head_dim = 16, c.layers = 2;
  c.kv_heads = c.kv_heads < c.heads && name.starts_with("llama") ? 2 : 6;
  c.max_positions = c.max_positions == 0 ? 0 : 256;
  const auto model = Model::from_config(load_model(fixtures() / name)->family(), c, 5);
  for (const nn::Parameter& p : model->parameters())
    if (p.shape.size() == 2) *p.tensor = convert_weight(*p.tensor, type);
  expect_no_company_matters(*model, random_ids(150, c.vocab, 1), {2, 7, 32, 100}, 90);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Company,
                         ::testing::Combine(::testing::Values("llama/causal", "bloom/causal", "gpt2/causal"),
                                            ::testing::Values(DType::kF32, DType::kBF16, DType::kQ8_0, DType::kQ4_1)),
                         [](const auto& c) {
                           std::string name =
                               std::get<0>(c.param) + "_" + std::string(linnet::info(std::get<1>(c.param)).name);
                           std::replace(name.begin(), name.end(), '/', '_');
                           return name;
                         });

TEST(CompanyOfRealModels, SmolLM2InEveryType) {
  const auto path = cached_model("SmolLM2-135M-Instruct.gguf");
  LINNET_NEEDS(path);
  for (const WeightType type : {WeightType::kAuto, WeightType::kBF16, WeightType::kF32}) {
    const auto model = load_model(path, {.dtype = type});
    const Tokenizer tokenizer = load_tokenizer(path);
    const Ids text = tokenizer.encode_ids("The old lighthouse keeper wrote every evening into his book that the sea");
    expect_no_company_matters(*model, text, {2, 32}, 20);
  }
}

}  // namespace
}  // namespace linnet::models

// The two models of script/fetch-models against Transformers' results in f32 (tools/fixtures/real_models.py).
#include <gtest/gtest.h>

#include "linnet/base/json.h"
#include "linnet/models/loader.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::models {
namespace {

using Ids = std::vector<std::int32_t>;

Json reference(const char* model) { return read_json(fixtures() / "real_models.json")[model]; }

std::vector<std::int32_t> likeliest(std::span<const float> scores, std::size_t count) {
  Ids order(scores.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int32_t>(i);
  std::partial_sort(
      order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
      [&](auto a, auto b) { return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)]; });
  order.resize(count);
  return order;
}

// In one pass over prompt and greedy text every greedy token is the most likely one.
TEST(RealModels, SmolLM2SaysWhatTransformersSays) {
  const auto path = cached_model("SmolLM2-135M-Instruct.gguf");
  LINNET_NEEDS(path);
  const auto model = load_model(path, {.dtype = WeightType::kF32});
  const Tokenizer tokenizer = load_tokenizer(path);
  for (const Json& prompt : reference("smollm2")) {
    Ids ids = tokenizer.encode_ids(prompt["text"].get<std::string>());
    EXPECT_EQ(ids, prompt["ids"].get<Ids>()) << prompt["text"];
    const auto last = static_cast<std::int32_t>(ids.size()) - 1;
    const Ids greedy = prompt["greedy"].get<Ids>();
    ids.insert(ids.end(), greedy.begin(), greedy.end() - 1);
    Ids rows;
    for (std::int32_t r = last; r < static_cast<std::int32_t>(ids.size()); ++r) rows.push_back(r);
    const Tensor scores = log_softmax(model->logits(model->forward(nn::pack({ids})), rows));
    const auto vocab = static_cast<std::size_t>(scores.size(1));
    const auto first = scores.data<float>().first(vocab);
    EXPECT_EQ(likeliest(first, 5), prompt["likeliest"].get<Ids>()) << prompt["text"];
    for (std::size_t i = 0; i < 5; ++i)
      EXPECT_NEAR(first[prompt["likeliest"][i].get<std::size_t>()], prompt["logprobs"][i].get<double>(), 1e-4)
          << prompt["text"];
    for (std::size_t i = 0; i < greedy.size(); ++i)
      EXPECT_EQ(likeliest(scores.data<float>().subspan(i * vocab, vocab), 1).front(), greedy[i])
          << prompt["text"] << ", token " << i;
  }
}

TEST(RealModels, MiniLMEmbedsAsTransformersDoes) {
  const auto path = cached_model("all-MiniLM-L6-v2");
  LINNET_NEEDS(path);
  const auto model = load_model(path, {.dtype = WeightType::kF32});
  const Tokenizer tokenizer = load_tokenizer(path);
  const Json wanted = reference("minilm");
  nn::Packed batch;
  for (std::size_t i = 0; i < wanted["texts"].size(); ++i) {
    const Ids ids = tokenizer.encode_ids(wanted["texts"][i].get<std::string>());
    EXPECT_EQ(ids, wanted["ids"][i].get<Ids>());
    batch.add(ids);
  }
  const Tensor pooled = mean_rows(model->forward(batch), batch.starts);
  for (std::int64_t i = 0; i < pooled.size(0); ++i) {
    const auto row = pooled.select(0, i).data<float>();
    double squares = 0;
    for (const float v : row) squares += static_cast<double>(v) * v;
    const auto at = static_cast<std::size_t>(i);
    EXPECT_NEAR(std::sqrt(squares), wanted["length"][at].get<double>(), 1e-4);
    expect_close(row.first(8), wanted["first"][at].get<std::vector<float>>(), 1e-4, "start of the embedding");
  }
}

// The file's blocks with activations rounded to 8 bits: close to the exact results; the top token is one of their best
// three.
TEST(RealModels, SmolLM2InItsOwnBlocksIsNear) {
  const auto path = cached_model("SmolLM2-135M-Instruct.gguf");
  LINNET_NEEDS(path);
  const auto model = load_model(path);
  for (const Json& prompt : reference("smollm2")) {
    const Ids ids = prompt["ids"].get<Ids>();
    const auto last = static_cast<std::int32_t>(ids.size()) - 1;
    const Tensor scores = log_softmax(model->logits(model->forward(nn::pack({ids})), {{last}}));
    const auto wanted = prompt["likeliest"].get<Ids>();
    const std::int32_t best = likeliest(scores.data<float>(), 1).front();
    EXPECT_NE(std::find(wanted.begin(), wanted.begin() + 3, best), wanted.begin() + 3) << prompt["text"];
    for (std::size_t i = 0; i < 3; ++i)
      EXPECT_NEAR(scores.data<float>()[prompt["likeliest"][i].get<std::size_t>()], prompt["logprobs"][i].get<double>(),
                  0.35)
          << prompt["text"];
  }
}

}  // namespace
}  // namespace linnet::models

// Prompting and evaluation with an adapter: every function of the model uses the adapter, and none returns rows of
// virtual tokens. The expected logits are PEFT's.
#include <gtest/gtest.h>

#include "linnet/adapt/loaded.h"
#include "linnet/generate/generator.h"
#include "linnet/generate/score.h"
#include "linnet/tasks/classify.h"
#include "linnet/tasks/embed.h"
#include "tests/models/fixture.h"

namespace linnet {
namespace {

using Ids = std::vector<std::int32_t>;

std::filesystem::path adapter_folder(const std::string& name) { return fixtures() / "adapters" / name; }

Loaded load(const std::string& name) {
  return load_pretrained(pretrained_files(adapter_folder(name)), {.dtype = models::WeightType::kF32},
                         WithTokenizer::kIfThere);
}

std::vector<std::string> adapters_with(std::string_view task, bool virtual_tokens_only = false) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(fixtures() / "adapters")) {
    const PeftConfig config = read_peft_config(entry.path());
    if (config.task_type == task && !(virtual_tokens_only && config.kind == AdapterKind::kLora))
      names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The reference's rows of texts, without padding, and its log-probability of a token after `position`.
struct Reference {
  explicit Reference(const std::string& name) {
    const Expected expected(adapter_folder(name) / "expected.safetensors");
    const auto batch = expected.batch();
    const Tensor all = expected.floats("logits");
    for (std::size_t r = 0; r < batch.ids.size(); ++r) {
      Ids row;
      for (std::size_t i = 0; i < batch.ids[r].size(); ++i)
        if (batch.mask[r][i] != 0) row.push_back(batch.ids[r][i]);
      texts.push_back(std::move(row));
      logits.push_back(all.select(0, static_cast<std::int64_t>(r)));
    }
  }
  double logprob(std::size_t text, std::size_t position) const {
    const Tensor row = logits[text].select(0, static_cast<std::int64_t>(position));
    const auto values = row.data<float>();
    double sum = 0;
    for (const float v : values) sum += std::exp(static_cast<double>(v));
    return values[static_cast<std::size_t>(texts[text][position + 1])] - std::log(sum);
  }
  Ids longest() const {
    return *std::max_element(texts.begin(), texts.end(),
                             [](const Ids& a, const Ids& b) { return a.size() < b.size(); });
  }
  std::vector<Ids> texts;
  std::vector<Tensor> logits;
};

class AdaptedCausal : public ::testing::TestWithParam<std::string> {};

TEST_P(AdaptedCausal, ScoresAsTheReferencesLogitsSay) {
  const Loaded adapted = load(GetParam());
  const Reference reference(GetParam());
  std::vector<generate::ScoreRequest> requests;
  std::vector<std::vector<double>> wanted;
  for (std::size_t t = 0; t < reference.texts.size(); ++t) {
    const Ids& ids = reference.texts[t];
    if (ids.size() < 4) continue;
    const auto at = ids.begin() + 2;
    // Two continuations with the same first token, so that the tree has an inner edge.
    requests.push_back({Ids(ids.begin(), at), {Ids(at, ids.end()), Ids(at, at + 1)}});
    double sum = 0;
    for (std::size_t p = 1; p + 1 < ids.size(); ++p) sum += reference.logprob(t, p);
    wanted.push_back({sum, reference.logprob(t, 1)});
  }
  ASSERT_FALSE(requests.empty());
  requests.push_back(requests.front());  // a repeated prompt: all share a prefix with it, or none does
  wanted.push_back(wanted.front());
  const auto scores = generate::score(*adapted.model, requests);
  for (std::size_t r = 0; r < requests.size(); ++r)
    for (std::size_t c = 0; c < wanted[r].size(); ++c)
      EXPECT_NEAR(scores[r][c].logprob, wanted[r][c], 1e-3) << r << "." << c;
}

TEST_P(AdaptedCausal, SharesTheStartOfPrompts) {
  const Loaded adapted = load(GetParam());
  const Ids ids = Reference(GetParam()).longest();
  std::vector<generate::ScoreRequest> requests;
  for (std::size_t n = 2; n < ids.size(); ++n)
    requests.push_back({Ids(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(n)), {{ids[n]}, {ids[0], ids[1]}}});
  const auto shared = generate::score(*adapted.model, requests);
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const auto alone = generate::score(*adapted.model, std::span(requests).subspan(r, 1));
    for (std::size_t c = 0; c < 2; ++c) EXPECT_EQ(shared[r][c].logprob, alone[0][c].logprob);
  }
}

TEST_P(AdaptedCausal, GeneratesWhatForwardPassesWithoutACacheGive) {
  const Loaded adapted = load(GetParam());
  const models::Model& model = *adapted.model;
  Ids ids = Reference(GetParam()).longest();
  ids.resize(3);
  const auto generated = generate::generate(model, ids, {.max_new_tokens = 6});
  for (const std::int32_t id : generated.ids) {
    const nn::Packed batch = nn::pack({ids});
    const Tensor hidden = model.forward(batch);
    ASSERT_EQ(hidden.size(0), static_cast<std::int64_t>(ids.size()));
    const auto last = static_cast<std::int32_t>(ids.size()) - 1;
    EXPECT_EQ(id, generate::argmax(model.logits(hidden, {&last, 1}).data<float>()));
    ids.push_back(id);
  }
}

TEST_P(AdaptedCausal, MeasuresPerplexityWithIt) {
  const Loaded adapted = load(GetParam());
  const Reference reference(GetParam());
  for (std::size_t t = 0; t < reference.texts.size(); ++t) {
    const Ids& ids = reference.texts[t];
    if (ids.size() < 2) continue;
    double wanted = 0;
    for (std::size_t p = 0; p + 1 < ids.size(); ++p) wanted -= reference.logprob(t, p);
    EXPECT_NEAR(generate::perplexity(*adapted.model, ids).negative_log_likelihood, wanted, 1e-3);
  }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, AdaptedCausal, ::testing::ValuesIn(adapters_with("CAUSAL_LM")), case_name);

class AdaptedClassifier : public ::testing::TestWithParam<std::string> {};

TEST_P(AdaptedClassifier, GivesTheReferencesScores) {
  const Loaded adapted = load(GetParam());
  const Expected expected(adapter_folder(GetParam()) / "expected.safetensors");
  const nn::Packed batch = nn::pack(expected.batch());
  expect_close(adapted.model->classify(adapted.model->pooled(batch)).data<float>(),
               expected.floats("logits").data<float>(), 1e-4, GetParam());
}

TEST_P(AdaptedClassifier, ClassifiesTexts) {
  const Loaded adapted = load(GetParam());
  const models::Model& model = *adapted.model;
  if (!adapted.tokenizer_if_there) GTEST_SKIP() << "the base has no tokenizer";
  const Tokenizer& tokenizer = adapted.tokenizer();
  const std::vector<std::string> texts{"w5 w6 w7", "w8"};
  const auto found = tasks::Classifier(adapted, {.engine = tasks::Engine::kHead}).classify(texts);
  for (std::size_t t = 0; t < texts.size(); ++t) {
    const nn::Packed batch = nn::pack({tokenizer.encode_ids(texts[t])});
    const Tensor logits = model.classify(model.pooled(batch));
    const auto best = static_cast<std::size_t>(generate::argmax(logits.data<float>()));
    EXPECT_EQ(found[t].label, model.config().labels[best]) << texts[t];
  }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, AdaptedClassifier, ::testing::ValuesIn(adapters_with("SEQ_CLS")), case_name);

class AdaptedEmbedding : public ::testing::TestWithParam<std::string> {};

TEST_P(AdaptedEmbedding, PoolsRowsOfTheTextAlone) {
  Loaded adapted = load(GetParam());
  models::Model& model = *adapted.model;
  if (!adapted.tokenizer_if_there) GTEST_SKIP() << "the base has no tokenizer";
  const Tokenizer& tokenizer = adapted.tokenizer();
  const std::vector<std::string> texts{"w5 w6 w7 w8"};
  const auto vector = tasks::embed(adapted, texts).front();
  const Ids ids = tokenizer.encode_ids(texts.front());
  const Tensor hidden = model.forward(nn::pack({ids}));
  ASSERT_EQ(hidden.size(0), static_cast<std::int64_t>(ids.size()));
  std::vector<float> mean(vector.size(), 0.0f);
  for (std::size_t i = 0; i < ids.size(); ++i)
    for (std::size_t d = 0; d < mean.size(); ++d)
      mean[d] += hidden.data<float>()[i * mean.size() + d] / static_cast<float>(ids.size());
  expect_close(vector, mean, 1e-5, GetParam());
  model.set_virtual_tokens({});
  EXPECT_NE(tasks::embed(adapted, texts).front(), vector) << "the adapter changes nothing";
}

INSTANTIATE_TEST_SUITE_P(Fixtures, AdaptedEmbedding, ::testing::ValuesIn(adapters_with("SEQ_CLS", true)), case_name);

TEST(Adapted, LeavesLessRoomForTheText) {
  const Loaded adapted = load("gpt2-prompt");
  const models::Model& model = *adapted.model;
  EXPECT_EQ(model.context(), model.config().max_positions - model.virtual_tokens().count());
  const Ids prompt(2, 1);
  const auto all = generate::generate(model, prompt, {.max_new_tokens = 1'000'000});
  EXPECT_EQ(static_cast<std::int64_t>(prompt.size() + all.ids.size()), model.context());
  const Ids full(static_cast<std::size_t>(model.context()), 1);
  EXPECT_THROW(generate::generate(model, full, {.max_new_tokens = 1}), Error);
}

}  // namespace
}  // namespace linnet

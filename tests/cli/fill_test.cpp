// linnet fill against Transformers' fill-mask pipeline and the probabilities of a forward pass.
#include <gtest/gtest.h>

#include "linnet/adapt/loaded.h"
#include "tests/cli/fixture_texts.h"
#include "tests/cli/run_linnet.h"

namespace linnet::test {
namespace {

const std::string kMasked = model("bert/masked");

CliResult fill(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"fill", "-m", kMasked, "--dtype", "f32"});
  return run_linnet(arguments);
}

// Probabilities of the vocabulary at row `row` of [CLS] ids [SEP].
std::vector<double> probabilities(const std::vector<std::int32_t>& ids, std::int32_t row) {
  const auto loaded = models::load_model(kMasked, {.dtype = models::WeightType::kF32});
  const Tensor scores = loaded->logits(loaded->forward(nn::pack({ids})), std::span(&row, 1));
  std::vector<double> p;
  double sum = 0;
  for (const float v : scores.data<float>()) sum += p.emplace_back(std::exp(static_cast<double>(v)));
  for (double& v : p) v /= sum;
  return p;
}

TEST(Fill, GivesTheLikeliestWordsWithThePipelinesKeys) {
  const CliResult r = fill({"--json", "w9 w10 [MASK] w11"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const auto found = json_lines(r.out);
  ASSERT_EQ(found.size(), 1U);
  ASSERT_EQ(found[0].size(), 5U);
  const auto p = probabilities({1, 9, 10, 4, 11, 2}, 3);
  const double best = *std::max_element(p.begin(), p.end());
  EXPECT_NEAR(found[0][0]["score"].get<double>(), best, 1e-5);
  double last = 1;
  for (const Json& word : found[0]) {
    const auto id = word["token"].get<std::size_t>();
    EXPECT_NEAR(word["score"].get<double>(), p[id], 1e-5);
    EXPECT_LE(word["score"].get<double>(), last);
    last = word["score"];
    if (id < 5) continue;  // special tokens are not words
    const std::string name = "w" + std::to_string(id);
    EXPECT_EQ(word["token_str"], name);
    EXPECT_EQ(word["sequence"], "w9 w10 " + name + " w11");
  }
}

TEST(Fill, SeveralMasksAreAListEach) {
  const CliResult r = fill({"--json", "--top-k", "3", "[MASK] w10 [MASK]"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const Json found = json_lines(r.out).at(0);
  ASSERT_EQ(found.size(), 2U);
  ASSERT_EQ(found[1].size(), 3U);
  const auto p = probabilities({1, 4, 10, 4, 2}, 3);
  EXPECT_NEAR(found[1][0]["score"].get<double>(), p[found[1][0]["token"].get<std::size_t>()], 1e-5);
  // As in the pipeline: with several masks, the special tokens stay in the text.
  EXPECT_NE(found[0][0]["sequence"].get<std::string>().find("[MASK]"), std::string::npos);
}

TEST(Fill, RanksOnlyTheTargets) {
  const CliResult r = fill({"--json", "--targets", "w20", "--targets", "w21", "w9 [MASK]"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const Json found = json_lines(r.out).at(0);
  ASSERT_EQ(found.size(), 2U);
  const auto p = probabilities({1, 9, 4, 2}, 2);
  EXPECT_NEAR(entry(found, "token_str", "w20")["score"].get<double>(), p[20], 1e-5);
  EXPECT_NEAR(entry(found, "token_str", "w21")["score"].get<double>(), p[21], 1e-5);
}

TEST(Fill, ATextOnItsOwnMayBeTheMask) {
  const CliResult r = fill({"--json", "[MASK]"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(json_lines(r.out).at(0).size(), 5U);
}

TEST(Fill, TheTableShowsWordsAndTexts) {
  const CliResult r = fill({"w9 [MASK]"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_TRUE(r.out.starts_with(" score  word")) << r.out;
  EXPECT_EQ(std::count(r.out.begin(), r.out.end(), '\n'), 6);
}

TEST(Fill, RefusesWhatCannotBeFilled) {
  const CliResult no_mask = fill({"w9 w10"});
  EXPECT_EQ(no_mask.exit_code, 2);
  EXPECT_NE(no_mask.err.find("[MASK]"), std::string::npos) << no_mask.err;
  EXPECT_EQ(no_mask.out, "");
  const CliResult no_head = run_linnet({"fill", "-m", model("gpt2/causal"), "w9"});
  EXPECT_EQ(no_head.exit_code, 3);
  EXPECT_NE(no_head.err.find("masked language model head"), std::string::npos) << no_head.err;
  EXPECT_EQ(fill({"--top-k", "0", "[MASK]"}).exit_code, 2);
}

}  // namespace
}  // namespace linnet::test

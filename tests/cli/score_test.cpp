// linnet score against the log-probabilities of Transformers (tools/fixtures/scores.py).
#include <gtest/gtest.h>

#include <cmath>

#include "linnet/base/file.h"
#include "linnet/base/json.h"
#include "tests/cli/run_linnet.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

// The fixture's tokenizer has one id per word and adds none: the text of ids.
std::string words(const Json& ids) {
  std::string text;
  for (const Json& id : ids) text += (text.empty() ? "w" : " w") + std::to_string(id.get<int>());
  return text;
}

const Json& wanted() {
  static const Json json = read_json(fixtures() / "scores.json")["gpt2/causal"];
  return json;
}

CliResult score(std::vector<std::string> more, const CliOptions& options = {}) {
  std::vector<std::string> arguments{"score", "-m", (fixtures() / "gpt2/causal").string(), "--dtype", "f32"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_linnet(arguments, options);
}

void expect_scores(const Json& found, const Json& request) {
  ASSERT_EQ(found["scores"].size(), request["continuations"].size());
  for (std::size_t c = 0; c < found["scores"].size(); ++c) {
    const Json& s = found["scores"][c];
    EXPECT_EQ(s["continuation"], " " + words(request["continuations"][c]));
    EXPECT_NEAR(s["logprob"].get<double>(), request["logprobs"][c].get<double>(), 1e-4);
    EXPECT_EQ(s["tokens"], request["continuations"][c].size());
    EXPECT_EQ(s["greedy"], request["greedy"][c]);
  }
}

TEST(ScoreVerb, GivesTransformersLogProbabilities) {
  const Json& request = wanted()["requests"][0];
  std::vector<std::string> arguments{"--json", "--prompt", words(request["prompt"])};
  for (const Json& ids : request["continuations"])
    arguments.insert(arguments.end(), {"--continuation", " " + words(ids)});
  const CliResult r = score(arguments);
  ASSERT_EQ(r.exit_code, 0) << r.err;
  expect_scores(parse_json(r.out, "stdout"), request);
}

TEST(ScoreVerb, BlanksAtThePromptsEndBelongToTheContinuation) {
  const Json& request = wanted()["requests"][0];
  const CliResult r = score(
      {"--json", "--prompt", words(request["prompt"]) + " ", "--continuation", words(request["continuations"][0])});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_NEAR(parse_json(r.out, "stdout")["scores"][0]["logprob"].get<double>(), request["logprobs"][0].get<double>(),
              1e-4);
}

TEST(ScoreVerb, AFileGivesALineALine) {
  std::string input;
  for (const Json& request : wanted()["requests"]) {
    Json texts = Json::array();
    for (const Json& ids : request["continuations"]) texts.push_back(" " + words(ids));
    input += dump_json({{"prompt", words(request["prompt"])}, {"continuations", texts}}) + "\n";
  }
  const CliResult r = score({"--json", "--input", "-"}, {.input = input});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  std::size_t at = 0, line = 0;
  for (std::size_t end; (end = r.out.find('\n', at)) != r.out.npos; at = end + 1)
    expect_scores(parse_json(r.out.substr(at, end - at), "stdout"), wanted()["requests"][line++]);
  EXPECT_EQ(line, wanted()["requests"].size());
}

TEST(ScoreVerb, PerplexityCountsTokensWordsAndBytes) {
  const Scratch scratch;
  const auto file = scratch / "text.txt";
  const std::string text = words(wanted()["perplexity"]["ids"]) + "\n";
  write_file(file, text);
  for (const Json& sum : wanted()["perplexity"]["sums"]) {
    const CliResult r = score({"--json", "--perplexity", file.string(), "--window", dump_json(sum["window"]),
                               "--stride", dump_json(sum["stride"])});
    ASSERT_EQ(r.exit_code, 0) << r.err;
    const Json json = parse_json(r.out, "stdout");
    const double nll = sum["negative_log_likelihood"];
    const auto per = [&](double units) { return std::exp(nll / units); };
    EXPECT_EQ(json["tokens"], sum["tokens"]);
    EXPECT_EQ(json["words"], wanted()["perplexity"]["ids"].size());
    EXPECT_EQ(json["bytes"], text.size());
    EXPECT_NEAR(json["perplexity"].get<double>() / per(sum["tokens"]), 1, 1e-5);
    EXPECT_NEAR(json["word_perplexity"].get<double>() / per(json["words"]), 1, 1e-5);
    EXPECT_NEAR(json["byte_perplexity"].get<double>() / per(json["bytes"]), 1, 1e-5);
  }
}

TEST(ScoreVerb, ALimitCutsWordsAndBytesToo) {
  const Scratch scratch;
  write_file(scratch / "text.txt", "w10 w11 w12 w13 w14 w15\n");
  write_file(scratch / "start.txt", "w10 w11 w12");
  const auto ask = [&](std::vector<std::string> more) {
    more.insert(more.begin(), "--json");
    return score(more).out;
  };
  EXPECT_EQ(ask({"--perplexity", (scratch / "text.txt").string(), "--limit", "3"}),
            ask({"--perplexity", (scratch / "start.txt").string()}));
}

class ScoreRefuses : public ::testing::TestWithParam<Wrong> {};

TEST_P(ScoreRefuses, WithAWord) {
  const CliResult r = score(GetParam().arguments, {.input = "{\"prompt\": \"w5\", \"continuations\": \"w6\"}\n"});
  EXPECT_EQ(r.exit_code, GetParam().exit_code) << r.err;
  EXPECT_EQ(r.out, "");
  EXPECT_NE(r.err.find(GetParam().said), std::string::npos) << r.err;
}

INSTANTIATE_TEST_SUITE_P(
    Usage, ScoreRefuses,
    ::testing::Values(Wrong{"nothing", {}, 2, "--prompt with --continuation"},
                      Wrong{"no_continuation", {"--prompt", "w5"}, 2, "--continuation"},
                      Wrong{"no_prompt", {"--continuation", "w5"}, 2, "--prompt"},
                      Wrong{"both", {"--prompt", "w5", "--continuation", "w6", "--input", "-"}, 2, "or --input"},
                      Wrong{"empty_continuation", {"--prompt", "w5", "--continuation", ""}, 2, "has no tokens"},
                      Wrong{"stride", {"--perplexity", "x", "--window", "4", "--stride", "8"}, 2, "--stride 8"},
                      Wrong{
                          "window", {"--perplexity", "-", "--window", "5000"}, 2, "--window 5000: the model's context"},
                      Wrong{"file", {"--input", "/no/such/file.jsonl"}, 3, "/no/such/file.jsonl"},
                      Wrong{"line", {"--input", "-"}, 3, "stdin:1"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(ScoreVerb, AFileWithoutTextIsRefused) {
  const CliResult r = score({"--perplexity", "-"}, {.input = " \n"});
  EXPECT_EQ(r.exit_code, 3);
  EXPECT_NE(r.err.find("stdin: holds no text"), std::string::npos) << r.err;
}

TEST(ScoreVerb, AnEncoderIsRefused) {
  const CliResult r =
      run_linnet({"score", "-m", (fixtures() / "bert/masked").string(), "--prompt", "w5", "--continuation", " w6"});
  EXPECT_EQ(r.exit_code, 3);
  EXPECT_NE(r.err.find("causal"), std::string::npos) << r.err;
}

}  // namespace
}  // namespace linnet::test

// Options of classify that have no effect are rejected by name, and a calibration records what it belongs to.
#include <gmock/gmock.h>

#include "linnet/base/file.h"
#include "tests/cli/fixture_texts.h"
#include "tests/cli/run_linnet.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

using ::testing::HasSubstr;

CliResult classify_with(const std::string& name, std::vector<std::string> more) {
  more.insert(more.begin(), {"classify", "-m", model(name), "--dtype", "f32"});
  return run_linnet(more);
}

const std::vector<std::string> kAsked{"--labels", "a,b", "--label-words", "a= w7", "--label-words", "b= w8", "w5 w6"};

CliResult asked(std::vector<std::string> more, const std::string& name = "gpt2/causal") {
  more.insert(more.end(), kAsked.begin(), kAsked.end());
  return classify_with(name, std::move(more));
}

// A calibration is rejected for another setup, and the message has the difference.
TEST(Calibration, HoldsForItsModelTemplateWordsAndOptionsOnly) {
  const Scratch scratch;
  const std::string file = (scratch / "c.json").string();
  const std::vector<std::string> measured{"--template",   "w9 {{ text }}",      "--calibrate",
                                          "content-free", "--save-calibration", file};
  ASSERT_EQ(asked(measured).exit_code, 0);
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"--calibrate", file});
    return more;
  };
  EXPECT_EQ(asked(with({"--template", "w9 {{ text }}"})).exit_code, 0);
  struct Other {
    CliResult result;
    const char* said;
  };
  const std::string solved = (scratch / "solved.csv").string();
  put(solved, "text,label\nw20,a\nw21,b\n");
  for (const Other& other : {
           Other{asked(with({"--template", "w10 {{ text }}"})),
                 "another template (template is \"w9 {{ text }}\" there"},
           Other{asked(with({})), "another template"},
           Other{asked(with({"--template", "w9 {{ text }}", "--normalize", "tokens"})), "another normalisation"},
           Other{asked(with({"--template", "w9 {{ text }}", "--examples", solved})), "other examples"},
           Other{asked(with({"--template", "w9 {{ text }}"}), "llama/causal"), "another model"},
           Other{classify_with("gpt2/causal", with({"--template", "w9 {{ text }}", "--labels", "a,b", "w5"})),
                 "other label words"},
           Other{classify_with("gpt2/causal", with({"--template", "w9 {{ text }}", "--labels", "a,c", "w5"})),
                 "other labels"},
       }) {
    EXPECT_EQ(other.result.exit_code, 3) << other.said;
    EXPECT_EQ(other.result.out, "");
    EXPECT_THAT(other.result.err, HasSubstr(file + ": "));
    EXPECT_THAT(other.result.err, HasSubstr(other.said));
    EXPECT_THAT(other.result.err, HasSubstr("measure it"));
  }
}

TEST(Calibration, AFileThatDoesNotNameWhatItIsOfIsRefused) {
  const Scratch scratch;
  put(scratch / "old.json", R"({"labels":["a","b"],"logprobs":[-0.7,-0.7]})");
  const CliResult r = asked({"--calibrate", (scratch / "old.json").string()});
  EXPECT_EQ(r.exit_code, 3);
  EXPECT_THAT(r.err, HasSubstr("old.json: does not name the model"));
  EXPECT_THAT(r.err, HasSubstr("--save-calibration"));
}

// Options that a trained head cannot use are rejected.
TEST(ClassifyOptions, ThatAnEngineCannotUseAreRefused) {
  const Scratch scratch;
  const std::string solved = (scratch / "solved.csv").string();
  put(solved, "text,label\nw20,red\nw21,green\n");
  const Wrong head[] = {
      {"template", {"--template", "Q: {{ text }}"}, 2, "--template: does nothing with --engine head"},
      {"words", {"--label-words", "red= w5"}, 2, "--label-words: does nothing"},
      {"examples", {"--examples", solved}, 2, "--examples: does nothing"},
      {"chat", {"--chat"}, 2, "--chat: does nothing"},
      {"normalize", {"--normalize", "pmi"}, 2, "--normalize: does nothing"},
      {"calibrate", {"--calibrate", "content-free"}, 2, "--calibrate: does nothing"},
      {"labels", {"--labels", "red,pink"}, 2, "the trained head's labels are: red, green, blue"},
  };
  for (const Wrong& w : head) {
    std::vector<std::string> arguments = w.arguments;
    arguments.push_back("w5");
    const CliResult r = classify_with("gpt2/classifier", arguments);
    EXPECT_EQ(r.exit_code, w.exit_code) << w.name << r.err;
    EXPECT_EQ(r.out, "") << w.name;
    EXPECT_THAT(r.err, HasSubstr(w.said)) << w.name;
  }
  // Other cases: a generated answer has no probability, a masked LM no chat, a regression no confidence.
  EXPECT_THAT(asked({"--engine", "generate", "--abstain-below", "0.5"}).err,
              HasSubstr("--abstain-below does nothing with --engine generate"));
  EXPECT_THAT(asked({"--chat"}, "bert/masked").err, HasSubstr("--chat: does nothing with --engine mask"));
  EXPECT_THAT(classify_with("bert/regression", {"--abstain-below", "0.5", "w5"}).err, HasSubstr("regression"));
  EXPECT_THAT(asked({"--save-calibration", "c.json"}).err, HasSubstr("--calibrate content-free"));
}

// A head with duplicate labels answers like Transformers.
TEST(ClassifyOptions, AHeadMayHoldALabelTwice) {
  const Scratch scratch;
  std::filesystem::copy(model("gpt2/classifier"), scratch / "m");
  Json config = read_json(scratch / "m" / "config.json");
  config["id2label"] = {{"0", "good"}, {"1", "bad"}, {"2", "good"}};
  config.erase("label2id");
  put(scratch / "m" / "config.json", dump_json(config));
  const CliResult r = run_linnet({"classify", "-m", (scratch / "m").string(), "--dtype", "f32", "--json", "w5 w6"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const CliResult plain = classify_with("gpt2/classifier", {"--json", "w5 w6"});
  const Json scores = json_lines(r.out).at(0)["scores"], own = json_lines(plain.out).at(0)["scores"];
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(scores[i]["score"], own[i]["score"]);
    EXPECT_EQ(scores[i]["label"], own[i]["label"] == "green" ? "bad" : "good");
  }
}

}  // namespace
}  // namespace linnet::test

// The program without a model: verbs, help, exit codes, streams.
#include <gtest/gtest.h>

#include <cstdlib>

#include "linnet/base/json.h"
#include "tests/cli/run_linnet.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

const CliOptions kWide{.environment = {{"COLUMNS", "1000"}}};  // --help without broken lines

TEST(Program, HelpGoesToStdoutAndNamesEveryVerb) {
  const CliResult r = run_linnet({"--help"});
  EXPECT_EQ(r.exit_code, 0);
  EXPECT_NE(r.out.find("doctor"), std::string::npos);
  EXPECT_EQ(r.err, "");
}

TEST(Program, NoVerbIsWrongUsage) {
  const CliResult r = run_linnet({});
  EXPECT_EQ(r.exit_code, 2);
  EXPECT_EQ(r.out, "");
  EXPECT_NE(r.err.find("Usage: linnet"), std::string::npos);
}

TEST(Program, UnknownVerbIsAnsweredWithTheNearest) {
  const CliResult r = run_linnet({"docter"});
  EXPECT_EQ(r.exit_code, 2);
  EXPECT_NE(r.err.find("linnet: error: there is no verb 'docter'; the nearest: doctor"), std::string::npos) << r.err;
}

TEST(Program, UnknownOptionIsWrongUsage) {
  const CliResult r = run_linnet({"doctor", "--jason"});
  EXPECT_EQ(r.exit_code, 2);
  EXPECT_EQ(r.out, "");
  EXPECT_NE(r.err.find("--jason"), std::string::npos) << r.err;
}

// The error for an unknown option names it.
TEST(Program, UnknownOptionsAreNamedWithTheNearest) {
  struct Case {
    std::vector<std::string> arguments;
    const char* said;
  };
  for (const Case& c : {
           Case{{"run", "--temp", "0.7", "hello"}, "run: there is no --temp; the nearest: --temperature"},
           Case{{"classify", "--lables", "good,bad", "hello"}, "there is no --lables; the nearest: --labels"},
           Case{{"train", "--lr", "1e-3", "--data", "x"}, "there is no --lr; the nearest: --learning-rate"},
           Case{{"train", "-lr", "1e-3"}, "there is no -lr; the nearest: --learning-rate"},
           Case{{"run", "--max_new_tokens=5", "x"}, "there is no --max_new_tokens; the nearest: --max-new-tokens"},
           Case{{"run", "-n", "5", "--max-tokens", "5"}, "there is no --max-tokens; the nearest: --max-new-tokens"},
           Case{{"doctor", "-z"}, "there is no -z"},
           Case{{"run", "-5"}, "there is no -5; a text that begins with '-' follows --"},
           Case{{"run", "---"}, "there is no ---"},
           Case{{"run", "--", "-5", "x"}, "prompt is given 2 times"},
           Case{{"run", "two", "texts"}, "put quotes around a text with blanks"},
           Case{{"run", "x", "--top-k", "many"}, "--top-k takes a whole number, not 'many'"},
           Case{{"run", "x", "--top-p", "many"}, "--top-p takes a number, not 'many'"},
           Case{{"run", "x", "--top-p"}, "--top-p takes a value, and none follows"},
           Case{{"run", "x", "--dtype", "fp32"},
                "--dtype 'fp32' is not one of auto, f32, bf16, f16, q8, q4; the nearest: f32"},
           Case{{"classify", "x", "--engine", "heads"}, "the nearest: head"},
           Case{{"train", "--method", "Lora"}, "the nearest: lora"},
           Case{{"doctor", "extra"}, "'extra' is not expected here"},
           Case{{"run", "x", "-q", "-v"}, "exclude each other"},
       }) {
    const CliResult r = run_linnet(c.arguments);
    EXPECT_EQ(r.exit_code, 2) << c.said;
    EXPECT_EQ(r.out, "");
    EXPECT_NE(r.err.find(c.said), std::string::npos) << c.said << "\n" << r.err;
  }
}

// A value that looks like an option is a value.
TEST(Program, ValuesOfOptionsAreNotTakenForOptions) {
  const CliResult r = run_linnet({"score", "--prompt", "--temp", "--continuation", "--lr", "-m", "/nowhere/model"});
  EXPECT_EQ(r.exit_code, 3) << r.err;
}

// `linnet list` suggested "fill, run, pull".
TEST(Program, VerbsByTheirMeaning) {
  for (const auto& [typed, meant] :
       {std::pair("list", "models"), std::pair("chat", "run"), std::pair("predict", "classify"),
        std::pair("generate", "run"), std::pair("embedding", "embed"), std::pair("finetune", "train"),
        std::pair("download", "pull"), std::pair("quantize", "convert"), std::pair("delete", "rm")}) {
    const CliResult r = run_linnet({typed});
    EXPECT_EQ(r.exit_code, 2);
    EXPECT_NE(r.err.find(std::string("there is no verb '") + typed + "'; the nearest: " + meant + ";"),
              std::string::npos)
        << r.err;
  }
  EXPECT_NE(run_linnet({"xyzzy"}).err.find("; there are: run, score, classify"), std::string::npos);
}

// --help has all defaults.
TEST(Program, HelpShowsDefaults) {
  const std::string train = run_linnet({"train", "--help"}, kWide).out;
  const std::string classify = run_linnet({"classify", "--help"}, kWide).out;
  for (const char* shown : {"(default: 3)", "(default: 32)", "(default: adamw)", "(default: linear)", "(default: 0.1)"})
    EXPECT_NE(train.find(shown), std::string::npos) << shown;
  for (const char* shown : {"(default: auto)", "(default: sum)", "(default: none)", "review-sentiment"})
    EXPECT_NE(classify.find(shown), std::string::npos) << shown;
  EXPECT_NE(classify.find("-q, --quiet"), std::string::npos);
}

// Texts of any length and impossible file names are errors of the file, never a library's exception.
TEST(Program, NamesThatNoFileCanHaveAreBadInput) {
  const std::string longest(5000, 'n'), part = "/tmp/" + std::string(300, 'n');
  for (const std::string& name : {longest, part})
    for (const auto& arguments : {std::vector<std::string>{"inspect", name},
                                  {"run", "-m", name, "x"},
                                  {"classify", "--labels", "a,b", "--input", name},
                                  {"merge", name, "-o", "/tmp/x"},
                                  {"convert", name, "-o", "/tmp/x.gguf"},
                                  {"tokenize", "--input", name + ".jsonl"},
                                  {"score", "--perplexity", name},
                                  {"train", "--data", name, "-o", "/tmp/x"}}) {
      const CliResult r = run_linnet(arguments);
      EXPECT_EQ(r.exit_code, 3) << arguments[0] << ": " << r.err;
      EXPECT_EQ(r.err.find("internal error"), std::string::npos) << r.err;
    }
  const CliResult cache = run_linnet({"doctor"}, {.environment = {{"LINNET_CACHE", longest}}});
  EXPECT_EQ(cache.exit_code, 0) << cache.err;
}

TEST(Program, EveryVerbExplainsItselfWithTwoExamples) {
  const CliResult all = run_linnet({"help"}, kWide);
  std::size_t verbs = 0;
  for (std::size_t at = all.out.find("\n  "); at != std::string::npos; at = all.out.find("\n  ", at + 1)) {
    const std::string name = all.out.substr(at + 3, all.out.find(' ', at + 3) - at - 3);
    if (name == "linnet") continue;
    ++verbs;
    const CliResult r = run_linnet({name, "--help"}, kWide);
    EXPECT_EQ(r.exit_code, 0) << name;
    const auto examples = r.out.find("Examples:\n  linnet " + name);
    ASSERT_NE(examples, std::string::npos) << name;
    EXPECT_NE(r.out.find("\n  linnet " + name, examples + 12), std::string::npos) << name;
  }
  EXPECT_GE(verbs, 1u);
}

// The version of the default model.
TEST(Program, VersionNamesTheDefaultModel) {
  const CliResult r = run_linnet({"--version"}, {.environment = {{"LINNET_CACHE", "/nowhere"}}});
  EXPECT_EQ(r.exit_code, 0);
  EXPECT_EQ(r.out.substr(0, 7), "linnet ");
  EXPECT_NE(r.out.find("\ndefault model: /nowhere/models/SmolLM2-135M-Instruct.gguf (not there; "), std::string::npos)
      << r.out;
}

// The default model is listed.
TEST(Models, ListsTheDefaultModel) {
  const Scratch cache;
  put(cache / "models/SmolLM2-135M-Instruct.gguf", "GGUF");
  const CliOptions here{
      .environment = {{"LINNET_CACHE", cache.path().string()}, {"HF_HUB_CACHE", (cache / "hub").string()}}};
  const CliResult table = run_linnet({"models"}, here);
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_NE(table.out.find("SmolLM2-135M-Instruct"), std::string::npos) << table.out;
  const Json json = parse_json(run_linnet({"models", "--json"}, here).out, "models");
  ASSERT_EQ(json["models"].size(), 1u);
  EXPECT_EQ(json["models"][0]["default"], true);
  EXPECT_EQ(json["models"][0]["bytes"], 4);
}

TEST(Doctor, JsonIsOneObjectInUnderASecond) {
  const CliResult r = run_linnet({"doctor", "--json"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const Json json = parse_json(r.out, "doctor");
  EXPECT_GE(json["threads"].get<int>(), 1);
  EXPECT_TRUE(json["cpu"]["features"].is_array());
  EXPECT_TRUE(json["kernels"].contains("f32"));
  EXPECT_TRUE(json["libraries"].contains("highway"));
  EXPECT_LT(r.seconds, 5.0);  // one second on an idle machine
}

TEST(Doctor, BenchMeasuresMemoryAndArithmetic) {
  const CliResult r = run_linnet({"doctor", "--bench", "--json"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  for (const char* figure : {"read_bytes_per_s", "f32_gflops", "int8_gflops"})
    EXPECT_GT(parse_json(r.out, "doctor")["bench"][figure].get<double>(), 0) << figure;
}

TEST(Doctor, ThreadsWaitBrieflyUnlessTheUserChose) {
  const auto waits = [](std::vector<std::pair<std::string, std::string>> environment) {
    const CliResult r = run_linnet({"doctor", "--json"}, {.environment = std::move(environment)});
    return parse_json(r.out, "doctor")["gomp_spincount"].get<std::string>();
  };
  unsetenv("GOMP_SPINCOUNT");
  unsetenv("OMP_WAIT_POLICY");
  EXPECT_EQ(waits({}), "1000");
  const CliResult shown = run_linnet({"--version"}, {.environment = {{"OMP_DISPLAY_ENV", "verbose"}}});
  if (shown.err.find("GOMP_SPINCOUNT") != std::string::npos) {  // libgomp is the thread runtime
    EXPECT_NE(shown.err.find("GOMP_SPINCOUNT = '1000'"), std::string::npos) << shown.err;
  }
  EXPECT_EQ(waits({{"GOMP_SPINCOUNT", "77"}}), "77");
  EXPECT_EQ(waits({{"OMP_WAIT_POLICY", "active"}}), "");
}

TEST(Program, AWrongVariableIsBlamedAndNotTheFlag) {
  const CliOptions wrong{.environment = {{"LINNET_TOP_K", "abc"}}};
  EXPECT_NE(run_linnet({"run", "x"}, wrong).err.find("LINNET_TOP_K"), std::string::npos);
  const CliOptions other{.environment = {{"LINNET_DTYPE", "fp32"}}};
  EXPECT_NE(run_linnet({"run", "x"}, other).err.find("the nearest: f32 (from LINNET_DTYPE)"), std::string::npos);
  const CliResult written = run_linnet({"run", "x", "--top-k", "abd"}, wrong);
  EXPECT_EQ(written.exit_code, 2);
  EXPECT_EQ(written.err.find("LINNET_TOP_K"), std::string::npos) << written.err;
  const CliResult letter = run_linnet({"run", "x", "-n", "abc"}, {.environment = {{"LINNET_MAX_NEW_TOKENS", "5"}}});
  EXPECT_EQ(letter.err.find("LINNET_MAX_NEW_TOKENS"), std::string::npos) << letter.err;
}

TEST(Doctor, EnvironmentTwinOfAFlag) {
  const CliResult r = run_linnet({"doctor"}, {.environment = {{"LINNET_JSON", "1"}}});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_TRUE(parse_json(r.out, "doctor").is_object());
}

TEST(Doctor, CacheFolderFollowsTheEnvironment) {
  const CliResult r = run_linnet({"doctor", "--json"}, {.environment = {{"LINNET_CACHE", "/nowhere/cache"}}});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(parse_json(r.out, "doctor")["cache"]["linnet"], "/nowhere/cache");
}

}  // namespace
}  // namespace linnet::test

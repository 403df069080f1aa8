// linnet run against Transformers' greedy text, and its output for a user.
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <thread>

#include "linnet/base/file.h"
#include "linnet/base/utf8.h"
#include "tests/cli/fixture_texts.h"
#include "tests/cli/run_linnet.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

CliResult run(const std::filesystem::path& model, std::vector<std::string> more, const CliOptions& options = {}) {
  std::vector<std::string> arguments{"run", "-m", model.string(), "--dtype", "f32"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_linnet(arguments, options);
}
CliResult llama(std::vector<std::string> more, const CliOptions& options = {}) {
  return run(fixtures() / "llama/causal", std::move(more), options);
}

std::vector<Json> lines(const std::string& text) {
  std::vector<Json> found;
  for (std::size_t at = 0, end; (end = text.find('\n', at)) != text.npos; at = end + 1)
    found.push_back(parse_json(text.substr(at, end - at), "stdout"));
  return found;
}

std::vector<std::string> speakers() {
  std::vector<std::string> names;
  for (const std::string& name : fixture_cases("expected.safetensors"))
    if (Expected(fixtures() / name / "expected.safetensors").has("greedy.ids")) names.push_back(name);
  return names;
}

class RunGreedy : public ::testing::TestWithParam<std::string> {};

TEST_P(RunGreedy, GivesTransformersIds) {
  const Expected expected(fixtures() / GetParam() / "expected.safetensors");
  const auto prompt = expected.ids("greedy.prompt"), ids = expected.ids("greedy.ids");
  const CliResult r =
      run(fixtures() / GetParam(), {"--ids", joined(prompt), "-n", std::to_string(ids.size()), "--json"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const Json json = parse_json(r.out, "stdout");
  EXPECT_EQ(json["ids"].get<std::vector<std::int32_t>>(), ids);
  EXPECT_EQ(json["finish_reason"], ids.back() == 2 ? "stop" : "length");
  EXPECT_EQ(json["usage"]["prompt_tokens"], prompt.size());
  EXPECT_EQ(json["usage"]["completion_tokens"], ids.size());
  for (const char* key : {"load_s", "prefill_s", "decode_s", "prefill_tokens_per_s", "decode_tokens_per_s"})
    EXPECT_GT(json["timing"][key].get<double>(), 0) << key;
}

INSTANTIATE_TEST_SUITE_P(Fixtures, RunGreedy, ::testing::ValuesIn(speakers()), case_name);

// Fixtures of tools/fixtures/beams.py.
TEST(RunBeams, GiveTransformersSequencesAndScores) {
  const Json all = read_json(fixtures() / "beams.json");
  for (const std::string name : {"gpt2/causal", "t5/generation"})
    for (const std::size_t i : {3, 4}) {
      const Json& request = all[name][i];
      const Json& options = request["options"];
      const std::string early = options["early_stopping"].is_string() ? "never" : "true";
      const Scratch scratch;
      const std::filesystem::path folder = scratch / "model";
      std::filesystem::copy(fixtures() / name, folder);
      put(folder / "generation_config.json",
          dump_json(Json{{"eos_token_id", options["eos_token_id"]}, {"decoder_start_token_id", 0}}));
      const CliResult r = run(
          folder, {"--ids", joined(request["prompt"].get<std::vector<std::int32_t>>()), "-n", "12", "--num-beams",
                   std::to_string(options["num_beams"].get<int>()), "--num-return-sequences",
                   std::to_string(options["num_return_sequences"].get<int>()), "--early-stopping", early, "--json"});
      ASSERT_EQ(r.exit_code, 0) << r.err;
      const Json json = parse_json(r.out, "stdout");
      ASSERT_EQ(json["sequences"].size(), request["sequences"].size());
      for (std::size_t s = 0; s < request["sequences"].size(); ++s) {
        EXPECT_EQ(json["sequences"][s]["ids"], request["sequences"][s]["ids"]) << name;
        EXPECT_NEAR(json["sequences"][s]["score"].get<double>(), request["sequences"][s]["score"].get<double>(), 1e-4);
      }
      EXPECT_EQ(json["text"], json["sequences"][0].value("text", ""));  // a folder without a tokenizer has no texts
      EXPECT_EQ(json["ids"], json["sequences"][0]["ids"]);
    }
}

// score's log-probabilities; the choice is that of the whole sequence.
TEST(RunChoices, TheMostProbableTextIsTheAnswer) {
  const CliResult r = llama({"w5 w6", "--choices", "w7 w8,w11,w12 w13 w14", "--json"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const Json json = parse_json(r.out, "stdout");
  const CliResult scored =
      run_linnet({"score", "-m", (fixtures() / "llama/causal").string(), "--dtype", "f32", "--prompt", "w5 w6",
                  "--continuation", " w7 w8", "--continuation", " w11", "--continuation", " w12 w13 w14", "--json"});
  ASSERT_EQ(scored.exit_code, 0) << scored.err;
  double best = -1e9, sum = 0;
  std::string text;
  const Json scores = parse_json(scored.out, "stdout");
  for (const Json& s : scores["scores"])
    if (s["logprob"].get<double>() > best) best = s["logprob"], text = s["continuation"].get<std::string>().substr(1);
  EXPECT_EQ(json["text"], text);
  ASSERT_EQ(json["choices"].size(), 3u);
  EXPECT_NEAR(json["choices"][0]["logprob"].get<double>(), best, 1e-5);
  for (const Json& choice : json["choices"]) sum += choice["score"].get<double>();
  EXPECT_NEAR(sum, 1, 1e-6);
  EXPECT_EQ(llama({"w5 w6", "--choices", "w7 w8,w11,w12 w13 w14"}).out, text + "\n");
}

TEST(RunVerb, AnOptionsMistakeIsNotTheRows) {
  const Scratch scratch;
  put(scratch / "f.txt", "w5 w6\n");
  const CliResult r = run_linnet(
      {"run", "-m", (fixtures() / "llama/causal").string(), "--input", (scratch / "f.txt").string(), "--top-p", "2"});
  EXPECT_EQ(r.exit_code, 2) << r.err;
}

// A read past the cut ends it with 3, unless everything needed was in memory before.
TEST(RunVerb, AModelThatIsCutOffWhileItRunsEndsWithAWord) {
  const auto model = cached_model("SmolLM2-135M-Instruct.gguf");
  LINNET_NEEDS(model);
  const Scratch scratch;
  std::filesystem::copy_file(model, scratch / "m.gguf");
  std::jthread cut([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    std::filesystem::resize_file(scratch / "m.gguf", 1000);
  });
  const CliResult r = run_linnet({"run", "hi", "-n", "400", "-m", (scratch / "m.gguf").string(), "-t", "1"});
  if (r.exit_code == 0) return;
  EXPECT_EQ(r.exit_code, 3) << r.err;
  EXPECT_NE(r.err.find("m.gguf: can no longer be read"), std::string::npos) << r.err;
}

TEST(Run, StreamsTheTextAndEndsTheLine) {
  const Json json = parse_json(llama({"w5 w6", "-n", "8", "--json"}).out, "stdout");
  const CliResult r = llama({"w5 w6", "-n", "8"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(r.out, json["text"].get<std::string>() + "\n");
  EXPECT_EQ(r.err, "");
  EXPECT_EQ(llama({"w5 w6", "-n", "8", "--echo"}).out, "w5 w6" + r.out);
  EXPECT_EQ(llama({"-n", "8"}, {.input = "w5 w6\n"}).out, r.out);
}

TEST(Run, InputGivesALineAPrompt) {
  const Scratch scratch;
  const auto file = scratch / "prompts.jsonl";
  write_file(file, "{\"prompt\": \"w5 w6\"}\n\n{\"prompt\": \"w7\"}\n");
  const CliResult r = llama({"--input", file.string(), "-n", "4", "--json"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const auto found = lines(r.out);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0]["ids"], parse_json(llama({"w5 w6", "-n", "4", "--json"}).out, "")["ids"]);
  EXPECT_EQ(found[1]["ids"], parse_json(llama({"w7", "-n", "4", "--json"}).out, "")["ids"]);
}

TEST(Run, StopTextEndsTheTextBeforeIt) {
  const std::string text = parse_json(llama({"w5 w6", "-n", "20", "--json"}).out, "")["text"];
  const auto space = text.find(' ', text.size() / 2);
  const std::string stop = text.substr(space - 1, 3);
  const Json json = parse_json(llama({"w5 w6", "-n", "20", "--json", "--stop", "nowhere", "--stop", stop}).out, "");
  EXPECT_EQ(json["text"], text.substr(0, text.find(stop)));
  EXPECT_EQ(json["finish_reason"], "stop");
}

TEST(Run, LogprobsAreOfTheChosenAndTheLikeliest) {
  const Json json = parse_json(llama({"w5 w6", "-n", "3", "--logprobs", "2", "--json"}).out, "");
  ASSERT_EQ(json["logprobs"].size(), json["ids"].size());
  for (std::size_t i = 0; i < json["ids"].size(); ++i) {
    const Json& step = json["logprobs"][i];
    EXPECT_EQ(step["id"], json["ids"][i]);
    EXPECT_EQ(step["top"].size(), 2u);
    EXPECT_EQ(step["top"][0]["id"], step["id"]);  // greedy
    EXPECT_GE(step["top"][0]["logprob"].get<double>(), step["top"][1]["logprob"].get<double>());
    EXPECT_LE(step["logprob"].get<double>(), 0);
  }
}

TEST(Run, SamplingIsRepeatableAndFollowsTheSeed) {
  const auto ids = [](const char* seed) {
    return parse_json(llama({"w5", "-n", "12", "--json", "--temperature", "3", "--seed", seed}).out, "")["ids"];
  };
  EXPECT_EQ(ids("1"), ids("1"));
  EXPECT_NE(ids("1"), ids("2"));
}

TEST(Run, BothLengthRules) {
  const auto count = [](std::vector<std::string> more) {
    more.insert(more.end(), {"--ids", "5,6,7", "--json", "--min-new-tokens", "6"});
    return parse_json(llama(more).out, "")["ids"].size();
  };
  EXPECT_EQ(count({"--max-length", "9"}), 6u);
  EXPECT_EQ(count({"--max-length", "4", "-n", "6"}), 6u);
  const CliResult r = llama({"--ids", "5,6,7", "--max-length", "3"});
  EXPECT_EQ(r.exit_code, 2);
  EXPECT_NE(r.err.find("3 tokens, --max-length is 3"), std::string::npos) << r.err;
}

TEST(Run, TheCheckpointsGenerationConfigCounts) {
  const Scratch scratch;
  const auto folder = scratch / "model";
  std::filesystem::copy(fixtures() / "llama/causal", folder);
  const auto all =
      parse_json(llama({"--ids", "5,6", "-n", "9", "--json"}).out, "")["ids"].get<std::vector<std::int32_t>>();
  ASSERT_GE(all.size(), 3u);
  write_file(folder / "generation_config.json",
             "{\"eos_token_id\": [2, " + std::to_string(all[2]) + "], \"do_sample\": true, \"max_length\": 7}");
  const Json json = parse_json(run(folder, {"--ids", "5,6", "--json"}).out, "");
  EXPECT_EQ(json["ids"].get<std::vector<std::int32_t>>(),
            std::vector(all.begin(), std::find(all.begin(), all.end(), all[2]) + 1));
  EXPECT_EQ(json["finish_reason"], "stop");
  write_file(folder / "generation_config.json", "{\"eos_token_id\": 66, \"max_length\": 7}");
  EXPECT_EQ(parse_json(run(folder, {"--ids", "5,6", "--json"}).out, "")["ids"].size(), 5u);
  EXPECT_EQ(parse_json(run(folder, {"--ids", "5,6", "-n", "7", "--json"}).out, "")["ids"].size(), 7u);
}

TEST(Run, ChatGoesThroughTheTemplate) {
  const Scratch scratch;
  const auto folder = scratch / "model";
  std::filesystem::copy(fixtures() / "llama/causal", folder);
  write_file(
      folder / "chat_template.jinja",
      "{{ bos_token }}{% for m in messages %} {{ 'w8' if m.role == 'system' else 'w9' }} {{ m.content }}{% endfor %}");
  const auto ids = [](const CliResult& r) {
    EXPECT_EQ(r.exit_code, 0) << r.err;
    return lines(r.out).at(0)["ids"];
  };
  const Json plain = ids(run(folder, {"--ids", "1,9,5", "-n", "4", "--json"}));
  EXPECT_EQ(ids(run(folder, {"w5", "--chat", "-n", "4", "--json"})), plain);
  const Json system = ids(run(folder, {"--ids", "1,8,7,9,5", "-n", "4", "--json"}));
  EXPECT_EQ(ids(run(folder, {"w5", "--system", "w7", "-n", "4", "--json"})), system);
  write_file(
      scratch / "chat.jsonl",
      "{\"messages\": [{\"role\": \"system\", \"content\": \"w7\"}, {\"role\": \"user\", \"content\": \"w5\"}]}\n");
  EXPECT_EQ(ids(run(folder, {"--input", (scratch / "chat.jsonl").string(), "-n", "4", "--json"})), system);
}

// A tiny model whose template marks the turns: "w9" before each user's turn, "w10" before each answer.
class Conversation : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!terminals_here()) GTEST_SKIP() << "no pseudo-terminal can be had here (/dev/ptmx, /dev/pts)";
  }
  Conversation() {
    std::filesystem::copy(fixtures() / "llama/causal", folder_);
    write_file(
        folder_ / "chat_template.jinja",
        "{{ bos_token }}{% for m in messages %} {{ 'w9' if m.role == 'user' else 'w10' }} {{ m.content }}{% endfor %}");
  }
  std::string answer(const std::string& ids) const {
    return parse_json(run(folder_, {"--ids", ids, "-n", "3", "--json"}).out, "")["text"];
  }
  Scratch scratch_;
  std::filesystem::path folder_ = scratch_ / "model";
};

TEST_F(Conversation, InATerminalEveryTurnSeesTheOnesBefore) {
  const CliResult r =
      run(folder_, {"-n", "3", "--no-do-sample"}, {.input = "w5\nw6\n", .stdin_kind = Stdin::kTerminal});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const std::string first = answer("1,9,5");
  std::string ids = "1,9,5,10";
  for (std::size_t at = first.find('w'); at != first.npos; at = first.find('w', at + 1))
    ids += "," + first.substr(at + 1, first.find(' ', at) - at - 1);
  EXPECT_EQ(r.out, first + "\n" + answer(ids + ",9,6") + "\n");
}

TEST_F(Conversation, JsonHasNoConversation) {
  const CliResult r = run(folder_, {"--json"}, {.stdin_kind = Stdin::kTerminal});
  EXPECT_EQ(r.exit_code, 2);
  EXPECT_NE(r.err.find("no prompt"), std::string::npos) << r.err;
}

TEST(Run, AMemoryCapThatCannotBeKeptIsRefusedWithBothNumbers) {
  const CliResult r = llama({"w5", "--memory", "1M"});
  EXPECT_EQ(r.exit_code, 1);
  EXPECT_EQ(r.out, "");
  EXPECT_NE(r.err.find(" MB (weights "), std::string::npos) << r.err;
  EXPECT_NE(r.err.find("--memory allows 1.0 MB"), std::string::npos) << r.err;
  EXPECT_EQ(llama({"w5", "-n", "2", "--memory", "2GiB"}).exit_code, 0);
  EXPECT_EQ(llama({"w5", "--memory", "much"}).exit_code, 2);
}

class RunRefuses : public ::testing::TestWithParam<Wrong> {};

TEST_P(RunRefuses, WithAWord) {
  const CliResult r = llama(GetParam().arguments);
  EXPECT_EQ(r.exit_code, GetParam().exit_code) << r.err;
  EXPECT_EQ(r.out, "");
  EXPECT_NE(r.err.find(GetParam().said), std::string::npos) << r.err;
  EXPECT_TRUE(r.err.starts_with("linnet: error: ")) << r.err;
}

INSTANTIATE_TEST_SUITE_P(
    Usage, RunRefuses,
    ::testing::Values(
        Wrong{"beams", {"w5", "--num-beams", "2", "--num-return-sequences", "3"}, 2, "--num-return-sequences"},
        Wrong{"choices", {"w5", "--choices", "a,b", "--top-k", "3"}, 2, "--top-k"},
        Wrong{"speculate", {"w5", "--speculate", "4"}, 2, "--speculate is not in this version"},
        Wrong{"two_prompts", {"w5", "--ids", "5"}, 2, "one of them"},
        Wrong{"temperature", {"w5", "--temperature", "-1"}, 2, "--temperature: -1 is not"},
        Wrong{"endless", {"w5", "--temperature", "inf"}, 2, "--temperature: inf is not"},
        Wrong{"fewest", {"w5", "--min-new-tokens", "-4"}, 2, "--min-new-tokens: -4 is not"},
        Wrong{"top_p", {"w5", "--top-p", "0"}, 2, "--top-p: 0 is not"}, Wrong{"outside", {"--ids", "67"}, 2, "67"},
        Wrong{"device", {"w5", "--device", "tpu"}, 2, "tpu"},
        Wrong{"no_template", {"w5", "--chat"}, 3, "no chat template"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Run, APromptThatFillsTheContextIsAnsweredWithBothNumbers) {
  std::string ids = "5";
  for (int i = 0; i < 200; ++i) ids += ",5";
  const auto model = fixtures() / "gpt2/causal";
  const CliResult r = run(model, {"--ids", ids});
  EXPECT_EQ(r.exit_code, 2);
  EXPECT_NE(r.err.find("201 tokens, the model's context is "), std::string::npos) << r.err;
}

TEST(Run, AnEncoderIsNoLanguageModelToContinueTexts) {
  const CliResult r = run(fixtures() / "bert/masked", {"w5"});
  EXPECT_EQ(r.exit_code, 3);
  EXPECT_NE(r.err.find("causal"), std::string::npos) << r.err;
}

TEST(Run, Stories260K) {
  const auto folder = shared_data("stories260K-hf");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no ../shared/data";
  const Json expected = read_json(folder / "expected.json");
  const auto wanted = expected["greedy_ids_201"].get<std::vector<std::int32_t>>();
  const CliResult r = run(folder, {"--ids", std::to_string(wanted[0]), "-n", "200", "--json"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const Json json = parse_json(r.out, "stdout");
  EXPECT_EQ(json["ids"].get<std::vector<std::int32_t>>(), std::vector(wanted.begin() + 1, wanted.end()));
  EXPECT_EQ(json["text"].get<std::string>(), read_file(folder / "expected_greedy_200.txt"));
}

// The real model splits characters into tokens: streamed characters are complete nevertheless.
TEST(Run, SmolLm2SaysSomethingSensible) {
  const auto model = cached_model("SmolLM2-135M-Instruct.gguf");
  if (!std::filesystem::exists(model)) GTEST_SKIP() << "no model in the cache; script/fetch-models brings it";
  const CliResult r = run_linnet({"run", "-m", model.string(), "The capital of France is", "-n", "8", "--json"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_NE(parse_json(r.out, "stdout")["text"].get<std::string>().find("Paris"), std::string::npos) << r.out;
  const CliResult emoji = run_linnet({"run", "-m", model.string(), "--chat", "Repeat exactly: 🎉🌍日本語", "-n", "24"});
  ASSERT_EQ(emoji.exit_code, 0) << emoji.err;
  EXPECT_TRUE(utf8::valid(emoji.out)) << emoji.out;
}

}  // namespace
}  // namespace linnet::test

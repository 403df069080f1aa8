// docs/training.md step by step: runs every command and compares the table with their output.
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <regex>
#include <sstream>

#include "linnet/base/file.h"
#include "tests/cli/run_linnet.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

namespace fs = std::filesystem;

fs::path data() { return shared_data("code-snippets"); }
fs::path model() { return cached_model("SmolLM2-135M-Instruct.gguf"); }

// The walkthrough part of the document.
std::string story() {
  const std::string text = read_file(fs::path(LINNET_SOURCE_DIR) / "docs/training.md");
  const std::size_t begin = text.find("## The article's story"), end = text.find("\n## ", begin + 4);
  return text.substr(begin, end - begin);
}

// Splits a command line like a shell: at spaces, except in quotes; a trailing \ continues the line.
std::vector<std::string> words_of(const std::string& command) {
  std::vector<std::string> words;
  std::string word;
  bool begun = false;
  char quote = 0;
  for (std::size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    if (quote == 0 && c == '\\' && i + 1 < command.size() && command[i + 1] == '\n') {
      ++i;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
      begun = true;
    } else if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == ' ' || c == '\n')) {
      if (begun) words.push_back(std::move(word));
      word.clear();
      begun = false;
    } else {
      word += c;
      begun = true;
    }
  }
  return words;
}

// The commands of the walkthrough, one per block, without the program's name.
std::vector<std::vector<std::string>> story_commands() {
  std::vector<std::vector<std::string>> all;
  const std::string text = story(), fence = "```sh\n";
  for (std::size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at)) {
    at += fence.size();
    std::vector<std::string> words = words_of(text.substr(at, text.find("```", at) - at));
    EXPECT_EQ(words.front(), "linnet");
    words.erase(words.begin());
    all.push_back(std::move(words));
  }
  return all;
}

// Percentages of the walkthrough's table, in order.
std::vector<double> claims() {
  std::vector<double> all;
  const std::string text = story();
  static const std::regex row(R"(\n\|[^|\n]+\| ([0-9.]+) %[^|\n]*\|)");
  for (std::sregex_iterator found(text.begin(), text.end(), row), end; found != end; ++found)
    all.push_back(std::stod((*found)[1]));
  return all;
}

// The accuracy in a command's output, in percent: classify's last line, or train's table.
std::optional<double> accuracy_of(const CliResult& r) {
  std::smatch found;
  if (std::regex_search(r.err, found, std::regex(R"(accuracy ([0-9.]+) %)"))) return std::stod(found[1]);
  if (std::regex_search(r.out, found, std::regex(R"(test_accuracy +([0-9.]+))"))) return 100 * std::stod(found[1]);
  return std::nullopt;
}

class Walkthrough : public ::testing::Test {
 protected:
  void SetUp() override {
    LINNET_NEEDS(data());
    LINNET_NEEDS(model());
  }

  CliResult run(const std::vector<std::string>& arguments,
                std::vector<std::pair<std::string, std::string>> environment = {}) const {
    environment.emplace_back("LINNET_MODEL", model().string());
    return run_linnet(arguments,
                      {.environment = std::move(environment), .working_directory = scratch_.path().string()});
  }

  Scratch scratch_;
};

// Runs the commands with the first rows of each class and two steps, and reads their output.
TEST_F(Walkthrough, TheCommandsRun) {
  fs::create_directories(scratch_ / "code-snippets");
  for (const auto& [file, rows] : {std::pair("train.jsonl", 4), std::pair("test.jsonl", 1)}) {
    std::istringstream all(read_file(data() / file));
    std::string kept;
    int cpp = 0, python = 0;
    for (std::string line; std::getline(all, line);) {
      int& seen = line.starts_with(R"({"label": "cpp")") ? cpp : python;
      if (seen++ < rows) kept += line + "\n";
    }
    write_file(scratch_ / "code-snippets" / file, kept);
  }
  std::size_t told = 0;
  for (const auto& command : story_commands()) {
    const CliResult r = run(command, {{"LINNET_MAX_STEPS", "2"}});
    ASSERT_EQ(r.exit_code, 0) << command.front() << ": " << r.err;
    told += accuracy_of(r).has_value();
  }
  EXPECT_EQ(told, claims().size());
  EXPECT_TRUE(fs::exists(scratch_ / "snippets-lora/report.html"));
}

// A randomly initialised model memorises its rows if all of it is trained.
TEST(Scratch, ATinyBloomFitsTheSnippets) {
  const fs::path tokenizer = shared_data("stories260K-hf/tokenizer.json");
  LINNET_NEEDS(data());
  LINNET_NEEDS(tokenizer);
  const Scratch scratch;
  put(scratch / "bloom/tokenizer.json", read_file(tokenizer));
  put(scratch / "bloom/config.json",
      R"({"model_type": "bloom", "architectures": ["BloomForCausalLM"], "hidden_size": 64,
    "n_head": 4, "n_layer": 2, "vocab_size": 512, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0})");
  for (const char* split : {"train", "test"})  // evaluated on its training rows
    put(scratch / "rows" / (std::string(split) + ".jsonl"), read_file(data() / "train.jsonl"));
  const CliResult r = run_linnet({"train",
                                  "-m",
                                  (scratch / "bloom").string(),
                                  "--data",
                                  (scratch / "rows").string(),
                                  "-o",
                                  (scratch / "out").string(),
                                  "--from-scratch",
                                  "-t",
                                  "1",
                                  "--method",
                                  "full",
                                  "--epochs",
                                  "8",
                                  "--batch-size",
                                  "16",
                                  "--learning-rate",
                                  "3e-3",
                                  "--max-length",
                                  "256",
                                  "--valid-fraction",
                                  "0"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(accuracy_of(r), 100) << r.out;
}

class WalkthroughSlow : public Walkthrough {};

TEST_F(WalkthroughSlow, TheTableHolds) {
  fs::create_directory_symlink(fs::canonical(data()), scratch_ / "code-snippets");
  const std::vector<double> claimed = claims();
  std::vector<double> found;
  for (const auto& command : story_commands()) {
    const CliResult r = run(command);
    ASSERT_EQ(r.exit_code, 0) << command.front() << ": " << r.err;
    if (const auto accuracy = accuracy_of(r))
      found.push_back(*accuracy);
    else
      EXPECT_TRUE(r.out.starts_with("python")) << r.out;
  }
  ASSERT_EQ(found.size(), claimed.size());
  // Two texts of eighty: rounding differs on another processor.
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], claimed[i], 2.6) << "row " << i + 1;
  EXPECT_LT(found[0], 60);  // insufficient
  EXPECT_GE(found[2], 97);  // learned
  EXPECT_GE(found[3], 97);
}

}  // namespace
}  // namespace linnet::test

// Every verb opens each file of a model and of an adapter once (tests/cli/shim/open_shim.cpp counts). Only saving opens
// some again: it copies the tokenizer's files.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "linnet/base/file.h"
#include "linnet/base/json.h"
#include "linnet/tokenizer/tokenizer_files.h"
#include "tests/cli/run_linnet.h"
#include "tests/cli/terminal_session.h"
#include "tests/models/fixture.h"
#include "tests/sanitized.h"
#include "tests/scratch.h"
#include "tests/tiny_gguf.h"

namespace linnet::test {
namespace {

namespace fs = std::filesystem;

enum class Saves : std::uint8_t { kNo, kYes };

class Opens : public ::testing::Test {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "the sanitizers' library wants to be loaded first";
    fs::create_directories(models());
    fs::copy(fixtures() / "llama/causal", models() / "lm");
    put(models() / "lm/generation_config.json", R"({"max_new_tokens": 3})");
    put(models() / "lm/chat_template.jinja", "{% for m in messages %} {{ m.content }}{% endfor %}");
    put_tiny_gguf(models() / "lm.gguf", "llama/causal");
    fs::copy(fixtures() / "bert/classifier", models() / "classifier");
    put_adapter("llama-lora", "lm", "lora");
    put_adapter("llama-prompt", "lm", "prompt");
    put_adapter("bert-classifier-lora", "classifier", "head");
    fs::copy(fixtures() / "sentences/dense-norm", models() / "sentences", fs::copy_options::recursive);
    for (const char* file : {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"})
      fs::copy(fixtures() / "bert/masked" / file, models() / "sentences" / file);
    put(scratch_ / "texts.jsonl", "{\"text\": \"w5 w6\"}\n{\"text\": \"w7 w8 w9\"}\n");
    put(scratch_ / "rows.jsonl",
        "{\"text\": \"w10\", \"label\": \"red\"}\n{\"text\": \"w30\", \"label\": \"green\"}\n"
        "{\"text\": \"w50\", \"label\": \"blue\"}\n");
  }
  fs::path models() const { return scratch_ / "models"; }
  fs::path record() const { return scratch_ / "record"; }
  std::string model(const char* name) const { return (models() / name).string(); }
  std::string texts() const { return (scratch_ / "texts.jsonl").string(); }
  std::string out(const char* name) const { return (scratch_ / name).string(); }
  std::vector<std::pair<std::string, std::string>> counted() const {
    return {{"LD_PRELOAD", OPEN_SHIM}, {"OPENS_BELOW", models().string()}, {"OPENS_RECORD", record().string()}};
  }

  // The number of opens of each file in the record.
  std::map<std::string, int> opens() const {
    std::map<std::string, int> count;
    std::ifstream in(record());
    for (std::string line; std::getline(in, line);) ++count[line.substr(models().string().size() + 1)];
    return count;
  }
  void expect_once(Saves saves) const {
    const auto copied = [](const fs::path& name) {
      const auto is = [&](const auto& other) { return name == fs::path(other); };
      return std::any_of(std::begin(kTokenizerCompanions), std::end(kTokenizerCompanions), is) ||
             std::any_of(std::begin(kVocabularyFiles), std::end(kVocabularyFiles), [&](auto& f) { return is(f.name); });
    };
    const auto count = opens();
    EXPECT_FALSE(count.empty());
    for (const auto& [file, times] : count)
      if (saves == Saves::kNo || !copied(fs::path(file).filename())) {
        EXPECT_EQ(times, 1) << file;
      }
  }
  void expect_once(std::vector<std::string> arguments, Saves saves = Saves::kNo) const {
    fs::remove(record());
    arguments.insert(arguments.end(), {"-t", "1"});
    const CliResult r = run_linnet(arguments, {.environment = counted()});
    std::string call;
    for (const std::string& argument : arguments) call += argument + " ";
    SCOPED_TRACE(call);
    ASSERT_EQ(r.exit_code, 0) << r.err;
    expect_once(saves);
  }

  Scratch scratch_;

 private:
  void put_adapter(const char* fixture, const char* base, const char* name) const {
    fs::copy(fixtures() / "adapters" / fixture, models() / name);
    const fs::path file = models() / name / "adapter_config.json";
    Json json = read_json(file);
    json["base_model_name_or_path"] = model(base);
    fs::remove(file);
    write_file(file, dump_json(json));
  }
};

TEST_F(Opens, ByVerbsThatAnswer) {
  for (const char* name : {"lm", "lm.gguf", "lora", "prompt"}) {
    expect_once({"classify", "-m", model(name), "--labels", "w5,w6", "--input", texts()});
    expect_once({"classify", "-m", model(name), "--labels", "w5,w6", "--engine", "generate", "--input", texts()});
    expect_once({"run", "-m", model(name), "--input", texts()});
    expect_once({"run", "-m", model(name), "--memory", "1G", "w5 w6"});
    expect_once({"score", "-m", model(name), "--prompt", "w5", "--continuation", " w6", "--continuation", " w7"});
    expect_once({"forward", "-m", model(name), "w5 w6", "-o", out("x.safetensors")});
  }
  expect_once({"run", "-m", model("lm"), "--adapter", model("lora"), "w5"});
  expect_once({"run", "-m", model("lm"), "--chat", "w5"});
  expect_once({"classify", "-m", model("lm"), "--labels", "w5,w6", "--chat", "--input", texts()});
  for (const char* name : {"classifier", "head"}) expect_once({"classify", "-m", model(name), "--input", texts()});
  for (const char* name : {"lm.gguf", "classifier", "sentences"})
    expect_once({"embed", "-m", model(name), "--input", texts()});
  expect_once({"fill", "-m", model("sentences"), "w5 [MASK]"});
}

TEST_F(Opens, ByVerbsThatLook) {
  for (const char* name : {"lm", "lm.gguf"}) {
    fs::remove(record());
    ASSERT_EQ(run_linnet({"inspect", model(name)}, {.environment = counted()}).exit_code, 0);
    expect_once(Saves::kNo);
    fs::remove(record());
    ASSERT_EQ(run_linnet({"tokenize", "-m", model(name), "w5 w6"}, {.environment = counted()}).exit_code, 0);
    expect_once(Saves::kNo);
  }
}

TEST_F(Opens, ByVerbsThatSave) {
  const std::string rows = (scratch_ / "rows.jsonl").string();
  const auto train = [&](const char* name, const char* method, const std::string& data, const char* output) {
    expect_once({"train", "-m", model(name), "--method", method, "--data", data, "-o", out(output), "--max-steps", "2",
                 "--batch-size", "1", "--valid-fraction", "0"},
                Saves::kYes);
  };
  train("classifier", "full", rows, "full");
  train("classifier", "lora", rows, "new-head");
  train("lm", "lora", texts(), "new-lora");
  train("lm.gguf", "lora", texts(), "gguf-lora");
  train("lm.gguf", "full", texts(), "gguf-full");
  train("lora", "lora", texts(), "more-lora");
  expect_once({"merge", model("lora"), "-o", out("merged")}, Saves::kYes);
  expect_once({"convert", model("lm.gguf"), "-o", model("saved"), "--dtype", "f32"});
  expect_once({"convert", model("saved"), "-o", out("again.gguf")});
}

TEST_F(Opens, ByAChatOfTwoTurns) {
  if (!terminals_here()) GTEST_SKIP() << "no pseudo-terminal can be had here (/dev/ptmx, /dev/pts)";
  auto environment = counted();
  environment.emplace_back("LINNET_CACHE", out("cache"));
  TerminalSession chat({"run", "-m", model("lora"), "-t", "1", "-n", "2"}, {.environment = environment});
  ASSERT_TRUE(chat.wait_for("Ctrl-D ends")) << chat.output();
  for (const char* turn : {"w5 w6\r", "w7\r"}) {
    chat.type(turn);
    ASSERT_TRUE(chat.wait_for("tokens/s]", 60)) << chat.output();
  }
  chat.type("/exit\r");
  EXPECT_EQ(chat.finish(), 0) << chat.output();
  expect_once(Saves::kNo);
}

}  // namespace
}  // namespace linnet::test

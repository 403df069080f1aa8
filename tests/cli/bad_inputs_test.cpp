// The hostile files of tests/bad_inputs.h through the program, each with the command that reads it: a bad file
// gives exit 3 and one line with file and fact.
#include "tests/bad_inputs.h"

#include <gmock/gmock.h>

#include <set>

#include "linnet/base/file.h"
#include "linnet/io/checkpoint.h"
#include "tests/cli/run_linnet.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

fs::path stories() { return bad_inputs_folder() / "../stories260K-hf"; }

fs::path small_model() { return fs::path(LINNET_SOURCE_DIR) / "tests/fixtures/llama/causal"; }

// A copy of the small model's folder without the file that the row replaces.
void copy_model(const fs::path& folder, const std::set<std::string>& without, const fs::path& from = small_model()) {
  fs::create_directories(folder);
  for (const char* name : {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}) {
    if (without.contains(name)) continue;
    fs::copy_file(from / name, folder / name);
    fs::permissions(folder / name, fs::perms::owner_write, fs::perm_options::add);
  }
}

std::set<std::string> files_below(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) names.insert(entry.path().string());
  return names;
}

// Rules for every row. `peak_kib`: that of the same command with a good file.
void expect_contained(const BadInput& row, const std::string& file_name, const std::vector<std::string>& command,
                      const fs::path& folder, long peak_kib) {
  SCOPED_TRACE(row.file + ": " + row.why);
  const auto before = files_below(folder);
  const CliResult r = run_linnet(command, {.environment = {{"OMP_NUM_THREADS", "1"}}});
  EXPECT_EQ(files_below(folder), before);
  EXPECT_TRUE(r.exit_code == 0 || r.exit_code == 3) << r.exit_code << ": " << r.err;
  EXPECT_LT(r.cpu_seconds, kMostSeconds);
  if (!kSanitized) {
    EXPECT_LE(r.peak_kib, peak_kib + 2 * static_cast<long>(fs::file_size(row.path) >> 10) + (64 << 10));
  }
  if (row.expect == "accept") {
    EXPECT_EQ(r.exit_code, 0) << r.err;
  }
  if (row.expect == "reject") {
    EXPECT_EQ(r.exit_code, 3) << r.out << r.err;
  }
  if (r.exit_code != 3) return;
  EXPECT_EQ(r.out, "");
  const auto line = r.err.rfind("linnet: error: ");
  ASSERT_NE(line, r.err.npos) << r.err;
  EXPECT_EQ(r.err.find('\n', line), r.err.size() - 1) << "one line, the last: " << r.err;
  EXPECT_THAT(r.err.substr(line), HasSubstr(file_name));
}

class BadInputsOfTheProgram : public testing::Test {
 protected:
  static long peak(const std::vector<std::string>& command) {
    const CliResult good = run_linnet(command, {.environment = {{"OMP_NUM_THREADS", "1"}}});
    EXPECT_EQ(good.exit_code, 0) << good.err;
    return good.peak_kib;
  }
  // Runs `command` with each row as the file `name` of a model's folder.
  void run_in_folder(const std::vector<BadInput>& rows, const std::string& name, const std::set<std::string>& without,
                     const std::vector<std::string>& command) {
    Scratch good;
    copy_model(good / "model", {});
    const long control = peak(with(command, good / "model"));
    for (const BadInput& row : rows) {
      Scratch scratch;
      const fs::path folder = scratch / "model";
      copy_model(folder, without);
      fs::copy_file(row.path, folder / name);
      expect_contained(row, name, with(command, folder), scratch.path(), control);
    }
  }
  // Replaces "DIR" in a command by the folder.
  static std::vector<std::string> with(std::vector<std::string> command, const fs::path& folder) {
    std::replace(command.begin(), command.end(), std::string("DIR"), folder.string());
    return command;
  }
};

// The text is one that a slow expression goes back in.
TEST_F(BadInputsOfTheProgram, TokenizerJson) {
  run_in_folder(hostile_files("tokenizer-json/"), "tokenizer.json", {"tokenizer.json"},
                {"tokenize", std::string(40, 'a') + "! hello", "-m", "DIR"});
}

TEST_F(BadInputsOfTheProgram, SentencePiece) {
  run_in_folder(hostile_files("sentencepiece/"), "tokenizer.model", {"tokenizer.json", "tokenizer_config.json"},
                {"tokenize", "hello", "-m", "DIR"});
}

TEST_F(BadInputsOfTheProgram, ChatTemplates) {
  const std::vector<BadInput> found = hostile_files("chat-template/");
  Scratch messages;
  write_file(messages / "chat.json", R"([{"role":"user","content":"Hello"}])");
  for (const BadInput& row : found) {
    Scratch scratch;
    copy_model(scratch / "model", {});
    fs::copy_file(row.path, scratch / "model/chat_template.jinja");
    const long control = peak({"tokenize", "hello", "-m", (scratch / "model").string()});
    expect_contained(row, "chat_template.jinja",
                     {"tokenize", "-m", (scratch / "model").string(), "--chat", (messages / "chat.json").string()},
                     scratch.path(), control);
  }
}

TEST_F(BadInputsOfTheProgram, Safetensors) {
  const std::vector<BadInput> found = hostile_files("safetensors/");
  const long control = peak({"inspect", "--tensors", found[0].path.string()});
  for (const BadInput& row : found) {
    Scratch scratch;
    expect_contained(row, row.path.filename(), {"inspect", "--tensors", row.path.string()}, scratch.path(), control);
  }
}

TEST_F(BadInputsOfTheProgram, Gguf) {
  const std::vector<BadInput> found = hostile_files("gguf/");
  const long control = peak({"inspect", "--tensors", found[0].path.string()});
  for (const BadInput& row : found) {
    Scratch scratch;
    const bool model = row.why.starts_with("model stage");
    const std::vector<std::string> inspect{"inspect", "--tensors", row.path.string()};
    const std::vector<std::string> run{"run", "-m", row.path.string(), "-n", "1", "hi"};
    expect_contained(row, row.path.filename(), model ? run : inspect, scratch.path(), control);
  }
}

TEST_F(BadInputsOfTheProgram, ConfigJson) {
  run_in_folder(bad_inputs("config-json/", own_hostile_files()), "config.json", {"config.json"}, {"inspect", "DIR"});
}

TEST_F(BadInputsOfTheProgram, ConfigJsonOfAPublishedModel) {
  const auto found = bad_inputs("config-json/");
  if (found.empty()) GTEST_SKIP() << "no " << bad_inputs_folder();
  Scratch good;
  const fs::path cut = good / "cut";
  {
    fs::create_directories(cut);  // the rows describe two layers: other weights are removed
    const auto all = CheckpointReader::open(stories());
    CheckpointWriter writer(cut);
    for (const std::string& name : all->names()) {
      const bool other_layer = name.find(".layers.") != name.npos && name.find(".layers.0.") == name.npos &&
                               name.find(".layers.1.") == name.npos;
      if (!other_layer) writer.add(name, all->read(name));
    }
    writer.finish();
  }
  long control = 0;
  for (const BadInput& row : found) {
    Scratch scratch;
    const fs::path folder = scratch / "model";
    copy_model(folder, {"config.json", "model.safetensors"}, stories());
    fs::copy_file(cut / "model.safetensors", folder / "model.safetensors");
    fs::copy_file(row.path, folder / "config.json");
    if (control == 0) control = peak({"inspect", folder.string()});  // the first row is the good one
    expect_contained(row, "config.json", {"inspect", folder.string()}, scratch.path(), control);
  }
}

TEST_F(BadInputsOfTheProgram, ShardIndices) {
  const std::vector<BadInput> found = hostile_files("safetensors-index/");
  Scratch good;
  copy_model(good / "model", {});
  const long control = peak({"inspect", "--tensors", (good / "model").string()});
  for (const BadInput& row : found) {
    Scratch scratch;
    const fs::path folder = scratch / "outer/model";
    copy_model(folder, {"model.safetensors"});
    fs::copy_file(row.path, folder / "model.safetensors.index.json");
    fs::copy_file(small_model() / "model.safetensors", scratch / "x.safetensors");  // the target of the names
    fs::copy_file(small_model() / "model.safetensors", scratch / "outer/x.safetensors");
    expect_contained(row, "model.safetensors.index.json", {"inspect", "--tensors", folder.string()}, scratch.path(),
                     control);
  }
}

TEST_F(BadInputsOfTheProgram, PyTorchFiles) {
  run_in_folder(hostile_files("zip-pickle/"), "pytorch_model.bin", {"model.safetensors"},
                {"inspect", "--tensors", "DIR"});
}

}  // namespace
}  // namespace linnet::test

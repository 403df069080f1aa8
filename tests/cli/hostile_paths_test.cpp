// Names of 5,000 characters, loops of links, dangling links, pipes and folders in place of a file, and no free file
// descriptors, for every verb that takes a file: the right exit code, one escaped line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "linnet/base/file.h"
#include "tests/cli/run_linnet.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

namespace fs = std::filesystem;

class HostilePaths : public testing::Test {
 protected:
  HostilePaths() {
    fs::create_symlink("loop", scratch_ / "loop");
    fs::create_symlink("nothing", scratch_ / "dangling.gguf");
    fs::create_directory(scratch_ / "folder.jsonl");
    EXPECT_EQ(::mkfifo((scratch_ / "pipe.gguf").c_str(), 0600), 0);
    write_file(scratch_ / "texts.txt", "w5 w6\n");
  }
  // Every position of a path in a command line, marked PATH.
  static std::vector<std::vector<std::string>> uses() {
    const std::string model = (fixtures() / "bert/classifier").string(),
                      causal = (fixtures() / "llama/causal").string();
    return {{"inspect", "PATH"},
            {"tokenize", "x", "-m", "PATH"},
            {"forward", "w5", "-m", "PATH", "-o", "/nonexistent/x.safetensors"},
            {"run", "w5", "-m", "PATH"},
            {"run", "w5", "-m", causal, "--adapter", "PATH"},
            {"score", "--prompt", "w5", "--continuation", "w6", "-m", "PATH"},
            {"classify", "w5", "-m", "PATH", "--labels", "a,b"},
            {"classify", "-m", model, "--input", "PATH"},
            {"classify", "w5", "-m", causal, "--labels", "a,b", "--examples", "PATH", "--shots", "1"},
            {"embed", "w5", "-m", "PATH"},
            {"fill", "w5", "-m", "PATH"},
            {"tag", "w5", "-m", "PATH"},
            {"answer", "--question", "w5", "--context", "w6", "-m", "PATH"},
            {"answer", "--question", "w5", "-m", model, "--context-file", "PATH"},
            {"rerank", "w5", "w6", "-m", "PATH"},
            {"convert", "PATH", "-o", "/nonexistent/x"},
            {"merge", "PATH", "-o", "/nonexistent/x"},
            {"train", "-m", model, "-o", "/nonexistent/x", "--data", "PATH"},
            {"train", "-m", "PATH", "-o", "/nonexistent/x", "--data", "y.jsonl"}};
  }
  static void expect_refused(const CliResult& r, const std::string& what, const std::vector<int>& codes) {
    EXPECT_THAT(codes, testing::Contains(r.exit_code)) << what << r.err;
    EXPECT_EQ(r.out, "") << what;
    EXPECT_NE(r.err.find("linnet: error: "), std::string::npos) << what << r.err;
    for (const char c : r.err) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n') << what << int{c};
    EXPECT_EQ(r.err.find("filesystem error"), std::string::npos) << r.err;
    EXPECT_EQ(r.err.find("basic_string"), std::string::npos) << r.err;
    EXPECT_EQ(r.err.find("json.exception"), std::string::npos) << r.err;
  }
  Scratch scratch_;
};

TEST_F(HostilePaths, EveryPlaceForAPath) {
  const std::vector<std::string> paths{
      std::string(5000, 'x'),
      std::string(5000, 'x') + ".jsonl",
      (scratch_ / "loop").string(),
      (scratch_ / "loop/rows.jsonl").string(),
      (scratch_ / "dangling.gguf").string(),
      (scratch_ / "folder.jsonl").string(),
      (scratch_ / "no\x1b[31mthing\u202e.jsonl").string(),
      (scratch_ / "texts.txt" / "below.jsonl").string(),
      "/dev/null/x",
  };
  for (std::vector<std::string> arguments : uses())
    for (const std::string& path : paths) {
      std::vector<std::string> with = arguments;
      std::replace(with.begin(), with.end(), std::string("PATH"), path);
      expect_refused(run_linnet(with), arguments[0] + " " + path.substr(0, 60) + "\n", {3});
    }
}

TEST_F(HostilePaths, APipeWithoutAWriterIsNotWaitedFor) {
  for (const char* verb : {"inspect", "convert"}) {
    std::vector<std::string> arguments{verb, (scratch_ / "pipe.gguf").string()};
    if (std::string(verb) == "convert") arguments.insert(arguments.end(), {"-o", (scratch_ / "x.gguf").string()});
    expect_refused(run_linnet(arguments), verb, {3});
  }
}

// An error of the machine, not of the file: exit 1.
TEST_F(HostilePaths, NoFreeFileNumbers) {
  const std::string model = (fixtures() / "bert/classifier").string();
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"inspect", model}, {"classify", "w5", "-m", model}, {"tokenize", "w5", "-m", model}})
    for (const std::uint64_t files : {3, 4, 5}) {
      const CliResult r = run_linnet(arguments, {.open_files = files});
      if (r.exit_code == 0) continue;                          // these descriptors suffice
      if (r.exit_code == 126 || r.exit_code == 127) continue;  // the program does not start with so few
      expect_refused(r, arguments[0], {1});
    }
}

}  // namespace
}  // namespace linnet::test

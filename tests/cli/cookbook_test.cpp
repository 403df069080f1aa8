// Runs the commands of docs/cookbook.md on small files of our own.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>

#include "linnet/base/file.h"
#include "tests/cli/fixture_texts.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<std::string> commands() {
  const std::string text = read_file(std::filesystem::path(LINNET_SOURCE_DIR) / "docs/cookbook.md");
  std::vector<std::string> found;
  LineReader lines(text);
  bool code = false;
  for (std::string_view line; lines.next(line);) {
    if (line == "```")
      code = !code;
    else if (code)
      found.emplace_back(line);
  }
  return found;
}

// The lines of a file.
std::vector<std::string> lines_of(const std::filesystem::path& file) {
  std::vector<std::string> lines;
  const std::string text = read_file(file);
  LineReader reader(text);
  for (std::string_view line; reader.next(line);) lines.emplace_back(line);
  return lines;
}

class Cookbook : public ::testing::Test {
 protected:
  Cookbook() { std::filesystem::create_symlink(LINNET_BINARY, scratch_ / "linnet"); }

  // Runs a command in the scratch folder with a tiny model as the default one; its stderr.
  std::string run(const std::string& command) {
    put(scratch_ / "command.sh", "cd '" + scratch_.path().string() +
                                     "'\nPATH=.:$PATH LINNET_DTYPE=f32\nLINNET_MODEL='" + model("gpt2/causal") +
                                     "'\nexport PATH LINNET_DTYPE LINNET_MODEL\n" + command + "\n");
    const std::string file = (scratch_ / "command.sh").string(), said = (scratch_ / "stderr").string();
    EXPECT_EQ(std::system(("sh '" + file + "' 2>'" + said + "'").c_str()), 0) << command << "\n" << read_file(said);
    return read_file(said);
  }
  Scratch scratch_;
};

TEST_F(Cookbook, HasACommandForEachFile) {
  ASSERT_EQ(commands().size(), 3U);
  put(scratch_ / "stsa.binary.test", "1 w5 w6 , \"w7\"\n0 w8\n1 w9\n");
  EXPECT_THAT(run(commands()[0]), HasSubstr("accuracy"));
  auto lines = lines_of(scratch_ / "sst2.csv");
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0], "column1,column2,label,score,margin,abstained");
  EXPECT_THAT(lines[1], StartsWith("1,\"w5 w6 , \"\"w7\"\"\","));

  put(scratch_ / "test.csv", "\"3\",\"w5\",\"w6, w7\"\n\"1\",\"w8\",\"w9\"\n");
  EXPECT_THAT(run(commands()[1]), HasSubstr("accuracy"));
  lines = lines_of(scratch_ / "ag-news.csv");
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_THAT(lines[1], StartsWith("3,w5,\"w6, w7\","));

  put(scratch_ / "reviews.csv", "7;w5, w6\n8;\"w7; w8\"\n");
  run(commands()[2]);
  lines = lines_of(scratch_ / "answers.csv");
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0], "column1,column2,label,score,margin,abstained");
  EXPECT_THAT(lines[1], StartsWith("7,\"w5, w6\","));
  EXPECT_THAT(lines[2], StartsWith("8,w7; w8,"));
}

}  // namespace
}  // namespace linnet::test

// Completions and manual pages from the table of options.
#include <gtest/gtest.h>

#include "linnet/base/file.h"
#include "tests/cli/run_linnet.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

bool have(const std::string& program) {
  return std::system(("command -v " + program + " >/dev/null 2>&1").c_str()) == 0;  // NOLINT: a test
}

// The output of a shell command; "exit N" on failure.
std::string printed(const std::string& command) {
  FILE* const pipe = popen((command + " 2>&1").c_str(), "r");
  std::string text;
  for (int c; (c = std::fgetc(pipe)) != EOF;) text += static_cast<char>(c);
  const int status = pclose(pipe);
  return status == 0 ? text : text + "exit " + std::to_string(status);
}

class Documents : public ::testing::Test {
 protected:
  Documents() {
    const CliResult r = run_linnet({"documents", scratch_.path().string()});
    EXPECT_EQ(r.exit_code, 0) << r.err;
  }
  std::string path(const std::string& file) const { return (scratch_ / file).string(); }
  Scratch scratch_;
};

// Shell completion.
TEST_F(Documents, BashCompletesVerbsOptionsAndValues) {
  const auto complete = [&](const std::string& words) {
    const std::string script = path("script.sh");
    write_file(script, "source '" + path("bash-completion/completions/linnet") +
                           "'\n"
                           "complete -p linnet >/dev/null || exit 9\n"
                           "COMP_WORDS=(" +
                           words +
                           "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_linnet\n"
                           "echo \"${COMPREPLY[*]}\"\n");
    return printed("bash --norc --noprofile '" + script + "'");
  };
  EXPECT_EQ(complete("linnet cla"), "classify\n");
  EXPECT_NE(complete("linnet classify --lab").find("--label-words"), std::string::npos);
  EXPECT_EQ(complete("linnet classify --engine n"), "nli\n");
  EXPECT_EQ(complete("linnet run --dtype q"), "q8 q4\n");
  EXPECT_EQ(complete("linnet train --sched"), "--schedule\n");
  EXPECT_EQ(complete("linnet train --data ''"), "\n");  // the shell offers files
  EXPECT_EQ(complete("linnet help tok"), "tokenize\n");
}

TEST_F(Documents, ZshAndFishReadTheirScripts) {
  if (have("zsh")) {
    EXPECT_EQ(printed("zsh -f -n '" + path("zsh/site-functions/_linnet") + "'"), "");
  }
  if (have("fish")) {
    const std::string file = path("fish/vendor_completions.d/linnet.fish");
    EXPECT_EQ(printed("fish --no-execute '" + file + "'"), "");
    const std::string offered = printed("HOME=" + scratch_.path().string() + " fish -N -c \"source '" + file +
                                        "'; complete -C 'linnet classify --engine n'\"");
    EXPECT_TRUE(offered.starts_with("nli\t")) << offered;
  }
}

TEST_F(Documents, TheTablesOfTheCommandLinesPageAreTheProgramsOwn) {
  const std::string page = read_file(std::filesystem::path(LINNET_SOURCE_DIR) / "docs/cli.md");
  const auto begin = page.find("## Options\n");
  ASSERT_NE(begin, page.npos);
  EXPECT_EQ(page.substr(begin), read_file(path("doc/linnet/options.md")))
      << "docs/cli.md ends with what `linnet documents FOLDER` writes to FOLDER/doc/linnet/options.md";
}

// Manual pages.
TEST_F(Documents, EveryVerbHasAManualPageWithoutWarnings) {
  const auto pages = list_folder(scratch_ / "man/man1");
  EXPECT_GE(pages.size(), 16u);  // the verbs and linnet(1)
  for (const auto& page : pages) {
    const std::string text = read_file(page);
    EXPECT_NE(text.find(".SH NAME"), std::string::npos) << page;
    if (have("groff")) {
      EXPECT_EQ(printed("groff -man -ww -Tutf8 -z '" + page.string() + "'"), "") << page;
    }
  }
  const std::string train = read_file(path("man/man1/linnet-train.1"));
  EXPECT_NE(train.find("\\fB\\-\\-learning\\-rate\\fR \\fIFLOAT\\fR"), std::string::npos);
  EXPECT_NE(train.find("default: 32"), std::string::npos);  // --batch-size
}

TEST(HiddenVerbs, AreNotListedButExplainThemselves) {
  const CliResult all = run_linnet({"--help"});
  EXPECT_EQ(all.out.find("completion"), std::string::npos);
  const CliResult one = run_linnet({"completion", "bash"});
  EXPECT_EQ(one.exit_code, 0);
  EXPECT_NE(one.out.find("complete -o default"), std::string::npos);
  const CliResult other = run_linnet({"completion", "fsh"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_NE(other.err.find("'fsh' is not one of bash, zsh, fish; the nearest: "), std::string::npos) << other.err;
  const CliResult page = run_linnet({"man", "clasify"});
  EXPECT_EQ(page.exit_code, 2);
  EXPECT_NE(page.err.find("the nearest: classify"), std::string::npos) << page.err;
}

}  // namespace
}  // namespace linnet::test

// --help at the width of the terminal.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "tests/cli/run_linnet.h"
#include "tests/cli/terminal_session.h"

namespace linnet::test {
namespace {

// Number of characters: everything in --help is one cell wide.
std::size_t cells(const std::string& line) {
  std::size_t count = 0;
  for (const char c : line) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

// Lines that are too long but could be wrapped, and repeated blank lines.
std::string faults(const std::string& page, std::size_t columns) {
  std::istringstream lines(page);
  std::string faults, line, before = "-";
  while (std::getline(lines, line)) {
    const auto begin = std::min(line.find_first_not_of(' '), line.size());
    const bool breakable = line.find(' ', begin) != line.npos && line.find('\'') == line.npos;
    if (cells(line) > columns && breakable) faults += "too long: " + line + "\n";
    if (line.empty() && before.empty()) faults += "two blank lines\n";
    if (line.ends_with(' ')) faults += "a blank at the end: " + line + "\n";
    before = line;
  }
  return faults;
}

std::string help(const std::vector<std::string>& arguments, const std::string& columns) {
  const CliResult r = run_linnet(arguments, {.environment = {{"COLUMNS", columns}}});
  EXPECT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(r.err, "");
  return r.out;
}

TEST(HelpPage, FitsTheColumns) {
  for (const std::size_t columns : {40u, 60u, 80u, 120u})
    for (const char* verb : {"run", "classify", "train", "tokenize", "doctor", "pull"}) {
      const std::string page = help({verb, "--help"}, std::to_string(columns));
      EXPECT_EQ(faults(page, columns), "") << verb << " at " << columns;
    }
  EXPECT_EQ(faults(help({"--help"}, "40"), 40), "");
}

TEST(HelpPage, UsesAWideTerminalAndNeverLessThanForty) {
  const std::string narrow = help({"train", "--help"}, "40");
  const std::string wide = help({"train", "--help"}, "120");
  EXPECT_GT(std::ranges::count(narrow, '\n'), std::ranges::count(wide, '\n'));
  EXPECT_EQ(help({"train", "--help"}, "7"), narrow);
  const std::string unset = help({"train", "--help"}, "");
  EXPECT_EQ(unset, help({"train", "--help"}, "80"));
  EXPECT_EQ(unset, help({"train", "--help"}, "wide"));
}

// Examples stay valid commands: lines are wrapped with a backslash, never inside quotes.
TEST(HelpPage, ExamplesStayCommands) {
  const std::string page = help({"classify", "--help"}, "60");
  EXPECT_NE(page.find(" \\\n      "), std::string::npos) << page;
  EXPECT_NE(page.find("'I love the sunny weather today.'"), std::string::npos) << page;
}

TEST(HelpPage, FollowsTheTerminal) {
  if (!terminals_here()) GTEST_SKIP() << "no terminals here";
  for (const int columns : {60, 100}) {
    TerminalSession session({"train", "--help"}, {.columns = columns, .environment = {{"COLUMNS", ""}}});
    EXPECT_EQ(session.finish(), 0);
    std::string page = session.output();
    std::erase(page, '\r');
    EXPECT_EQ(page, help({"train", "--help"}, std::to_string(columns)));
  }
}

}  // namespace
}  // namespace linnet::test

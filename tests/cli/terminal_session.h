// The program in a terminal of its own (standard input, output and error): keys are typed over time, the window is
// resized, and output is read continuously.
//
//   TerminalSession chat({"run", "-m", model});
//   ASSERT_TRUE(chat.wait_for("> "));
//   chat.type("/exit\r");
//   EXPECT_EQ(chat.finish(), 0) << chat.output();
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace linnet::test {

struct TerminalOptions {
  int columns = 80, rows = 24;
  std::vector<std::pair<std::string, std::string>> environment = {};  // added to ours
  std::string stdout_file = {};                                       // standard output goes there instead
};

class TerminalSession {
 public:
  explicit TerminalSession(const std::vector<std::string>& arguments, const TerminalOptions& options = {});
  ~TerminalSession();
  TerminalSession(const TerminalSession&) = delete;
  TerminalSession& operator=(const TerminalSession&) = delete;

  void type(std::string_view keys);  // types all of them, also if they are read slowly
  void resize(int columns, int rows = 24);
  void signal(int number);
  // Reads until `text` appears after the last match; returns false after `seconds` or at the end.
  bool wait_for(std::string_view text, double seconds = 30);
  void read_for(double seconds);  // reads any output
  // Reads to the end; returns the exit code, 128 + n if signal n ended it, -1 if it was killed after `seconds`.
  int finish(double seconds = 60);

  const std::string& output() const { return output_; }  // all output, with control sequences
  bool echoes() const;                                   // does the terminal show what is typed?

 private:
  bool read_some(double seconds);

  int terminal_ = -1;
  pid_t child_ = -1;
  std::string output_;
  std::size_t found_ = 0;
};

}  // namespace linnet::test

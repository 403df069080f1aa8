// Runs the built program as a user would, and keeps what it said.
//
//   const CliResult r = run_linnet({"doctor", "--json"});
//   EXPECT_EQ(r.exit_code, 0) << r.err;
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace linnet::test {

struct CliResult {
  int exit_code = -1;  // 128 + n when signal n ended it
  std::string out, err;
  double seconds = 0;
  double cpu_seconds = 0;  // of all its threads: what the clock says when nothing else runs
  long peak_kib = 0;       // most memory it held
};

enum class Stdin : std::uint8_t { kFile, kTerminal };

enum class Stdout : std::uint8_t { kFile, kClosedPipe };  // nobody reads the pipe any more

struct CliOptions {
  std::string input = {};                                             // standard input
  std::vector<std::pair<std::string, std::string>> environment = {};  // added to ours
  Stdin stdin_kind = Stdin::kFile;  // a terminal gets the input as if it were typed, then Ctrl-D
  Stdout stdout_kind = Stdout::kFile;
  std::string working_directory = {};  // ours when empty
  int signal = 0;                      // sent `signal_after_s` after main has begun (SIGKILL: after the start); 0: none
  double signal_after_s = 0;
  std::uint64_t address_space = 0;  // `ulimit -v` in bytes; 0: none
  std::uint64_t file_size = 0;      // `ulimit -f` in bytes; 0: none
  std::uint64_t open_files = 0;     // `ulimit -n`; 0: none
};

// A call that is refused, for tables of them.
struct Wrong {
  const char* name;
  std::vector<std::string> arguments;
  int exit_code;
  const char* said;  // part of the message
};

// Not where /dev/pts is missing, as in a chroot: tests of Stdin::kTerminal are skipped there.
bool terminals_here();

// Until its main function has begun, a process has the system's ways with signals.
void wait_for_main(pid_t child);

CliResult run_linnet(const std::vector<std::string>& arguments, const CliOptions& options = {});

// In a child process: becomes the program.
[[noreturn]] void exec_linnet(const std::vector<std::string>& arguments);

}  // namespace linnet::test

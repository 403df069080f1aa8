// Runs the built program and captures its output.
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
  int exit_code = -1;  // 128 + n if signal n ended it
  std::string out, err;
  double seconds = 0;
  double cpu_seconds = 0;  // of all its threads: the elapsed time on an idle machine
  long peak_kib = 0;       // peak memory
};

enum class Stdin : std::uint8_t { kFile, kTerminal };

enum class Stdout : std::uint8_t { kFile, kClosedPipe };  // the reader of the pipe has closed it

struct CliOptions {
  std::string input = {};                                             // standard input
  std::vector<std::pair<std::string, std::string>> environment = {};  // added to ours
  Stdin stdin_kind = Stdin::kFile;                                    // a terminal gets the input as typed, then Ctrl-D
  Stdout stdout_kind = Stdout::kFile;
  std::string working_directory = {};  // ours if empty
  int signal = 0;                      // sent `signal_after_s` after main has begun (SIGKILL: after the start); 0: none
  double signal_after_s = 0;
  std::uint64_t address_space = 0;  // `ulimit -v` in bytes; 0: none
  std::uint64_t file_size = 0;      // `ulimit -f` in bytes; 0: none
  std::uint64_t open_files = 0;     // `ulimit -n`; 0: none
};

// An invalid call, for tables of them.
struct Wrong {
  const char* name;
  std::vector<std::string> arguments;
  int exit_code;
  const char* said;  // part of the message
};

// False if /dev/pts is missing, as in a chroot: then tests of Stdin::kTerminal are skipped.
bool terminals_here();

// Until its main function has begun, a process has the default signal actions.
void wait_for_main(pid_t child);

CliResult run_linnet(const std::vector<std::string>& arguments, const CliOptions& options = {});

// In a child process: becomes the program.
[[noreturn]] void exec_linnet(const std::vector<std::string>& arguments);

}  // namespace linnet::test

#include "tests/cli/run_linnet.h"

#include <fcntl.h>
#include <signal.h>  // NOLINT: kill is POSIX, not in <csignal>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>

#include "tests/scratch.h"

namespace linnet::test {

void exec_linnet(const std::vector<std::string>& arguments) {
  std::vector<char*> argv = {const_cast<char*>(LINNET_BINARY)};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execv(LINNET_BINARY, argv.data());
  _exit(127);
}

namespace {

std::string read_all(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The two ends of a terminal with `input` and Ctrl-D already typed; the child reads from the second.
class Terminal {
 public:
  explicit Terminal(const std::string& input) : master_(posix_openpt(O_RDWR | O_NOCTTY)) {
    if (grantpt(master_) != 0 || unlockpt(master_) != 0) return;
    slave_ = open(ptsname(master_), O_RDWR | O_NOCTTY);
    if (slave_ < 0) return;
    termios settings{};
    tcgetattr(slave_, &settings);
    settings.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(slave_, TCSANOW, &settings);
    const std::string typed = input + "\x04";
    if (write(master_, typed.data(), typed.size()) < 0) std::perror("terminal");
  }
  ~Terminal() {
    close(slave_);
    close(master_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  int slave() const { return slave_; }

 private:
  int master_, slave_ = -1;
};

// In the child; does not return. `terminal` is standard input unless negative.
void become_linnet(const std::string& folder, const std::vector<std::string>& arguments, const CliOptions& options,
                   int terminal) {
  for (const auto& [name, value] : options.environment) setenv(name.c_str(), value.c_str(), 1);
  const auto limit = [](auto resource, std::uint64_t bytes) {
    const rlimit most{bytes, bytes};
    if (bytes > 0 && setrlimit(resource, &most) != 0) _exit(126);
  };
  limit(RLIMIT_AS, options.address_space);
  limit(RLIMIT_FSIZE, options.file_size);
  limit(RLIMIT_NOFILE, options.open_files);
  const bool opened = std::freopen((folder + "/in").c_str(), "rb", stdin) &&
                      std::freopen((folder + "/out").c_str(), "wb", stdout) &&
                      std::freopen((folder + "/err").c_str(), "wb", stderr);
  if (terminal >= 0) dup2(terminal, STDIN_FILENO);
  if (int ends[2]; options.stdout_kind == Stdout::kClosedPipe && pipe(ends) == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
  }
  if (!opened || (!options.working_directory.empty() && chdir(options.working_directory.c_str()) != 0)) _exit(126);
  exec_linnet(arguments);
}

}  // namespace

void wait_for_main(pid_t child) {
  constexpr unsigned long long kTerm = 1ULL << (SIGTERM - 1);
  for (int attempt = 0; attempt < 10'000; ++attempt) {
    std::ifstream status("/proc/" + std::to_string(child) + "/status");
    if (!status) return;
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("State:\tZ")) return;
      if (line.starts_with("SigBlk:") && (std::stoull(line.substr(7), nullptr, 16) & kTerm) != 0) return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

bool terminals_here() { return Terminal("").slave() >= 0; }

CliResult run_linnet(const std::vector<std::string>& arguments, const CliOptions& options) {
  const Scratch scratch;
  const std::string folder = scratch.path().string();
  std::ofstream(folder + "/in", std::ios::binary) << options.input;
  const auto start = std::chrono::steady_clock::now();
  std::optional<Terminal> terminal;
  if (options.stdin_kind == Stdin::kTerminal) terminal.emplace(options.input);
  const pid_t child = fork();
  if (child == 0) become_linnet(folder, arguments, options, terminal ? terminal->slave() : -1);
  if (options.signal != 0) {
    if (options.signal != SIGKILL) wait_for_main(child);
    std::this_thread::sleep_for(std::chrono::duration<double>(options.signal_after_s));
    kill(child, options.signal);
  }
  int status = 0;
  rusage use = {};
  wait4(child, &status, 0, &use);
  CliResult result;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  result.cpu_seconds = seconds(use.ru_utime) + seconds(use.ru_stime);
  result.peak_kib = use.ru_maxrss;
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.out = read_all(folder + "/out");
  result.err = read_all(folder + "/err");
  return result;
}

}  // namespace linnet::test

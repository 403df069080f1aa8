#include "tests/cli/terminal_session.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>  // NOLINT: kill is POSIX, not in <csignal>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>

#include "tests/cli/run_linnet.h"

namespace linnet::test {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void become_linnet(const std::vector<std::string>& arguments, const TerminalOptions& options) {
  setenv("TERM", "xterm-256color", 1);
  unsetenv("NO_COLOR");
  for (const auto& [name, value] : options.environment) setenv(name.c_str(), value.c_str(), 1);
  if (!options.stdout_file.empty()) {
    const int file = open(options.stdout_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || dup2(file, STDOUT_FILENO) < 0) _exit(126);
  }
  exec_linnet(arguments);
}

}  // namespace

TerminalSession::TerminalSession(const std::vector<std::string>& arguments, const TerminalOptions& options) {
  winsize size{};
  size.ws_col = static_cast<unsigned short>(options.columns);
  size.ws_row = static_cast<unsigned short>(options.rows);
  child_ = forkpty(&terminal_, nullptr, nullptr, &size);
  if (child_ == 0) become_linnet(arguments, options);
  fcntl(terminal_, F_SETFL, O_NONBLOCK);
}

TerminalSession::~TerminalSession() {
  if (child_ > 0) {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  if (terminal_ >= 0) close(terminal_);
}

void TerminalSession::type(std::string_view keys) {
  while (!keys.empty()) {
    const ssize_t written = ::write(terminal_, keys.data(), keys.size());
    if (written > 0) {
      keys.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EAGAIN && errno != EINTR) {
      return;
    }
    if (!keys.empty()) read_some(0.02);  // the terminal must be read, or the program stops reading
  }
}

void TerminalSession::resize(int columns, int rows) {
  winsize size{};
  size.ws_col = static_cast<unsigned short>(columns);
  size.ws_row = static_cast<unsigned short>(rows);
  ioctl(terminal_, TIOCSWINSZ, &size);
}

void TerminalSession::signal(int number) { kill(child_, number); }

bool TerminalSession::read_some(double seconds) {
  pollfd ready{terminal_, POLLIN, 0};
  if (poll(&ready, 1, static_cast<int>(seconds * 1000)) <= 0) return true;
  char bytes[65536];
  const ssize_t got = read(terminal_, bytes, sizeof(bytes));
  if (got > 0) output_.append(bytes, static_cast<std::size_t>(got));
  return got > 0 || errno == EAGAIN || errno == EINTR;  // EIO: the other end is closed
}

bool TerminalSession::wait_for(std::string_view text, double seconds) {
  for (const auto start = Clock::now();;) {
    if (const auto at = output_.find(text, found_); at != output_.npos) {
      found_ = at + text.size();
      return true;
    }
    if (seconds_since(start) > seconds || !read_some(0.1)) return false;
  }
}

void TerminalSession::read_for(double seconds) {
  for (const auto start = Clock::now(); seconds_since(start) < seconds;)
    if (!read_some(0.05)) return;
}

int TerminalSession::finish(double seconds) {
  for (const auto start = Clock::now();;) {
    const bool open = read_some(0.05);
    int status = 0;
    if (waitpid(child_, &status, open ? WNOHANG : 0) == child_) {
      while (open && read_some(0.05) && poll(nullptr, 0, 0) == 0) {
        pollfd more{terminal_, POLLIN, 0};
        if (poll(&more, 1, 0) <= 0 || (more.revents & POLLIN) == 0) break;
      }
      child_ = -1;
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    if (seconds_since(start) > seconds) return -1;
  }
}

bool TerminalSession::echoes() const {
  termios settings{};
  return tcgetattr(terminal_, &settings) == 0 && (settings.c_lflag & ECHO) != 0;
}

}  // namespace linnet::test

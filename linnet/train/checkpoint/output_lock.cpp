#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "linnet/base/error.h"
#include "linnet/train/checkpoint/checkpointing.h"

namespace linnet {
namespace {

constexpr const char* kLockName = ".linnet-train.lock";

// Field 22 of /proc/<pid>/stat, in clock ticks since boot; 0 if there is no such process.
unsigned long long start_time(pid_t pid) {
  std::ifstream in(fmt::format("/proc/{}/stat", pid));
  std::stringstream text;
  text << in.rdbuf();
  const std::string line = text.str();
  const auto name_end = line.rfind(')');  // the name may contain spaces and parentheses
  if (name_end == line.npos) return 0;
  std::istringstream fields(line.substr(name_end + 1));
  std::string skipped;
  for (int i = 3; i < 22; ++i) fields >> skipped;
  unsigned long long ticks = 0;
  fields >> ticks;
  return ticks;
}

struct Holder {
  pid_t pid = 0;
  unsigned long long start = 0;
};

Holder read_holder(int descriptor) {
  char text[64] = {};
  const ssize_t got = ::pread(descriptor, text, sizeof text - 1, 0);
  Holder holder;
  if (got > 0) std::istringstream(std::string(text, static_cast<std::size_t>(got))) >> holder.pid >> holder.start;
  return holder;
}

bool alive(const Holder& holder) {
  return holder.pid > 0 && holder.start != 0 && start_time(holder.pid) == holder.start;
}

// Another run may have removed the file between open and flock; then the lock has no effect.
bool still_named(int descriptor, const std::filesystem::path& file) {
  struct stat held {
  }, named{};
  return ::fstat(descriptor, &held) == 0 && ::stat(file.c_str(), &named) == 0 && held.st_ino == named.st_ino;
}

}  // namespace

OutputLock::OutputLock(const std::filesystem::path& output) : file_(output / kLockName) {
  for (int attempt = 0; attempt < 8; ++attempt) {
    descriptor_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    check(descriptor_ >= 0, ErrorKind::kRuntime, "{}: cannot be written ({})", file_.string(), std::strerror(errno));
    // On a file system without flock, only process number and start time decide.
    const bool busy = ::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    const Holder holder = read_holder(descriptor_);
    if (busy || (alive(holder) && holder.pid != ::getpid())) {
      ::close(descriptor_);
      descriptor_ = -1;
      fail(ErrorKind::kInvalidArgument,
           "{}: process {} is training into this folder; wait for it or choose another one", output.string(),
           holder.pid);
    }
    if (still_named(descriptor_, file_)) break;
    ::close(descriptor_);
    descriptor_ = -1;
  }
  check(descriptor_ >= 0, ErrorKind::kRuntime, "{}: the lock cannot be taken", file_.string());
  const std::string text = fmt::format("{} {}\n", ::getpid(), start_time(::getpid()));
  if (::ftruncate(descriptor_, 0) != 0 || ::pwrite(descriptor_, text.data(), text.size(), 0) < 0)
    fail(ErrorKind::kRuntime, "{}: cannot be written ({})", file_.string(), std::strerror(errno));
}

OutputLock::~OutputLock() {
  if (descriptor_ < 0) return;
  ::unlink(file_.c_str());
  ::close(descriptor_);
}

}  // namespace linnet

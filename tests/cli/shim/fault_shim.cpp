// Preloaded into the program by tests/cli/faults_test.cpp: fails the n-th change of a folder or kills the process
// there, records every change, sets clock and host name, and fails one allocation. Controlled by environment variables:
//
//   FAULT_BELOW=FOLDER        counts changes below it from 1: creating, writing, syncing, renaming, removing
//   FAULT_AT=N                the change of the fault
//   FAULT_KIND=die|short|E    SIGKILL in the middle of it; from then on short and interrupted writes; or
//                             from then on everything that needs disk space fails with errno E
//   FAULT_RECORD=FILE         a record per change: `<allocations so far> <what> <path> [<path or offset> [<bytes>]]`
//                             and a line feed, for a write followed by the data
//   FAULT_ALLOCATION=N        the N-th allocation of the process fails
//   FAULT_CLOCK=SECONDS       added to the time of day
//   FAULT_HOST=NAME           the host name
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace {

const char* set(const char* variable, const char* otherwise = "") {
  const char* value = std::getenv(variable);
  return value != nullptr ? value : otherwise;
}
long number(const char* variable) { return std::strtol(set(variable, "0"), nullptr, 10); }

std::atomic<long> changes{0}, allocations{0};

template <class Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

struct Path {
  char text[4300] = {};
  bool counts() const {
    static const char* const below = set("FAULT_BELOW", "/nowhere");
    static const std::size_t length = std::strlen(below);
    return std::strncmp(text, below, length) == 0;
  }
};

Path of_descriptor(int descriptor) {
  Path path;
  char link[64];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t n = ::readlink(link, path.text, sizeof path.text - 1);
  path.text[n > 0 ? n : 0] = '\0';
  return path;
}

Path of_name(int folder, const char* name) {
  Path path;
  if (name[0] == '/') {
    std::snprintf(path.text, sizeof path.text, "%s", name);
    return path;
  }
  if (folder == AT_FDCWD) {
    if (::getcwd(path.text, sizeof path.text) == nullptr) path.text[0] = '\0';
  } else {
    path = of_descriptor(folder);
  }
  const std::size_t used = std::strlen(path.text);
  std::snprintf(path.text + used, sizeof path.text - used, "/%s", name);
  return path;
}

void record(const char* what, const Path& path, const char* more, const iovec& bytes) {
  static const int file = [] {
    const char* name = set("FAULT_RECORD", nullptr);
    return name == nullptr ? -1
                           : static_cast<int>(::syscall(SYS_openat, AT_FDCWD, name,
                                                        O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  }();
  if (file < 0) return;
  char line[8800];
  const int n = std::snprintf(line, sizeof line, "%ld %s %s%s\n", allocations.load(), what, path.text, more);
  const iovec parts[] = {{line, static_cast<std::size_t>(n)}, bytes};
  if (real<ssize_t (*)(int, const iovec*, int)>("writev")(file, parts, 2) < 0) std::abort();
}

enum class Fate { kGoesOn, kFails, kDies, kIsShort };
enum class Needs { kRoom, kNothing };  // on the disk

Fate fate(Needs needs) {
  static const long at = number("FAULT_AT");
  static const char* const kind = set("FAULT_KIND");
  const long now = ++changes;
  if (at == 0 || now < at) return Fate::kGoesOn;
  if (std::strcmp(kind, "die") == 0) return Fate::kDies;
  if (std::strcmp(kind, "short") == 0) return Fate::kIsShort;
  if (needs == Needs::kNothing) return Fate::kGoesOn;
  errno = std::atoi(kind);
  return Fate::kFails;
}

[[noreturn]] void die() {
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

// A change that is atomic.
template <class Call>
int change(Needs needs, const char* what, const Path& path, const char* more, Call call) {
  if (!path.counts()) return call();
  switch (fate(needs)) {
    case Fate::kFails:
      return -1;
    case Fate::kDies:
      die();
    default:
      break;
  }
  const int result = call();
  record(result >= 0 ? what : "nothing", path, more, {});  // counts nevertheless
  return result;
}

template <class Call>
int open_for_writing(int folder, const char* name, int flags, Call call) {
  if ((flags & (O_CREAT | O_TRUNC)) == 0) return call();
  const Path path = of_name(folder, name);
  struct stat info {};
  const bool there = ::stat(path.text, &info) == 0;
  if (there && (flags & O_TRUNC) == 0) return call();
  return change(Needs::kRoom, there ? "empty" : "create", path, "", call);
}

// Number of bytes to write: all, some, or -1 with errno set.
ssize_t allowed(std::size_t bytes) {
  static bool interrupt = false;
  switch (fate(Needs::kRoom)) {
    case Fate::kFails:
      return -1;
    case Fate::kIsShort:
      interrupt = !interrupt;
      if (!interrupt) return static_cast<ssize_t>(std::min<std::size_t>(bytes, 4099));
      errno = EINTR;
      return -1;
    default:
      return static_cast<ssize_t>(bytes);
  }
}

template <class Call>
ssize_t write_some(int descriptor, const void* data, std::size_t bytes, Call call) {
  const Path path = of_descriptor(descriptor);
  if (!path.counts()) return call(bytes);
  static const bool dies = std::strcmp(set("FAULT_KIND"), "die") == 0;
  if (dies && changes + 1 == number("FAULT_AT")) {
    call(bytes / 2);
    die();
  }
  const ssize_t most = allowed(bytes);
  if (most < 0) return -1;
  char offset[32];
  struct stat info {};
  const bool appends = (::fcntl(descriptor, F_GETFL) & O_APPEND) != 0 && ::fstat(descriptor, &info) == 0;
  const long at = appends ? static_cast<long>(info.st_size) : static_cast<long>(::lseek(descriptor, 0, SEEK_CUR));
  const ssize_t written = call(static_cast<std::size_t>(most));
  if (written < 0) return written;
  std::snprintf(offset, sizeof offset, " %ld %zd", at, written);
  record("write", path, offset, {const_cast<void*>(data), static_cast<std::size_t>(written)});
  return written;
}

bool allocation_fails() {
  static long at = -1;
  if (at < 0 && environ != nullptr) at = number("FAULT_ALLOCATION");  // the loader allocates before there is one
  return ++allocations == at;
}

}  // namespace

extern "C" {

// NOLINTBEGIN: the names and shapes are the system's.
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t n) { return allocation_fails() ? (errno = ENOMEM, nullptr) : __libc_malloc(n); }
void* calloc(std::size_t n, std::size_t size) {
  return allocation_fails() ? (errno = ENOMEM, nullptr) : __libc_calloc(n, size);
}
void* realloc(void* old, std::size_t n) {
  return allocation_fails() ? (errno = ENOMEM, nullptr) : __libc_realloc(old, n);
}
void* aligned_alloc(std::size_t alignment, std::size_t n) {
  return allocation_fails() ? (errno = ENOMEM, nullptr) : __libc_memalign(alignment, n);
}
int posix_memalign(void** at, std::size_t alignment, std::size_t n) {
  if (allocation_fails()) return ENOMEM;
  *at = __libc_memalign(alignment, n);
  return *at != nullptr ? 0 : ENOMEM;
}

int open(const char* name, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  static const auto call = real<int (*)(const char*, int, ...)>("open");
  return open_for_writing(AT_FDCWD, name, flags, [&] { return call(name, flags, mode); });
}
int open64(const char* name, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return open(name, flags, mode);
}
FILE* fopen(const char* name, const char* mode) {
  static const auto call = real<FILE* (*)(const char*, const char*)>("fopen");
  FILE* file = nullptr;
  const int flags = mode[0] == 'w' ? O_CREAT | O_TRUNC : mode[0] == 'a' ? O_CREAT : 0;
  open_for_writing(AT_FDCWD, name, flags, [&] { return (file = call(name, mode)) != nullptr ? 0 : -1; });
  return file;
}
FILE* fopen64(const char* name, const char* mode) { return fopen(name, mode); }

ssize_t write(int descriptor, const void* data, std::size_t n) {
  static const auto call = real<ssize_t (*)(int, const void*, std::size_t)>("write");
  return write_some(descriptor, data, n, [&](std::size_t most) { return call(descriptor, data, most); });
}
ssize_t writev(int descriptor, const iovec* parts, int count) {
  static const auto call = real<ssize_t (*)(int, const iovec*, int)>("writev");
  if (!of_descriptor(descriptor).counts()) return call(descriptor, parts, count);
  ssize_t sum = 0;
  for (int i = 0; i < count; ++i) {
    if (parts[i].iov_len == 0) continue;
    const ssize_t n = write(descriptor, parts[i].iov_base, parts[i].iov_len);
    if (n < 0) return sum > 0 ? sum : n;
    sum += n;
    if (static_cast<std::size_t>(n) < parts[i].iov_len) break;
  }
  return sum;
}
// Recorded without waiting: no test has a real power loss.
int fsync(int descriptor) {
  static const auto call = real<int (*)(int)>("fsync");
  const Path path = of_descriptor(descriptor);
  return path.counts() ? change(Needs::kRoom, "sync", path, "", [] { return 0; }) : call(descriptor);
}
int ftruncate(int descriptor, off_t length) {
  static const auto call = real<int (*)(int, off_t)>("ftruncate");
  if (length != 0) return call(descriptor, length);
  return change(Needs::kRoom, "empty", of_descriptor(descriptor), "", [&] { return call(descriptor, length); });
}
int rename(const char* from, const char* to) {
  static const auto call = real<int (*)(const char*, const char*)>("rename");
  char more[4400];
  std::snprintf(more, sizeof more, " %s", of_name(AT_FDCWD, to).text);
  return change(Needs::kRoom, "rename", of_name(AT_FDCWD, from), more, [&] { return call(from, to); });
}
int mkdir(const char* name, mode_t mode) {
  static const auto call = real<int (*)(const char*, mode_t)>("mkdir");
  return change(Needs::kRoom, "mkdir", of_name(AT_FDCWD, name), "", [&] { return call(name, mode); });
}
int unlink(const char* name) {
  static const auto call = real<int (*)(const char*)>("unlink");
  return change(Needs::kNothing, "remove", of_name(AT_FDCWD, name), "", [&] { return call(name); });
}
int unlinkat(int folder, const char* name, int flags) {
  static const auto call = real<int (*)(int, const char*, int)>("unlinkat");
  return change(Needs::kNothing, "remove", of_name(folder, name), "", [&] { return call(folder, name, flags); });
}
int rmdir(const char* name) {
  static const auto call = real<int (*)(const char*)>("rmdir");
  return change(Needs::kNothing, "remove", of_name(AT_FDCWD, name), "", [&] { return call(name); });
}
int remove(const char* name) {
  static const auto call = real<int (*)(const char*)>("remove");
  return change(Needs::kNothing, "remove", of_name(AT_FDCWD, name), "", [&] { return call(name); });
}

int clock_gettime(clockid_t clock, timespec* time) {
  static const auto call = real<int (*)(clockid_t, timespec*)>("clock_gettime");
  const int result = call(clock, time);
  if (clock == CLOCK_REALTIME) time->tv_sec += number("FAULT_CLOCK");
  return result;
}
time_t time(time_t* also) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (also != nullptr) *also = now.tv_sec;
  return now.tv_sec;
}
int gettimeofday(timeval* tv, void*) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  *tv = {now.tv_sec, now.tv_nsec / 1000};
  return 0;
}
int gethostname(char* name, std::size_t n) {
  static const auto call = real<int (*)(char*, std::size_t)>("gethostname");
  const char* false_name = set("FAULT_HOST", nullptr);
  if (false_name == nullptr) return call(name, n);
  std::snprintf(name, n, "%s", false_name);
  return 0;
}
// NOLINTEND
}

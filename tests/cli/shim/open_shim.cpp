// Preloaded into the program by tests/cli/opens_test.cpp: records which files are opened for reading.
//
//   OPENS_BELOW=FOLDER   only files below it
//   OPENS_RECORD=FILE    a line with the path per open
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

template <class Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

void record(int descriptor) {
  const char *below = std::getenv("OPENS_BELOW"), *file = std::getenv("OPENS_RECORD");
  struct stat info {};
  if (below == nullptr || file == nullptr || descriptor < 0 || ::fstat(descriptor, &info) != 0) return;
  if (!S_ISREG(info.st_mode) || (::fcntl(descriptor, F_GETFL) & O_ACCMODE) != O_RDONLY) return;
  char link[64], path[4300];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t n = ::readlink(link, path, sizeof path - 1);
  if (n <= 0 || std::strncmp(path, below, std::strlen(below)) != 0) return;
  path[n] = '\n';
  const auto out =
      static_cast<int>(::syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (out < 0 || ::write(out, path, static_cast<std::size_t>(n) + 1) != n + 1) std::abort();
  ::close(out);
}

}  // namespace

extern "C" {

// NOLINTBEGIN: the names and shapes are the system's.
int openat(int folder, const char* name, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  static const auto call = real<int (*)(int, const char*, int, ...)>("openat");
  const int descriptor = call(folder, name, flags, mode);
  record(descriptor);
  return descriptor;
}
int openat64(int folder, const char* name, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return openat(folder, name, flags, mode);
}
int open(const char* name, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return openat(AT_FDCWD, name, flags, mode);
}
int open64(const char* name, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return openat(AT_FDCWD, name, flags, mode);
}
FILE* fopen(const char* name, const char* mode) {
  static const auto call = real<FILE* (*)(const char*, const char*)>("fopen");
  FILE* const file = call(name, mode);
  if (file != nullptr) record(::fileno(file));
  return file;
}
FILE* fopen64(const char* name, const char* mode) { return fopen(name, mode); }
// NOLINTEND
}

#include "linnet/base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>  // NOLINT: nanosleep is POSIX, not in <ctime>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "linnet/base/error.h"

namespace linnet {
namespace {

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags, mode_t mode = 0)
      : value_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  Descriptor(int folder, const std::filesystem::path& name, int flags)
      : value_(::openat(folder, name.c_str(), flags | O_CLOEXEC)) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

std::string reason() { return std::strerror(errno); }

// Returns whether the error is the machine's or that of the file at the path.
ErrorKind kind_of(int error) {
  const bool machine = error == EMFILE || error == ENFILE || error == ENOMEM || error == EIO;
  return machine ? ErrorKind::kRuntime : ErrorKind::kBadInput;
}

std::size_t regular_size(const Descriptor& file, const std::filesystem::path& path) {
  check(file.get() >= 0, kind_of(errno), "{}: cannot be opened ({})", path.string(), reason());
  struct stat info {};
  check(::fstat(file.get(), &info) == 0, ErrorKind::kRuntime, "{}: {}", path.string(), reason());
  check(S_ISREG(info.st_mode), ErrorKind::kBadInput, "{}: is not a file", path.string());
  return static_cast<std::size_t>(info.st_size);
}

void write_all(int descriptor, const char* data, std::size_t bytes, const std::filesystem::path& target) {
  while (bytes > 0) {
    const ssize_t n = ::write(descriptor, data, bytes);
    if (n < 0 && errno == EINTR) continue;
    check(n >= 0, ErrorKind::kRuntime, "{}: writing failed ({}); the previous file is untouched", target.string(),
          reason());
    data += n;
    bytes -= static_cast<std::size_t>(n);
  }
}

// Data that a signal handler may read. Beyond the last slot a file has no name there, and unfinished files stay.
struct MappedRange {
  std::atomic<bool> taken = false;
  std::atomic<const std::byte*> begin = nullptr;  // written last
  std::size_t size = 0;
  const char* path = nullptr;
};
std::array<MappedRange, 64> mapped_ranges;
std::array<const char*, 16> unfinished{};

void enlist(const MappedFile& file) {
  for (MappedRange& range : mapped_ranges) {
    if (range.taken.exchange(true)) continue;
    range.size = file.bytes().size();
    range.path = file.path().c_str();
    range.begin = file.data();
    return;
  }
}
void strike(const std::byte* begin) {
  for (MappedRange& range : mapped_ranges) {
    if (range.begin != begin) continue;
    range.begin = nullptr;
    range.taken = false;
    return;
  }
}

// Guards the list of unfinished files and keeps it consistent with the disk: creating, renaming into place and removing
// exclude each other. A signal handler may take it: no signal whose handler takes it interrupts a holder.
std::atomic_flag unfinished_busy;

void lock_unfinished() noexcept {
  while (unfinished_busy.test_and_set(std::memory_order_acquire)) ::sched_yield();
}

class UnfinishedGuard {
 public:
  UnfinishedGuard() { lock_unfinished(); }
  ~UnfinishedGuard() { unfinished_busy.clear(std::memory_order_release); }
  UnfinishedGuard(const UnfinishedGuard&) = delete;
  UnfinishedGuard& operator=(const UnfinishedGuard&) = delete;

  void enlist(const std::filesystem::path& temporary) const {
    for (const char*& slot : unfinished) {
      if (slot != nullptr) continue;
      slot = temporary.c_str();
      return;
    }
  }
  void strike(const std::filesystem::path& temporary) const {
    for (const char*& slot : unfinished)
      if (slot == temporary.c_str()) slot = nullptr;
  }
};

// Removes a file, or a folder with all in it. System calls only: the C library's directory functions allocate.
void remove_tree(int parent, const char* name) noexcept {
  if (::unlinkat(parent, name, 0) == 0) return;
  const int folder = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) return;
  alignas(dirent64) char entries[4096];
  for (long bytes = 0; (bytes = ::syscall(SYS_getdents64, folder, entries, sizeof entries)) > 0;) {
    for (long at = 0; at < bytes;) {
      const auto* entry = reinterpret_cast<const dirent64*>(entries + at);
      at += entry->d_reclen;
      if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
        remove_tree(folder, entry->d_name);
    }
  }
  ::close(folder);
  ::unlinkat(parent, name, AT_REMOVEDIR);
}

}  // namespace

void remove_tree(const std::filesystem::path& path) noexcept { remove_tree(AT_FDCWD, path.c_str()); }

void remove_below(const std::filesystem::path& root, const std::filesystem::path& inner) {
  auto folder = std::make_unique<Descriptor>(root, O_PATH | O_DIRECTORY);
  std::filesystem::path place = root;
  for (const std::filesystem::path& part : inner.parent_path()) {
    place /= part;
    auto next = std::make_unique<Descriptor>(folder->get(), part, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    if (next->get() < 0 && (errno == ENOENT || errno == EBADF)) return;
    check(next->get() >= 0, ErrorKind::kBadInput,
          "{}: is a link, or not a folder; nothing behind it is removed: look at "
          "it and remove it by hand",
          place.string());
    folder = std::move(next);
  }
  const std::string name = inner.filename().string();
  remove_tree(folder->get(), name.c_str());
  struct stat info {};
  const bool gone = ::fstatat(folder->get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0;
  check(gone, ErrorKind::kRuntime, "{}: cannot be removed; look at its permissions", (root / inner).string());
}

void remove_unfinished() noexcept {
  lock_unfinished();              // never released: the program ends
  constexpr int kAttempts = 100;  // another thread may still write into a folder
  for (const char* const path : unfinished)
    for (int attempt = 0; path != nullptr && attempt < kAttempts; ++attempt) {
      remove_tree(AT_FDCWD, path);
      if (::access(path, F_OK) != 0) break;
      const timespec nap{0, 1'000'000};
      ::nanosleep(&nap, nullptr);
    }
}

const char* mapped_file_at(const void* address) noexcept {
  for (const MappedRange& range : mapped_ranges) {
    const std::byte* const begin = range.begin;
    if (begin != nullptr && address >= begin && address < begin + range.size) return range.path;
  }
  return nullptr;
}

namespace {

// Result of stat: what exists at the path, or the error if it is not simply absent.
Presence presence(const std::filesystem::path& path, struct stat& info) {
  if (::stat(path.c_str(), &info) != 0) {
    const int error = errno;
    struct stat link {};
    const bool dangling = error == ENOENT && ::lstat(path.c_str(), &link) == 0;
    check(!dangling, ErrorKind::kBadInput, "{}: is a link to nothing; download or copy it again", path.string());
    const bool absent = error == ENOENT || error == ENOTDIR;
    check(absent, kind_of(error), "{}: cannot be looked at ({}); mend or remove it", path.string(),
          std::strerror(error));
    return Presence::kAbsent;
  }
  return S_ISREG(info.st_mode) ? Presence::kFile : S_ISDIR(info.st_mode) ? Presence::kFolder : Presence::kOther;
}

}  // namespace

Presence presence(const std::filesystem::path& path) {
  struct stat info {};
  return presence(path, info);
}
bool is_file(const std::filesystem::path& path) { return presence(path) == Presence::kFile; }
bool is_folder(const std::filesystem::path& path) { return presence(path) == Presence::kFolder; }

bool has_companion(const std::filesystem::path& file) {
  const Presence found = presence(file);
  if (found == Presence::kAbsent) return false;
  check(found == Presence::kFile, ErrorKind::kBadInput, "{}: is not a file; put the file back, or remove what is there",
        file.string());
  check(::access(file.c_str(), R_OK) == 0, ErrorKind::kBadInput, "{}: cannot be read ({}); mend its permissions",
        file.string(), reason());
  return true;
}

std::uint64_t file_bytes(const std::filesystem::path& file) {
  struct stat info {};
  check(presence(file, info) == Presence::kFile, ErrorKind::kBadInput, "{}: is not a file", file.string());
  return static_cast<std::uint64_t>(info.st_size);
}

std::vector<std::filesystem::path> list_folder(const std::filesystem::path& folder, std::size_t most) {
  std::vector<std::filesystem::path> entries;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    check(entries.size() < most, ErrorKind::kBadInput, "{}: holds more than {} files", folder.string(), most);
    entries.push_back(at->path());
  }
  check(!error, kind_of(error.value()), "{}: cannot be listed ({})", folder.string(), error.message());
  std::sort(entries.begin(), entries.end());
  return entries;
}

std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder, std::size_t most) {
  constexpr int kDeepest = 64;
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    check(at.depth() < kDeepest && files.size() < most, ErrorKind::kBadInput,
          "{}: holds more than {} files, or folders more than {} deep; remove what does not belong there",
          folder.string(), most, kDeepest);
    const bool is_folder = at->symlink_status(error).type() == std::filesystem::file_type::directory;
    if (!error && !is_folder) files.push_back(at->path().lexically_relative(folder));
  }
  check(!error, kind_of(error.value()), "{}: cannot be listed ({}); look at its permissions", folder.string(),
        error.message());
  std::sort(files.begin(), files.end());
  return files;
}

bool is_link(const std::filesystem::path& path) noexcept {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode);
}

void rename_path(const std::filesystem::path& from, const std::filesystem::path& to) {
  check(::rename(from.c_str(), to.c_str()) == 0, ErrorKind::kRuntime, "{}: cannot be put in place ({})", to.string(),
        reason());
}

void make_folders(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  check(!error, ErrorKind::kRuntime, "{}: cannot be made ({})", folder.string(), error.message());
}

std::string read_file(const std::filesystem::path& path, std::size_t most) {
  const Descriptor file(path, O_RDONLY | O_NONBLOCK);
  const std::size_t size = regular_size(file, path);
  check(size <= most, ErrorKind::kBadInput, "{}: has {} bytes, at most {} are read; is it the right file?",
        path.string(), size, most);
  std::string text(size, '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t n = ::read(file.get(), text.data() + have, text.size() - have);
    if (n < 0 && errno == EINTR) continue;
    check(n >= 0, ErrorKind::kRuntime, "{}: reading failed ({})", path.string(), reason());
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  text.resize(have);
  return text;
}

std::shared_ptr<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  const Descriptor file(path, O_RDONLY | O_NONBLOCK);  // a pipe without a writer is not a file; do not wait for it
  std::shared_ptr<MappedFile> mapped(new MappedFile);
  mapped->path_ = path;
  mapped->size_ = regular_size(file, path);
  if (mapped->size_ == 0) return mapped;
  void* at = ::mmap(nullptr, mapped->size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file.get(), 0);
  check(at != MAP_FAILED, ErrorKind::kRuntime, "{}: cannot be mapped ({})", path.string(), reason());
  mapped->data_ = static_cast<std::byte*>(at);
  enlist(*mapped);
  return mapped;
}

MappedFile::~MappedFile() {
  if (data_ == nullptr) return;
  strike(data_);
  ::munmap(data_, size_);
}

void release_pages(const void* begin, std::size_t bytes) noexcept {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t before = (page - reinterpret_cast<std::uintptr_t>(begin) % page) % page;  // begun earlier
  if (before + page > bytes) return;
  auto* const first = static_cast<std::byte*>(const_cast<void*>(begin)) + before;
  ::madvise(first, (bytes - before) / page * page, MADV_DONTNEED);
}

namespace {

// Renames and removes the entry from the list; sets errno on failure.
bool put_in_place(const std::filesystem::path& temporary, const std::filesystem::path& target) {
  const UnfinishedGuard guard;
  if (::rename(temporary.c_str(), target.c_str()) != 0) return false;
  guard.strike(temporary);
  return true;
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path target) : target_(std::move(target)) {
  temporary_ = target_;
  temporary_ += fmt::format(".{}.incomplete", ::getpid());
  {
    const UnfinishedGuard guard;
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor_ >= 0) guard.enlist(temporary_);
  }
  check(descriptor_ >= 0, ErrorKind::kRuntime, "{}: cannot be written ({})", target_.string(), reason());
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
    ::unlink(temporary_.c_str());
  }
  UnfinishedGuard().strike(temporary_);
}

void AtomicFile::write(const void* data, std::size_t bytes) {
  write_all(descriptor_, static_cast<const char*>(data), bytes, target_);
}

void AtomicFile::commit() {
  check(::fsync(descriptor_) == 0, ErrorKind::kRuntime, "{}: syncing failed ({})", target_.string(), reason());
  const bool closed = ::close(descriptor_) == 0;
  descriptor_ = -1;
  if (!closed || !put_in_place(temporary_, target_)) {
    const std::string why = reason();
    ::unlink(temporary_.c_str());
    fail(ErrorKind::kRuntime, "{}: cannot be replaced ({})", target_.string(), why);
  }
  sync_directory(target_.parent_path());
}

AtomicFolder::AtomicFolder(std::filesystem::path target) : target_(std::move(target)) {
  if (!target_.has_filename()) target_ = target_.parent_path();  // "out/"
  std::error_code error;
  const bool there = std::filesystem::exists(target_, error);
  check(!there || (std::filesystem::is_directory(target_, error) && std::filesystem::is_empty(target_, error)),
        "{}: is there already; name another folder or remove it", target_.string());
  temporary_ = target_;
  temporary_ += fmt::format(".{}.incomplete", ::getpid());
  remove_tree(temporary_);
  {
    const UnfinishedGuard guard;
    std::filesystem::create_directories(temporary_, error);
    if (!error) guard.enlist(temporary_);
  }
  check(!error, ErrorKind::kRuntime, "{}: cannot be made ({})", target_.string(), error.message());
}

AtomicFolder::~AtomicFolder() {
  if (!temporary_.empty()) remove_tree(temporary_);
  UnfinishedGuard().strike(temporary_);
}

void AtomicFolder::commit() {
  sync_directory(temporary_);
  ::rmdir(target_.c_str());  // succeeds on an empty folder only
  check(put_in_place(temporary_, target_), ErrorKind::kRuntime, "{}: cannot be put in place ({})", target_.string(),
        reason());
  temporary_.clear();
  sync_directory(target_.parent_path());
}

void write_file(const std::filesystem::path& target, std::string_view text) {
  AtomicFile file(target);
  file.write(text);
  file.commit();
}

void sync_directory(const std::filesystem::path& folder) {
  const Descriptor directory(folder.empty() ? std::filesystem::path(".") : folder, O_RDONLY | O_DIRECTORY);
  // An unreadable folder and a file system without such a sync are not errors.
  const bool ok = directory.get() < 0 || ::fsync(directory.get()) == 0 || errno == EINVAL || errno == ENOTSUP;
  check(ok, ErrorKind::kRuntime, "{}: syncing failed ({})", folder.string(), reason());
}

bool safe_relative_name(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.size() > 4096) return false;
  if (name.find_first_of(std::string_view("\\:\0", 3)) != name.npos) return false;
  while (!name.empty()) {
    const auto slash = name.find('/');
    const std::string_view part = name.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == name.npos) break;
    name.remove_prefix(slash + 1);
    if (name.empty()) return false;
  }
  return true;
}

}  // namespace linnet

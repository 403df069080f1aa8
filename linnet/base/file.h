// Reads, maps and writes files; a reader sees the old bytes or the new ones, never a mixture.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace linnet {

// What exists at a path; links are followed. Unreadable is not absent: a dangling link, a loop of links, a folder that
// may not be searched or a name too long is kBadInput naming the path, never `kAbsent`. No other file may call
// functions of std::filesystem that throw: their exceptions have no advice (tools/check_tree.py, rule `filesystem`).
enum class Presence : std::uint8_t { kAbsent, kFile, kFolder, kOther };  // kOther: a pipe, a device, a socket
Presence presence(const std::filesystem::path& path);
bool is_file(const std::filesystem::path& path);  // false for a folder, pipe or device
bool is_folder(const std::filesystem::path& path);

// An optional file of a model folder: false if absent, true if it is a readable file; anything else (a folder, a pipe,
// a dangling link, no permission) is kBadInput naming it.
bool has_companion(const std::filesystem::path& file);

// Size of a file in bytes. Absent or not a file: kBadInput.
std::uint64_t file_bytes(const std::filesystem::path& file);

// The entries of a folder by name. Absent or unreadable: kBadInput; more than `most`: kBadInput.
std::vector<std::filesystem::path> list_folder(const std::filesystem::path& folder, std::size_t most = 100'000);

// All files below a folder as sorted relative paths; links are not followed. An absent or unreadable folder, one nested
// more than 64 deep or with more than `most` entries: kBadInput.
std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder, std::size_t most = 1'000'000);

// True for a symbolic link, also a dangling one.
bool is_link(const std::filesystem::path& path) noexcept;

// Creates a folder and its parents. kRuntime on failure.
void make_folders(const std::filesystem::path& folder);

// Renames and replaces `to`. kRuntime on failure.
void rename_path(const std::filesystem::path& from, const std::filesystem::path& to);

// Removes a file, a link or a folder with all in it, never the target of a link. Errors are ignored.
void remove_tree(const std::filesystem::path& path) noexcept;
// Removes root/inner. A folder below `root` that is a link is kBadInput naming it, so that nothing outside `root` is
// removed. Absent: does nothing. kRuntime if something could not be removed.
void remove_below(const std::filesystem::path& root, const std::filesystem::path& inner);

// The whole file; its size is checked before the first byte is read. Missing, unreadable, not a regular file or larger
// than `most`: kBadInput naming it.
std::string read_file(const std::filesystem::path& file, std::size_t most = std::size_t{8} << 30);

// A private mapping: pages are copied on first write, the file itself never changes.
class MappedFile {
 public:
  static std::shared_ptr<MappedFile> open(const std::filesystem::path& file);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::byte* data() const { return data_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  MappedFile() = default;
  std::filesystem::path path_;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// The file that is mapped at this address, or null. For a signal handler: takes no lock, allocates nothing, and knows a
// limited number of files.
const char* mapped_file_at(const void* address) noexcept;

// Releases the pages of a mapped range (madvise); the next access reads the file again.
void release_pages(const void* begin, std::size_t bytes) noexcept;

// Writes to a temporary file next to `target`; `commit` syncs and renames it. Without `commit` (after an exception) the
// temporary file is removed and the target is unchanged.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path target);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, std::size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }
  void commit();

 private:
  std::filesystem::path target_, temporary_;
  int descriptor_ = -1;
};

// A folder that gets its name only when complete: write files below `path()`, then `commit` renames it. Without
// `commit` the temporary folder is removed. A target that exists and is not an empty folder is kInvalidArgument.
class AtomicFolder {
 public:
  explicit AtomicFolder(std::filesystem::path target);
  ~AtomicFolder();
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;

  const std::filesystem::path& path() const { return temporary_; }
  void commit();

 private:
  std::filesystem::path target_, temporary_;  // temporary_ is empty once committed
};

// Removes temporary files and folders that are not committed, for a signal handler or a thread that ends the process
// without destructors. Afterwards nothing is committed, and threads that begin or end a write wait.
void remove_unfinished() noexcept;

void write_file(const std::filesystem::path& target, std::string_view text);  // atomic
void sync_directory(const std::filesystem::path& folder);                     // makes renames in it durable

// A name from an untrusted file (a shard, an archive member, a repository's file) that may be opened below a folder:
// relative, no "..", no drive, no backslash, no NUL, nothing empty. POSIX and Windows rules everywhere.
bool safe_relative_name(std::string_view name);

}  // namespace linnet

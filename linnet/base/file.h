// Files: read whole, mapped, and written so that a reader sees the old bytes or the new ones, never a mixture.
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

// What is at a path, links followed. Absent is not unreadable: a link to nothing, a loop of links, a folder that may
// not be searched or a name too long is kBadInput naming the path, never `kAbsent`. No call of std::filesystem that
// throws belongs outside this file: its exceptions name no advice (tools/check_tree.py, rule `filesystem`).
enum class Presence : std::uint8_t { kAbsent, kFile, kFolder, kOther };  // kOther: a pipe, a device, a socket
Presence presence(const std::filesystem::path& path);
bool is_file(const std::filesystem::path& path);  // a regular file; a folder, pipe or device in its place: false
bool is_folder(const std::filesystem::path& path);

// A file beside a model that may be left out: false where it is absent, true where it is a readable file; anything else
// in its place (a folder, a pipe, a link to nothing, no permission) is kBadInput naming it.
bool has_companion(const std::filesystem::path& file);

// Size of a file in bytes. Absent or not a file: kBadInput.
std::uint64_t file_bytes(const std::filesystem::path& file);

// The entries of a folder by name. Absent or unreadable: kBadInput; more than `most`: kBadInput.
std::vector<std::filesystem::path> list_folder(const std::filesystem::path& folder, std::size_t most = 100'000);

// All below a folder that is not a folder itself, as paths relative to it, sorted; links are not followed. An absent or
// unreadable folder, one nested more than 64 deep or with more than `most` entries: kBadInput.
std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder, std::size_t most = 1'000'000);

// A symbolic link, whatever it points to.
bool is_link(const std::filesystem::path& path) noexcept;

// Makes a folder and those above it. kRuntime where that fails.
void make_folders(const std::filesystem::path& folder);

// Renames; what is at `to` is replaced. kRuntime where that fails.
void rename_path(const std::filesystem::path& from, const std::filesystem::path& to);

// Removes a file, a link or a folder with all in it, never what a link points to. What cannot be removed stays.
void remove_tree(const std::filesystem::path& path) noexcept;
// The same of root/inner, where no folder below `root` on the way may be a link: kBadInput naming it, so that nothing
// outside `root` is removed. Absent: nothing is done. kRuntime where something stays.
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

// The file that is mapped at this address; null where none is. For a signal handler: nothing is locked or allocated,
// and only the first files of many are known.
const char* mapped_file_at(const void* address) noexcept;

// Gives the pages of a mapped range back to the system; they are read from the file again when touched.
void release_pages(const void* begin, std::size_t bytes) noexcept;

// Writes to a temporary file beside `target`; `commit` syncs it and renames it into place.
// Without `commit` (an exception on the way) the temporary file goes and the target stays as it was.
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

// A folder that appears under its name only when it is whole: files go below `path()`, `commit` renames it into place.
// Without `commit` the temporary folder goes. A target that is there and not an empty folder: kInvalidArgument.
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

// Removes the temporary files and folders of writes that have not been committed, for a signal handler or a thread that
// ends the process: destructors will not run. From then on nothing is committed, and who begins or ends a write waits.
void remove_unfinished() noexcept;

void write_file(const std::filesystem::path& target, std::string_view text);  // atomic
void sync_directory(const std::filesystem::path& folder);                     // makes renames in it durable

// A name from a foreign file (a shard, an archive member, a repository's file) that may be opened below a folder:
// relative, no "..", no drive, no backslash, no NUL, nothing empty. POSIX and Windows rules everywhere.
bool safe_relative_name(std::string_view name);

}  // namespace linnet

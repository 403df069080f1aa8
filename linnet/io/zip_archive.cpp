#include "linnet/io/zip_archive.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "linnet/base/error.h"
#include "linnet/base/file.h"

namespace linnet {
namespace {

constexpr std::uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50, kEnd64 = 0x06064b50,
                        kLocator64 = 0x07064b50;
constexpr std::size_t kLocalBytes = 30, kCentralBytes = 46, kEndBytes = 22, kLocator64Bytes = 20, kEnd64Bytes = 56;
constexpr std::size_t kMostMembers = 262'144;

class Archive {
 public:
  Archive(std::span<const std::byte> file, std::string_view place) : file_(file), place_(place) {}

  std::vector<ZipMember> members() {
    find_directory();
    std::vector<ZipMember> members;
    std::unordered_set<std::string> names;
    std::size_t at = directory_;
    for (std::uint64_t i = 0; i < count_; ++i) {
      members.push_back(central(at));
      check(names.insert(members.back().name).second, ErrorKind::kBadInput,
            "{}: the member '{}' stands twice; do not trust this file", place_, printable(members.back().name));
    }
    check_overlaps();
    return members;
  }

 private:
  struct Extent {
    std::size_t begin, end;  // from the local header to the last byte
  };

  template <class T>
  T at(std::size_t position, const char* what) const {
    check(position <= file_.size() && sizeof(T) <= file_.size() - position, ErrorKind::kBadInput,
          "{}: {} at byte {} is past the end; the file is cut short or damaged", place_, what, position);
    T value;
    std::memcpy(&value, file_.data() + position, sizeof value);
    return value;
  }

  // The end record is last, except for a comment of up to 65535 bytes.
  void find_directory() {
    check(file_.size() >= kEndBytes, ErrorKind::kBadInput, "{}: is too short for a zip archive; it is cut short",
          place_);
    const std::size_t last = file_.size() - kEndBytes, first = last > 65'535 ? last - 65'535 : 0;
    std::size_t end = last + 1;
    for (std::size_t position = last + 1; position-- > first;)
      if (at<std::uint32_t>(position, "the end record") == kEnd &&
          position + kEndBytes + at<std::uint16_t>(position + 20, "the comment") == file_.size()) {
        end = position;
        break;
      }
    check(end <= last, ErrorKind::kBadInput, "{}: has no zip directory; it is cut short or damaged", place_);
    count_ = at<std::uint16_t>(end + 10, "the member count");
    std::uint64_t directory_bytes = at<std::uint32_t>(end + 12, "the directory size"),
                  directory = at<std::uint32_t>(end + 16, "the directory offset");
    if (end >= kLocator64Bytes && at<std::uint32_t>(end - kLocator64Bytes, "the zip64 locator") == kLocator64) {
      const auto end64 = at<std::uint64_t>(end - kLocator64Bytes + 8, "the zip64 end record");
      check(end64 <= file_.size() && file_.size() - end64 >= kEnd64Bytes &&
                at<std::uint32_t>(static_cast<std::size_t>(end64), "the zip64 end record") == kEnd64,
            ErrorKind::kBadInput, "{}: the zip64 end record is not where the file says; damaged file", place_);
      const auto record = static_cast<std::size_t>(end64);
      count_ = at<std::uint64_t>(record + 32, "the member count");
      directory_bytes = at<std::uint64_t>(record + 40, "the directory size");
      directory = at<std::uint64_t>(record + 48, "the directory offset");
    }
    check(directory <= end && directory_bytes <= end - directory, ErrorKind::kBadInput,
          "{}: the zip directory ({} bytes at {}) is not inside the file; damaged file", place_, directory_bytes,
          directory);
    check(count_ <= kMostMembers && count_ <= directory_bytes / kCentralBytes, ErrorKind::kBadInput,
          "{}: claims {} members, its directory has {} bytes; damaged file", place_, count_, directory_bytes);
    directory_ = static_cast<std::size_t>(directory);
  }

  // Sizes and offset over 32 bits are in an extra field, in this order.
  void widen(std::size_t extra, std::size_t extra_end, std::uint64_t& size, std::uint64_t& stored,
             std::uint64_t& local) const {
    while (extra + 4 <= extra_end) {
      const auto id = at<std::uint16_t>(extra, "an extra field"),
                 bytes = at<std::uint16_t>(extra + 2, "an extra field");
      std::size_t field = extra + 4;
      extra = field + bytes;
      if (id != 1 || extra > extra_end) continue;
      for (std::uint64_t* value : {&size, &stored, &local}) {
        if (*value != 0xffffffffu || field + 8 > extra) continue;
        *value = at<std::uint64_t>(field, "a zip64 size");
        field += 8;
      }
    }
  }

  ZipMember central(std::size_t& position) {
    check(at<std::uint32_t>(position, "a directory entry") == kCentral, ErrorKind::kBadInput,
          "{}: no directory entry at byte {}; the file is damaged", place_, position);
    const auto flags = at<std::uint16_t>(position + 8, "flags"),
               method = at<std::uint16_t>(position + 10, "the method");
    const auto name_bytes = at<std::uint16_t>(position + 28, "a name"),
               extra_bytes = at<std::uint16_t>(position + 30, "extra"),
               comment_bytes = at<std::uint16_t>(position + 32, "a comment");
    std::uint64_t stored = at<std::uint32_t>(position + 20, "a size"),
                  size = at<std::uint32_t>(position + 24, "a size"),
                  local = at<std::uint32_t>(position + 42, "an offset");
    ZipMember member{text(position + kCentralBytes, name_bytes), 0, 0, at<std::uint32_t>(position + 16, "a checksum")};
    const std::string name = printable(member.name, 80);
    check(safe_relative_name(member.name), ErrorKind::kBadInput,
          "{}: the member name '{}' leaves the archive's folder; do not trust this file", place_, name);
    const std::size_t extra = position + kCentralBytes + name_bytes;
    widen(extra, extra + extra_bytes, size, stored, local);
    check((flags & 1) == 0, ErrorKind::kBadInput,
          "{}: the member '{}' is encrypted; save the model again without a password", place_, name);
    check(method == 0 && size == stored, ErrorKind::kBadInput,
          "{}: the member '{}' is compressed (method {}), PyTorch stores its files plain; save the model again", place_,
          name, method);
    locate(member, local, size);
    position = extra + extra_bytes + comment_bytes;
    return member;
  }

  void locate(ZipMember& member, std::uint64_t local, std::uint64_t size) {
    const std::string name = printable(member.name, 80);
    check(local <= directory_ && kLocalBytes <= directory_ - local &&
              at<std::uint32_t>(static_cast<std::size_t>(local), "a local header") == kLocal,
          ErrorKind::kBadInput, "{}: the member '{}' has no header at byte {}; the file is damaged", place_, name,
          local);
    const auto header = static_cast<std::size_t>(local);
    const auto name_bytes = at<std::uint16_t>(header + 26, "a name"),
               extra_bytes = at<std::uint16_t>(header + 28, "extra");
    check(text(header + kLocalBytes, name_bytes) == member.name, ErrorKind::kBadInput,
          "{}: the member '{}' has another name in its own header; do not trust this file", place_, name);
    member.begin = header + kLocalBytes + name_bytes + extra_bytes;
    check(member.begin <= directory_ && size <= directory_ - member.begin, ErrorKind::kBadInput,
          "{}: the member '{}' has {} bytes at {}, which run into the directory at {}; damaged file", place_, name,
          size, member.begin, directory_);
    member.end = member.begin + static_cast<std::size_t>(size);
    extents_.push_back({header, member.end});
  }

  void check_overlaps() {
    std::sort(extents_.begin(), extents_.end(), [](const Extent& a, const Extent& b) { return a.begin < b.begin; });
    for (std::size_t i = 1; i < extents_.size(); ++i)
      check(extents_[i - 1].end <= extents_[i].begin, ErrorKind::kBadInput,
            "{}: two members overlap at byte {}; do not trust this file", place_, extents_[i].begin);
  }

  std::string text(std::size_t position, std::size_t bytes) const {
    check(position <= file_.size() && bytes <= file_.size() - position, ErrorKind::kBadInput,
          "{}: a name at byte {} is past the end; the file is damaged", place_, position);
    return {reinterpret_cast<const char*>(file_.data()) + position, bytes};
  }

  std::span<const std::byte> file_;
  std::string_view place_;
  std::uint64_t count_ = 0;
  std::size_t directory_ = 0;
  std::vector<Extent> extents_;
};

}  // namespace

bool looks_like_zip(std::span<const std::byte> file) {
  return file.size() >= 4 && (std::memcmp(file.data(), "PK\3\4", 4) == 0 || std::memcmp(file.data(), "PK\5\6", 4) == 0);
}

std::vector<ZipMember> parse_zip(std::span<const std::byte> file, std::string_view place) {
  return Archive(file, place).members();
}

}  // namespace linnet

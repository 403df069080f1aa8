#include "linnet/io/zip_archive.h"

#include <gmock/gmock.h>

#include "tests/io/gguf_builder.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using testing::HasSubstr;

struct Member {
  std::string name, bytes;
  std::uint16_t method = 0;
  std::uint16_t flags = 0;
};

std::string archive(const std::vector<Member>& members) {
  std::string file, directory;
  for (const Member& m : members) {
    const auto size = static_cast<std::uint32_t>(m.bytes.size());
    const std::string common = raw(m.flags) + raw(m.method) + raw<std::uint32_t>(0) + raw<std::uint32_t>(0) +
                               raw(size) + raw(size) + raw<std::uint16_t>(static_cast<std::uint16_t>(m.name.size())) +
                               raw<std::uint16_t>(0);
    directory += "PK\1\2" + raw<std::uint16_t>(0) + raw<std::uint16_t>(0) + common + raw<std::uint16_t>(0) +
                 raw<std::uint32_t>(0) + raw<std::uint32_t>(0) + raw(static_cast<std::uint32_t>(file.size())) + m.name;
    file += "PK\3\4" + raw<std::uint16_t>(0) + common + m.name + m.bytes;
  }
  const auto at = static_cast<std::uint32_t>(file.size()), bytes = static_cast<std::uint32_t>(directory.size());
  const auto count = static_cast<std::uint16_t>(members.size());
  return file + directory + "PK\5\6" + raw<std::uint32_t>(0) + raw(count) + raw(count) + raw(bytes) + raw(at) +
         raw<std::uint16_t>(0);
}

std::string refused_archive(const std::string& bytes) {
  return refusal([&] { parse_zip(as_bytes(bytes), "z"); });
}

TEST(ZipArchive, FindsMembers) {
  const std::string bytes = archive({{"a/data.pkl", "code"}, {"a/data/0", "12345678"}});
  EXPECT_TRUE(looks_like_zip(as_bytes(bytes)));
  const auto members = parse_zip(as_bytes(bytes), "z");
  ASSERT_EQ(members.size(), 2u);
  EXPECT_EQ(members[1].name, "a/data/0");
  EXPECT_EQ(bytes.substr(members[1].begin, members[1].end - members[1].begin), "12345678");
}

TEST(ZipArchive, RefusesWhatPyTorchDoesNotWrite) {
  EXPECT_THAT(refused_archive(archive({{"../x", "1"}})), HasSubstr("leaves the archive"));
  EXPECT_THAT(refused_archive(archive({{"a\\b", "1"}})), HasSubstr("leaves the archive"));
  EXPECT_THAT(refused_archive(archive({{"a", "1"}, {"a", "2"}})), HasSubstr("stands twice"));
  EXPECT_THAT(refused_archive(archive({{"a", "1", 8}})), HasSubstr("compressed"));
  EXPECT_THAT(refused_archive(archive({{"a", "1", 0, 1}})), HasSubstr("encrypted"));
  std::string other = archive({{"a", "1"}});
  other[30] = 'b';
  EXPECT_THAT(refused_archive(other), HasSubstr("another name"));
}

TEST(ZipArchive, EveryCutIsRefused) {
  const std::string whole = archive({{"a/data.pkl", "code"}, {"a/data/0", "12345678"}});
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::string cut = whole.substr(0, length);
    EXPECT_THROW(parse_zip(as_bytes(cut), "z"), Error) << length;
  }
}

}  // namespace
}  // namespace linnet

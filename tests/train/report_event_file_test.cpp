#include <gtest/gtest.h>

#include "linnet/base/file.h"
#include "linnet/train/report/event_file.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

TEST(EventFile, ChecksumIsCastagnoli) {  // RFC 3720 B.4
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
}

TEST(EventFile, RecordFramesThePayload) {
  const std::string record = tf_record("abc");
  ASSERT_EQ(record.size(), 8 + 4 + 3 + 4u);
  EXPECT_EQ(record.substr(0, 8), std::string("\x03\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(record.substr(12, 3), "abc");
}

TEST(EventFile, ScalarHasTheFieldsOfAnEvent) {
  const std::string event = scalar_event("train/loss", 0.5, 3, 1.0);
  // 1: double 1.0, 2: varint 3, 5: summary {1: value {1: tag, 2: float 0.5}}
  EXPECT_EQ(event.substr(0, 9), std::string("\x09\0\0\0\0\0\0\xF0\x3F", 9));
  EXPECT_EQ(event.substr(9, 2), std::string("\x10\x03", 2));
  EXPECT_NE(event.find("train/loss"), event.npos);
  EXPECT_EQ(event.substr(event.size() - 5), std::string("\x15\0\0\0\x3F", 5));
}

TEST(EventFile, StartsWithTheVersion) {
  const Scratch folder;
  {
    EventFile events(folder.path() / run_folder_name());
    events.scalar("train/loss", 1, 1);
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
    if (!entry.is_regular_file()) continue;
    EXPECT_NE(entry.path().filename().string().find("tfevents"), std::string::npos);
    EXPECT_NE(read_file(entry.path()).find("brain.Event:2"), std::string::npos);
  }
}

}  // namespace
}  // namespace linnet

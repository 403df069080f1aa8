// JSONTestSuite: every file that must parse, must not, or may do either.
#include <gmock/gmock.h>

#include <filesystem>
#include <map>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/json.h"

namespace linnet {
namespace {

using testing::HasSubstr;

std::filesystem::path suite(const char* part) {
  return std::filesystem::path(LINNET_SOURCE_DIR) / "../shared/data/json-test-suite" / part;
}

TEST(JsonTestSuite, EveryFileAsItsNameSays) {
  if (!std::filesystem::exists(suite("test_parsing"))) GTEST_SKIP() << "shared data is not here";
  std::map<char, int> seen;
  for (const auto& entry : std::filesystem::directory_iterator(suite("test_parsing"))) {
    const std::string name = entry.path().filename().string();
    const std::string text = read_file(entry.path());
    JsonLimits limits;
    limits.duplicate_keys = name.starts_with("y_object_duplicated_key");
    bool parsed = true;
    try {
      const Json value = parse_json(text, name, limits);
      EXPECT_NO_THROW(dump_json(value)) << name;
    } catch (const Error& error) {
      parsed = false;
      EXPECT_EQ(error.kind(), ErrorKind::kBadInput) << name;
      EXPECT_THAT(error.what(), HasSubstr(name));
    }
    if (name[0] == 'y') {
      EXPECT_TRUE(parsed) << name;
    }
    if (name[0] == 'n') {
      EXPECT_FALSE(parsed) << name;
    }
    ++seen[name[0]];
  }
  EXPECT_EQ(seen['y'], 95);
  EXPECT_EQ(seen['n'], 188);
  EXPECT_EQ(seen['i'], 35);
}

// Our choices where parsers differ: numbers stay exact integers up to 64 bits and become doubles beyond; keys keep
// their text and order, duplicates are rejected; strings keep NUL and every scalar value; lone surrogates are rejected.
TEST(JsonTestSuite, TransformsAreOurChoices) {
  if (!std::filesystem::exists(suite("test_transform"))) GTEST_SKIP() << "shared data is not here";
  const auto read = [](const std::string& name) -> std::string {
    try {
      return dump_json(parse_json(read_file(suite("test_transform") / name), name));
    } catch (const Error&) {
      return "refused";
    }
  };
  EXPECT_EQ(read("object_same_key_different_values.json"), "refused");
  EXPECT_EQ(read("object_same_key_same_value.json"), "refused");
  EXPECT_EQ(read("object_same_key_unclear_values.json"), "refused");
  EXPECT_EQ(read("number_1000000000000000.json"), "[1000000000000000]");
  EXPECT_EQ(read("number_9223372036854775807.json"), "[9223372036854775807]");
  EXPECT_EQ(read("number_-9223372036854775808.json"), "[-9223372036854775808]");
  EXPECT_EQ(read("number_10000000000000000999.json"), "[10000000000000000999]");
  EXPECT_EQ(read("number_1.0.json"), "[1.0]");
  EXPECT_EQ(read("number_1e-999.json"), "[0.0]");
  EXPECT_EQ(read("string_with_escaped_NULL.json"), "[\"A\\u0000B\"]");
  for (const auto& entry : std::filesystem::directory_iterator(suite("test_transform"))) {
    const std::string name = entry.path().filename().string();
    if (name.find("surrogate") != name.npos || name.find("invalid_codepoint") != name.npos) {
      EXPECT_EQ(read(name), "refused") << name;
    }
  }
}

}  // namespace
}  // namespace linnet

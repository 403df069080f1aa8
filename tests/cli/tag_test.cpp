// linnet tag: the pipeline's keys, rows, joined files, refusals.
#include <gmock/gmock.h>

#include "linnet/base/file.h"
#include "tests/cli/fixture_texts.h"
#include "tests/cli/run_linnet.h"
#include "tests/scratch.h"
#include "tests/tasks/reference_calls.h"

namespace linnet::test {
namespace {

const std::string kTags = model("tasks/tags");

CliResult tag(std::vector<std::string> arguments, const CliOptions& options = {}) {
  arguments.insert(arguments.begin(), {"tag", "-m", kTags, "--dtype", "f32"});
  return run_linnet(arguments, options);
}

std::vector<std::string> keys_of(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

TEST(Tag, HasThePipelinesKeysInItsOrder) {
  for (const Json& call : tasks::reference_calls("tags")) {
    if (call.contains("stride") || call.at("text") != "candle") continue;
    const CliResult r =
        tag({"--json", "--aggregation", call.at("aggregation").get<std::string>(), call.at("text").get<std::string>()});
    ASSERT_EQ(r.exit_code, 0) << r.err;
    const Json found = json_lines(r.out).at(0);
    const Json& wanted = call.at("result");
    ASSERT_EQ(found.size(), wanted.size()) << r.out;
    if (found.empty()) continue;
    std::vector<std::string> keys = keys_of(wanted[0]);
    keys.insert(keys.begin(), "row");
    EXPECT_EQ(keys_of(found[0]), keys);
    EXPECT_EQ(found[0].at("word"), wanted[0].at("word"));
  }
}

TEST(Tag, CutsLongTextsIntoChunks) {
  for (const Json& call : tasks::reference_calls("tags")) {
    if (!call.contains("stride")) continue;
    const CliResult r = tag({"--json", "--aggregation-strategy", call.at("aggregation").get<std::string>(), "--stride",
                             call.at("stride").dump(), call.at("text").get<std::string>()});
    ASSERT_EQ(r.exit_code, 0) << r.err;
    EXPECT_EQ(json_lines(r.out).at(0).size(), call.at("result").size());
  }
}

TEST(Tag, RowsOfAFileAreJoinedToTheirEntities) {
  const Scratch scratch;
  write_file(scratch / "in.csv", "id,text\n1,Marta counted\n2,\n3,the ferry\n");
  const std::string out = (scratch / "out.jsonl").string();
  const CliResult r = tag({"--input", (scratch / "in.csv").string(), "--output", out, "--aggregation", "simple"});
  EXPECT_EQ(r.exit_code, 3);
  const auto rows = json_lines(read_file(out));
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].at("id"), "1");
  EXPECT_TRUE(rows[0].at("entity_group").is_array());
  EXPECT_EQ(rows[0].at("word").size(), rows[0].at("start").size());
  EXPECT_TRUE(rows[1].at("word").is_null());
}

TEST(Tag, ATableForReaders) {
  const CliResult r = tag({"Marta counted", "--ignore-labels", "none"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_THAT(r.out, testing::StartsWith(" score  label"));
}

TEST(Tag, RefusesWhatCannotBeTagged) {
  EXPECT_EQ(tag({"Marta", "--stride", "4"}).exit_code, 2);
  EXPECT_EQ(tag({"Marta", "--aggregation", "simple", "--stride", "-1"}).exit_code, 2);
  EXPECT_EQ(tag({"Marta", "--aggregation", "mean"}).exit_code, 2);
  const CliResult head = run_linnet({"tag", "-m", model("bert/masked"), "w5"});
  EXPECT_EQ(head.exit_code, 3);
  EXPECT_THAT(head.err, testing::HasSubstr("token classification"));
}

}  // namespace
}  // namespace linnet::test

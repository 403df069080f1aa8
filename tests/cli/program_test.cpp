// The frame of the program: verbs, help, exit codes, streams.
#include <gtest/gtest.h>

#include <cstdlib>

#include "linnet/base/json.h"
#include "tests/cli/run_linnet.h"

namespace linnet::test {
namespace {

TEST(Program, HelpGoesToStdoutAndNamesEveryVerb) {
  const CliResult r = run_linnet({"--help"});
  EXPECT_EQ(r.exit_code, 0);
  EXPECT_NE(r.out.find("doctor"), std::string::npos);
  EXPECT_EQ(r.err, "");
}

TEST(Program, NoVerbIsWrongUsage) {
  const CliResult r = run_linnet({});
  EXPECT_EQ(r.exit_code, 2);
  EXPECT_EQ(r.out, "");
  EXPECT_NE(r.err.find("Usage: linnet"), std::string::npos);
}

TEST(Program, UnknownVerbIsAnsweredWithTheNearest) {
  const CliResult r = run_linnet({"docter"});
  EXPECT_EQ(r.exit_code, 2);
  EXPECT_NE(r.err.find("linnet: error: there is no verb 'docter'; the nearest: doctor"), std::string::npos) << r.err;
}

TEST(Program, UnknownOptionIsWrongUsage) {
  const CliResult r = run_linnet({"doctor", "--jason"});
  EXPECT_EQ(r.exit_code, 2);
  EXPECT_EQ(r.out, "");
  EXPECT_NE(r.err.find("--jason"), std::string::npos) << r.err;
}

TEST(Program, EveryVerbExplainsItselfWithTwoExamples) {
  const CliResult all = run_linnet({"help"});
  std::size_t verbs = 0;
  for (std::size_t at = all.out.find("\n  "); at != std::string::npos; at = all.out.find("\n  ", at + 1)) {
    const std::string name = all.out.substr(at + 3, all.out.find(' ', at + 3) - at - 3);
    if (name == "linnet") continue;
    ++verbs;
    const CliResult r = run_linnet({name, "--help"});
    EXPECT_EQ(r.exit_code, 0) << name;
    const auto examples = r.out.find("Examples:\n  linnet " + name);
    ASSERT_NE(examples, std::string::npos) << name;
    EXPECT_NE(r.out.find("\n  linnet " + name, examples + 12), std::string::npos) << name;
  }
  EXPECT_GE(verbs, 1u);
}

TEST(Program, VersionIsOneLine) {
  const CliResult r = run_linnet({"--version"});
  EXPECT_EQ(r.exit_code, 0);
  EXPECT_EQ(r.out.substr(0, 7), "linnet ");
}

TEST(Doctor, JsonIsOneObjectInUnderASecond) {
  const CliResult r = run_linnet({"doctor", "--json"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const Json json = parse_json(r.out, "doctor");
  EXPECT_GE(json["threads"].get<int>(), 1);
  EXPECT_TRUE(json["cpu"]["features"].is_array());
  EXPECT_TRUE(json["kernels"].contains("f32"));
  EXPECT_TRUE(json["libraries"].contains("highway"));
  EXPECT_LT(r.seconds, 5.0);  // a second when nothing else runs
}

TEST(Doctor, BenchMeasuresMemoryAndArithmetic) {
  const CliResult r = run_linnet({"doctor", "--bench", "--json"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  for (const char* figure : {"read_bytes_per_s", "f32_gflops", "int8_gflops"})
    EXPECT_GT(parse_json(r.out, "doctor")["bench"][figure].get<double>(), 0) << figure;
}

TEST(Doctor, ThreadsWaitBrieflyUnlessTheUserChose) {
  const auto waits = [](std::vector<std::pair<std::string, std::string>> environment) {
    const CliResult r = run_linnet({"doctor", "--json"}, {.environment = std::move(environment)});
    return parse_json(r.out, "doctor")["gomp_spincount"].get<std::string>();
  };
  unsetenv("GOMP_SPINCOUNT");
  unsetenv("OMP_WAIT_POLICY");
  EXPECT_EQ(waits({}), "1000");
  const CliResult shown = run_linnet({"--version"}, {.environment = {{"OMP_DISPLAY_ENV", "verbose"}}});
  if (shown.err.find("GOMP_SPINCOUNT") != std::string::npos) {  // libgomp is the thread runtime
    EXPECT_NE(shown.err.find("GOMP_SPINCOUNT = '1000'"), std::string::npos) << shown.err;
  }
  EXPECT_EQ(waits({{"GOMP_SPINCOUNT", "77"}}), "77");
  EXPECT_EQ(waits({{"OMP_WAIT_POLICY", "active"}}), "");
}

TEST(Program, AWrongVariableIsBlamedAndNotTheFlag) {
  const CliOptions wrong{.environment = {{"LINNET_TOP_K", "abc"}}};
  EXPECT_NE(run_linnet({"run", "x"}, wrong).err.find("LINNET_TOP_K"), std::string::npos);
  const CliResult written = run_linnet({"run", "x", "--top-k", "abd"}, wrong);
  EXPECT_EQ(written.exit_code, 2);
  EXPECT_EQ(written.err.find("LINNET_TOP_K"), std::string::npos) << written.err;
  const CliResult letter = run_linnet({"run", "x", "-n", "abc"}, {.environment = {{"LINNET_MAX_NEW_TOKENS", "5"}}});
  EXPECT_EQ(letter.err.find("LINNET_MAX_NEW_TOKENS"), std::string::npos) << letter.err;
}

TEST(Doctor, EnvironmentTwinOfAFlag) {
  const CliResult r = run_linnet({"doctor"}, {.environment = {{"LINNET_JSON", "1"}}});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_TRUE(parse_json(r.out, "doctor").is_object());
}

TEST(Doctor, CacheFolderFollowsTheEnvironment) {
  const CliResult r = run_linnet({"doctor", "--json"}, {.environment = {{"LINNET_CACHE", "/nowhere/cache"}}});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(parse_json(r.out, "doctor")["cache"]["linnet"], "/nowhere/cache");
}

}  // namespace
}  // namespace linnet::test

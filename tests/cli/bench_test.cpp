#include <gtest/gtest.h>

#include "linnet/base/json.h"
#include "tests/cli/run_linnet.h"
#include "tests/models/fixture.h"

namespace linnet::test {
namespace {

TEST(BenchVerb, RatesAndSharesOfTheMachine) {
  const std::string model = (fixtures() / "llama/causal").string();
  const CliResult r =
      run_linnet({"bench", "-m", model, "--prompt-tokens", "8", "--new-tokens", "4", "-r", "2", "--json"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const Json json = parse_json(r.out, "bench");
  EXPECT_EQ(json["repetitions"], 2);
  for (const char* rate : {"prefill_tokens_per_s", "decode_tokens_per_s"})
    EXPECT_TRUE(0 < json[rate]["min"].get<double>() && json[rate]["min"] <= json[rate]["median"] &&
                json[rate]["median"] <= json[rate]["max"]);
  EXPECT_GT(json["decode_share"].get<double>(), 0);
  EXPECT_GT(json["peak_bytes"].get<double>(), 1e6);
}

TEST(BenchVerb, ATableAndRefusals) {
  const std::string model = (fixtures() / "llama/causal").string();
  const CliResult r = run_linnet({"bench", "-m", model, "--prompt-tokens", "8", "--new-tokens", "4"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  for (const char* part : {"prompt of 8", "text of 4", "GB/s", "GFLOP/s"})
    EXPECT_NE(r.out.find(part), std::string::npos);
  EXPECT_EQ(run_linnet({"bench", "-m", (fixtures() / "bert/trunk").string()}).exit_code, 3);
}

}  // namespace
}  // namespace linnet::test

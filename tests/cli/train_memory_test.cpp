// The memory that `linnet train` plans against the memory that it uses, on a real model.
#include <gtest/gtest.h>

#include <regex>

#include "linnet/base/rng.h"
#include "tests/cli/run_linnet.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

// Texts of `fewest` to `most` words and two labels.
std::string rows(int count, std::uint64_t fewest, std::uint64_t most) {
  const char* words[] = {"a", "film", "of", "great", "charm", "and", "little", "plot"};
  Rng rng(5);
  std::string all;
  for (int i = 0; i < count; ++i) {
    std::string text;
    for (std::uint64_t n = fewest + rng.below(most - fewest + 1); n > 0; --n)
      text += std::string(words[rng.below(8)]) + " ";
    all += R"({"text": ")" + text + R"(", "label": ")" + (i % 2 ? "yes" : "no") + "\"}\n";
  }
  return all;
}

// "1.8 GB" after "memory" in the plan.
double planned_bytes(const std::string& plan) {
  std::smatch found;
  if (!std::regex_search(plan, found, std::regex("memory +([0-9.]+) ([GM])B"))) return 0;
  return std::stod(found[1]) * (found[2] == "G" ? 1e9 : 1e6);
}

struct Run {
  const char* method;
  std::uint64_t fewest, most;  // words per text
};

class TrainMemorySlow : public ::testing::TestWithParam<Run> {};

TEST_P(TrainMemorySlow, IsWhatWasPlanned) {
  const std::filesystem::path model = cached_model("all-MiniLM-L6-v2");
  LINNET_NEEDS(model);
  const Scratch scratch;
  put(scratch / "rows.jsonl", rows(640, GetParam().fewest, GetParam().most));
  const CliResult r = run_linnet({"train", "-m", model.string(), "--data", (scratch / "rows.jsonl").string(), "-o",
                                  (scratch / "out").string(), "--method", GetParam().method, "--epochs", "1",
                                  "--batch-size", "64", "--dtype", "bf16", "--valid-fraction", "0"});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const double planned = planned_bytes(r.err) / (static_cast<double>(r.peak_kib) * 1024);
  EXPECT_GT(planned, 0.8) << r.err;
  EXPECT_LT(planned, 1.6) << r.err;
}

INSTANTIATE_TEST_SUITE_P(Methods, TrainMemorySlow,
                         ::testing::Values(Run{"full", 60, 60}, Run{"full", 5, 70}, Run{"lora", 60, 60},
                                           Run{"lora", 5, 70}, Run{"prompt", 60, 60}),
                         [](const auto& test) {
                           return std::string(test.param.method) +
                                  (test.param.fewest < test.param.most ? "_varied" : "");
                         });

}  // namespace
}  // namespace linnet::test

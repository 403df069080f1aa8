// linnet forward against the results of Transformers for every fixture.
#include <gtest/gtest.h>

#include "linnet/base/file.h"
#include "tests/cli/fixture_texts.h"
#include "tests/cli/run_linnet.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

// The unmasked part of every row, as a user passes it.
std::vector<std::string> kept(const std::vector<std::vector<std::int32_t>>& rows,
                              const std::vector<std::vector<std::int32_t>>& mask) {
  std::vector<std::string> lists;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::vector<std::int32_t> ids;
    for (std::size_t i = 0; i < rows[r].size(); ++i)
      if (mask[r][i] != 0) ids.push_back(rows[r][i]);
    lists.push_back(joined(ids));
  }
  return lists;
}

// Moves each row's `n` values of a per-token tensor [batch, length, …] to the other end.
std::vector<float> moved_left(const Tensor& t, const std::vector<std::vector<std::int32_t>>& mask) {
  const auto values = t.data<float>();
  const std::size_t width = mask.front().size(), each = values.size() / mask.size() / width;
  std::vector<float> out(values.size(), 0);
  for (std::size_t r = 0; r < mask.size(); ++r) {
    const auto n = static_cast<std::size_t>(std::count(mask[r].begin(), mask[r].end(), 1));
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(r * width * each), n * each,
                out.begin() + static_cast<std::ptrdiff_t>((r * width + width - n) * each));
  }
  return out;
}

class ForwardVerb : public ::testing::TestWithParam<std::string> {};

TEST_P(ForwardVerb, WritesTheReferencesNumbersOnBothPaddingSides) {
  const auto folder = fixtures() / GetParam();
  const Expected expected(folder / "expected.safetensors");
  const nn::PaddedBatch batch = expected.batch();
  const auto width = static_cast<std::int64_t>(batch.mask.front().size());
  const Scratch folder_of_outputs;
  for (const std::string side : {"right", "left"}) {
    const auto file = folder_of_outputs / (side + ".safetensors");
    std::vector<std::string> arguments{"forward", "-m", folder.string(), "--dtype", "f32", "--json", "--padding-side",
                                       side,      "-o", file.string()};
    for (const std::string& list : kept(batch.ids, batch.mask)) arguments.insert(arguments.end(), {"--ids", list});
    if (!batch.type_ids.empty())
      for (const std::string& list : kept(batch.type_ids, batch.mask))
        arguments.insert(arguments.end(), {"--type-ids", list});
    const bool two_stacks = expected.has("decoder_input_ids");  // the decoder's rows are padded on the right
    if (two_stacks)
      for (const std::string& list : kept(expected.rows("decoder_input_ids"), expected.rows("decoder_attention_mask")))
        arguments.insert(arguments.end(), {"--decoder-ids", list});
    const CliResult r = run_linnet(arguments);
    ASSERT_EQ(r.exit_code, 0) << r.err;
    const Json shapes = parse_json(r.out, "stdout")["tensors"];
    const auto found = CheckpointReader::open(file);
    for (const std::string& name : expected.names()) {
      if (name.find("ids") != name.npos || name.find("mask") != name.npos || name.starts_with("greedy")) continue;
      ASSERT_TRUE(found->has(name)) << name;
      const Tensor wanted = expected.floats(name);
      EXPECT_EQ(shapes[name], Json(wanted.shape())) << name;
      const bool decodes = two_stacks && !name.starts_with("encoder");
      const bool per_token = !decodes && wanted.rank() > 1 && wanted.size(1) == width && name != "pooler_output";
      const auto values = per_token && side == "left"
                              ? moved_left(wanted, batch.mask)
                              : std::vector<float>(wanted.data<float>().begin(), wanted.data<float>().end());
      expect_close(found->read(name).data<float>(), values, 1e-4, side + " " + name);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, ForwardVerb, ::testing::ValuesIn(fixture_cases("expected.safetensors")), case_name);

std::vector<std::string> on_llama(std::vector<std::string> more) {
  std::vector<std::string> arguments{"forward", "-m", (fixtures() / "llama/causal").string(), "--dtype", "f32"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(Forward, AMaskedTokenIsNotThereAndIsWrittenAsZero) {
  const Scratch scratch;
  const auto whole = scratch / "whole.safetensors", masked = scratch / "masked.safetensors";
  ASSERT_EQ(run_linnet(on_llama({"--ids", "5,6,7", "-o", whole.string()})).exit_code, 0);
  const CliResult r = run_linnet(on_llama({"--ids", "5,9,6,7", "--attention-mask", "1,0,1,1", "-o", masked.string()}));
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const Tensor want = CheckpointReader::open(whole)->read("logits"),
               got = CheckpointReader::open(masked)->read("logits");
  const auto vocab = static_cast<std::size_t>(want.size(2));
  const auto row = [&](const Tensor& t, std::size_t i) { return t.data<float>().subspan(i * vocab, vocab); };
  for (const float v : row(got, 1)) EXPECT_EQ(v, 0);
  expect_close(row(got, 0), row(want, 0), 0, "row 0");
  expect_close(row(got, 3), row(want, 2), 0, "row 3");
}

TEST(Forward, TextsAreTokenised) {
  const Scratch scratch;
  const auto by_text = scratch / "text.safetensors", by_ids = scratch / "ids.safetensors";
  ASSERT_EQ(run_linnet(on_llama({"w5 w6", "-o", by_text.string()})).exit_code, 0);
  ASSERT_EQ(run_linnet(on_llama({"--ids", "1,5,6", "-o", by_ids.string()})).exit_code, 0);
  EXPECT_EQ(read_file(by_text), read_file(by_ids));
}

class ForwardRefuses : public ::testing::TestWithParam<Wrong> {};

TEST_P(ForwardRefuses, WithAWordAndNoFile) {
  const Scratch scratch;
  const auto file = scratch / "out.safetensors";
  auto arguments = on_llama(GetParam().arguments);
  arguments.insert(arguments.end(), {"-o", file.string()});
  const CliResult r = run_linnet(arguments);
  EXPECT_EQ(r.exit_code, GetParam().exit_code) << r.err;
  EXPECT_EQ(r.out, "");
  EXPECT_NE(r.err.find(GetParam().said), std::string::npos) << r.err;
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
}

INSTANTIATE_TEST_SUITE_P(
    Usage, ForwardRefuses,
    ::testing::Values(Wrong{"nothing", {}, 2, "nothing to run"}, Wrong{"both", {"--ids", "1", "w5"}, 2, "not both"},
                      Wrong{"word", {"--ids", "1,x"}, 2, "--ids takes numbers"},
                      Wrong{"outside", {"--ids", "1,67"}, 2, "--ids: 67 is outside"},
                      Wrong{"negative", {"--ids", "1,-1"}, 2, "--ids: -1 is outside"},
                      Wrong{"side", {"--ids", "1", "--padding-side", "up"}, 2, "is not one of right, left"},
                      Wrong{"mask", {"--ids", "1,2", "--attention-mask", "1"}, 2, "1 numbers for the 2 ids of row 0"},
                      Wrong{"mask_value", {"--ids", "1,2", "--attention-mask", "1,2"}, 2, "0 and 1"},
                      Wrong{"mask_all", {"--ids", "1,2", "--attention-mask", "0,0"}, 2, "keeps"},
                      Wrong{"rows", {"--ids", "1", "--ids", "2", "--type-ids", "0"}, 2, "1 times for 2 rows"},
                      Wrong{"decoder", {"--ids", "1", "--decoder-ids", "1"}, 2, "no decoder"},
                      Wrong{"model", {"--ids", "1", "-m", "no/such"}, 2, "-m"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Forward, AMissingModelIsBadInput) {
  const CliResult r = run_linnet({"forward", "-m", "/no/such/model", "--ids", "1", "-o", "none.safetensors"});
  EXPECT_EQ(r.exit_code, 3);
  EXPECT_NE(r.err.find("/no/such/model"), std::string::npos) << r.err;
}

TEST(Forward, TheFileIsASafetensors) {
  EXPECT_EQ(run_linnet(on_llama({"--ids", "1", "-o", "out.bin"})).exit_code, 2);
  EXPECT_EQ(run_linnet(on_llama({"--ids", "1"})).exit_code, 2);
}

}  // namespace
}  // namespace linnet::test

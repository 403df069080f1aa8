// Reads every hostile tokenizer file, and encodes a text with each accepted one.
#include "tests/bad_inputs.h"

#include "linnet/tokenizer/tokenizer.h"

namespace linnet::test {
namespace {

void read_and_use(const BadInput& row) {
  expect_contained(row, [&] {
    const Tokenizer tokenizer = Tokenizer::from_file(row.path);
    tokenizer.decode(tokenizer.encode_ids(std::string(40, 'a') + " hello, wörld!\n"));
  });
}

TEST(BadInputs, TokenizerJson) {
  const auto rows = bad_inputs("tokenizer-json/");
  if (rows.empty()) GTEST_SKIP() << "shared data is not here";
  EXPECT_EQ(rows.size(), 17u);
  for (const BadInput& row : rows) read_and_use(row);
}

TEST(BadInputs, SentencePieceModels) {
  const auto rows = bad_inputs("sentencepiece/");
  if (rows.empty()) GTEST_SKIP() << "shared data is not here";
  EXPECT_EQ(rows.size(), 15u);
  for (const BadInput& row : rows) read_and_use(row);
}

}  // namespace
}  // namespace linnet::test

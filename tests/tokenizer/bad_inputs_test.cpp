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
  for (const BadInput& row : hostile_files("tokenizer-json/")) read_and_use(row);
}

TEST(BadInputs, SentencePieceModels) {
  for (const BadInput& row : hostile_files("sentencepiece/")) read_and_use(row);
}

}  // namespace
}  // namespace linnet::test

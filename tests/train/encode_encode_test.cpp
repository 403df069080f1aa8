#include "linnet/train/encode/encode.h"

#include <gtest/gtest.h>

#include "linnet/base/error.h"
#include "linnet/models/model_files.h"
#include "tests/train/encoded.h"

namespace linnet {
namespace {

TEST(Encode, CutRowsAreCountedAndKeepTheirEnds) {
  const EncodedSet set = encode(fixtures() / "bert/classifier", rows_of(R"({"text":"w5 w6 w7 w8 w9","label":"a"})"),
                                "classify", {.max_length = 4});
  EXPECT_EQ(set.examples[0].ids, (std::vector<std::int32_t>{1, 5, 6, 2}));
  EXPECT_EQ(set.truncated, 1);
  EXPECT_EQ(set.cut, 3);
  EXPECT_EQ(set.full_lengths, (std::vector<std::int64_t>{7}));
}

TEST(Encode, PositionsBoundTheLength) {
  std::string text = "w5";
  for (int i = 0; i < 60; ++i) text += " w6";
  const auto folder = fixtures() / "bert/classifier";  // 40 positions
  const Dataset rows = rows_of(dump_json({{"text", text}, {"label", "a"}}));
  const auto config = models::ModelFiles(folder).config();
  const TrainTask& classify = *task_named("classify");
  const Tokenizer tokenizer = models::load_tokenizer(folder);
  EXPECT_EQ(encode_examples(rows, tokenizer, config, classify, {}).examples[0].ids.size(), 40u);
  EXPECT_EQ(encode_examples(rows, tokenizer, config, classify, {}, 15).examples[0].ids.size(), 25u);
  EXPECT_THROW(encode_examples(rows, tokenizer, config, classify, {}, 40), Error);
}

}  // namespace
}  // namespace linnet

// The reference libraries' results for 555 strings each.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "linnet/base/file.h"
#include "linnet/base/json.h"
#include "linnet/tokenizer/tokenizer.h"
#include "linnet/tokenizer/tokenizer_data.h"

namespace linnet {
namespace {

const std::filesystem::path kData = std::filesystem::path(LINNET_SOURCE_DIR) / "../shared/data";

struct Golden {
  const char* name;
  const char* strings;
  const char* model;
};

std::ostream& operator<<(std::ostream& out, const Golden& golden) { return out << golden.name; }

class TokenizersGolden : public testing::TestWithParam<Golden> {};
class SentencePieceGolden : public testing::TestWithParam<Golden> {};

template <class Check>
void for_each_line(const Golden& golden, Check check_line) {
  if (!std::filesystem::exists(kData / golden.strings)) GTEST_SKIP() << "no " << golden.strings << " here";
  std::ifstream in(kData / golden.strings);
  int lines = 0, wrong = 0;
  for (std::string line; std::getline(in, line); ++lines) {
    if (!check_line(parse_json(line, golden.strings)) && ++wrong > 10) break;
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(lines, 555);
}

TEST_P(TokenizersGolden, IdsAndTextAreTheirs) {
  if (!std::filesystem::exists(kData / GetParam().model)) GTEST_SKIP() << "no " << GetParam().model << " here";
  const Tokenizer tokenizer = Tokenizer::from_file(kData / GetParam().model);
  for_each_line(GetParam(), [&](const Json& line) {
    const auto text = line["text"].get<std::string>();
    const auto ids = line["ids"].get<std::vector<std::int32_t>>();
    const Encoding e = tokenizer.encode(text);
    EncodeOptions bare;
    bare.add_special_tokens = false;
    EXPECT_EQ(e.ids, ids) << dump_json(line["text"]);
    EXPECT_EQ(tokenizer.encode_ids(text), ids) << dump_json(line["text"]);
    EXPECT_EQ(tokenizer.encode_ids(text, bare), line["ids_no_special"].get<std::vector<std::int32_t>>());
    EXPECT_EQ(tokenizer.decode(ids), line["decoded_skip_special"].get<std::string>());
    StreamDecoder stream(tokenizer);
    std::string streamed;
    for (const std::int32_t id : ids) streamed += stream.push(id);
    streamed += stream.finish();
    EXPECT_EQ(streamed, tokenizer.decode(ids)) << dump_json(line["text"]);
    return !::testing::Test::HasFailure();
  });
}

TEST_P(SentencePieceGolden, IdsAndTextAreTheirs) {
  if (!std::filesystem::exists(kData / GetParam().model)) GTEST_SKIP() << "no " << GetParam().model << " here";
  const Tokenizer tokenizer = Tokenizer::from_file(kData / GetParam().model);
  for_each_line(GetParam(), [&](const Json& line) {
    EncodeOptions options;
    options.special_text = SpecialText::kPlain;
    const auto ids = line["ids"].get<std::vector<std::int32_t>>();
    EXPECT_EQ(tokenizer.encode_ids(line["text"].get<std::string>(), options), ids) << dump_json(line["text"]);
    EXPECT_EQ(tokenizer.decode(ids), line["decoded"].get<std::string>()) << dump_json(line["text"]);
    return !::testing::Test::HasFailure();
  });
}

INSTANTIATE_TEST_SUITE_P(
    Goldens, TokenizersGolden,
    testing::Values(Golden{"bert", "goldens-tokenizers/bert-base-uncased.jsonl",
                           "tokenizer-json-bert/bert-base-uncased.json"},
                    Golden{"stories260K", "goldens-tokenizers/stories260K.jsonl", "stories260K-hf/tokenizer.json"},
                    Golden{"t5", "goldens-tokenizers/t5-small.jsonl", "tokenizers/t5-small/tokenizer.json"}),
    [](const auto& test) { return test.param.name; });
INSTANTIATE_TEST_SUITE_P(Goldens, SentencePieceGolden,
                         testing::Values(Golden{"example", "goldens-sentencepiece/spm_example.jsonl",
                                                "tokenizers/torchtext-tokenizers/spm_example.model"},
                                         Golden{"stories260K", "goldens-sentencepiece/stories260K.jsonl",
                                                "stories260K-hf/tokenizer.model"},
                                         Golden{"t5", "goldens-sentencepiece/t5-base.jsonl",
                                                "tokenizers/torchtext-tokenizers/t5_tokenizer_base.model"}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace linnet

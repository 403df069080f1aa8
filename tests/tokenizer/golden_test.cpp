// The reference libraries' results: for tokenizers trained by tools/fixtures/trained.py, and for published ones with
// 555 strings each.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "linnet/base/file.h"
#include "linnet/base/json.h"
#include "linnet/tokenizer/gguf/export.h"
#include "linnet/tokenizer/tokenizer.h"
#include "linnet/tokenizer/tokenizer_data.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

const std::filesystem::path kTrained = std::filesystem::path(LINNET_SOURCE_DIR) / "tests/fixtures/trained";

class Trained : public testing::TestWithParam<const char*> {
 protected:
  struct Row {
    std::string text;
    std::vector<std::int32_t> ids, bare;
    std::string decoded;
    // Of the tokenizer classes of Transformers.
    std::vector<std::int32_t> target, pair, types;  // the last two are empty for most texts
    std::string whole;                              // decoded with the special tokens
  };
  std::filesystem::path folder() const { return kTrained / GetParam(); }
  // A SentencePiece model has its special tokens as plain text, as in the library.
  EncodeOptions options() const {
    EncodeOptions o;
    if (exists(folder() / "tokenizer.model") && !exists(folder() / "tokenizer_config.json"))
      o.special_text = SpecialText::kPlain;
    return o;
  }
  std::vector<Row> rows() const {
    std::vector<Row> rows;
    std::ifstream in(folder() / "goldens.jsonl");
    for (const Json& text : read_json(kTrained / "texts.json")) {
      std::string line;
      std::getline(in, line);
      const Json row = parse_json(line, "goldens.jsonl");
      const auto ids = row["ids"].get<std::vector<std::int32_t>>();
      const auto decoded = row.value("decoded", text.get<std::string>());
      const std::vector<std::int32_t> none;
      rows.push_back({text, ids, row.value("bare", ids), decoded, row.value("target", ids), row.value("pair", none),
                      row.value("types", none), row.value("whole", decoded)});
    }
    EXPECT_GT(rows.size(), 100U);
    return rows;
  }
};
class TrainedAsGguf : public Trained {};
class TrainedForClass : public Trained {};

TEST_P(Trained, IdsAndTextAreTheLibrarys) {
  const Tokenizer tokenizer = Tokenizer::from_pretrained(folder());
  EncodeOptions bare = options();
  bare.add_special_tokens = false;
  for (const Row& row : rows()) {
    SCOPED_TRACE(dump_json(row.text));
    EXPECT_EQ(tokenizer.encode(row.text, options()).ids, row.ids);
    EXPECT_EQ(tokenizer.encode_ids(row.text, options()), row.ids);
    EXPECT_EQ(tokenizer.encode_ids(row.text, bare), row.bare);
    EXPECT_EQ(tokenizer.decode(row.ids), row.decoded);
    StreamDecoder stream(tokenizer);
    std::string streamed;
    for (const std::int32_t id : row.ids) streamed += stream.push(id);
    EXPECT_EQ(streamed + stream.finish(), tokenizer.decode(row.ids));
    if (HasFailure()) return;
  }
}

TEST_P(TrainedForClass, TargetsPairsAndSpecialTokensAreTransformers) {
  const Tokenizer tokenizer = Tokenizer::from_pretrained(folder());
  for (const Row& row : rows()) {
    SCOPED_TRACE(dump_json(row.text));
    EXPECT_EQ(tokenizer.target().encode_ids(row.text), row.target);
    EXPECT_EQ(tokenizer.decode(row.ids, false), row.whole);
    if (!row.pair.empty()) {
      const Encoding pair = tokenizer.encode(row.text, "The green book.");
      EXPECT_EQ(pair.ids, row.pair);
      EXPECT_EQ(pair.type_ids, row.types);
    }
    if (HasFailure()) return;
  }
}

// llama.cpp's word pieces have no longest word, and lose a part of Hangul.
bool word_pieces_differ(const std::string& text) {
  return text.find("\xE1\x84") != text.npos || text.find("가") != text.npos ||
         (text.size() > 100 && text.find(' ') == text.npos);
}

// In a GGUF file's vocabulary, and in the folder that is made of it.
TEST_P(TrainedAsGguf, IdsAreTheLibrarys) {
  const Tokenizer original = Tokenizer::from_pretrained(folder());
  const GgufVocabulary vocabulary = export_gguf_vocabulary(folder(), original.vocab_size());
  const Tokenizer gguf = Tokenizer::from_gguf(vocabulary, GetParam());
  Scratch scratch;
  put(scratch / "tokenizer.json", tokenizer_json(vocabulary, "v.gguf"));
  put(scratch / "tokenizer_config.json", tokenizer_config_json(vocabulary, 512));
  const Tokenizer again = Tokenizer::from_pretrained(scratch.path());
  for (const Row& row : rows()) {
    SCOPED_TRACE(dump_json(row.text));
    if (vocabulary.model == "bert" && word_pieces_differ(row.text)) continue;
    EXPECT_EQ(gguf.encode_ids(row.text), row.ids);
    EXPECT_EQ(again.encode_ids(row.text), row.ids);
    EXPECT_EQ(again.decode(row.ids), gguf.decode(row.ids));
    if (HasFailure()) return;
  }
}

std::string trained_name(const testing::TestParamInfo<const char*>& test) {
  std::string name = test.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Kinds, Trained,
                         testing::Values("byte-level-bpe", "split-bpe", "metaspace-bpe", "suffix-bpe", "word-piece",
                                         "word-piece-cased", "word-level", "unigram", "sp-unigram", "sp-unigram-bytes",
                                         "sp-bpe", "sp-bpe-rules", "fairseq-xlm-roberta", "fairseq-camembert",
                                         "class-mbart", "class-mbart50", "class-t5", "class-pegasus", "class-albert",
                                         "class-deberta", "class-llama", "class-llama-legacy", "class-gemma",
                                         "class-marian"),
                         trained_name);
INSTANTIATE_TEST_SUITE_P(Kinds, TrainedForClass,
                         testing::Values("fairseq-xlm-roberta", "fairseq-camembert", "class-mbart", "class-mbart50",
                                         "class-t5", "class-pegasus", "class-albert", "class-deberta", "class-llama",
                                         "class-llama-legacy", "class-gemma", "class-marian"),
                         trained_name);
INSTANTIATE_TEST_SUITE_P(Kinds, TrainedAsGguf,
                         testing::Values("byte-level-bpe", "split-bpe", "metaspace-bpe", "word-piece"), trained_name);

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

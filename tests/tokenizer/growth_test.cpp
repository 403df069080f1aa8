// Every reader of a tokenizer and every step of encoding takes linear time and memory.
#include "tests/growth.h"

#include <gmock/gmock.h>

#include "linnet/base/utf8.h"
#include "linnet/tokenizer/gguf/export.h"
#include "linnet/tokenizer/normalizer.h"
#include "linnet/tokenizer/tokenizer_data.h"
#include "tests/tokenizer/reference.h"

namespace linnet {
namespace {

using test::expect_linear;

// n different words of five letters and more.
std::string word(std::size_t i) {
  std::string text = "w";
  for (i += 1000; i > 0; i /= 26) text += static_cast<char>('a' + i % 26);
  return text;
}
std::string repeated(std::string_view text, std::size_t bytes) {
  std::string all;
  while (all.size() < bytes) all += text;
  return all;
}
void read(const std::string& json) { Tokenizer::from_json(json, "tokenizer.json"); }

std::string vocabulary_json(const char* type, std::size_t n) {
  std::string json = fmt::format(R"({{"model": {{"type": "{}", "unk_token": "x", "vocab": {{"x": 0)", type);
  for (std::size_t i = 1; i < n; ++i) json += fmt::format(R"(, "{}": {})", word(i), i);
  return json + "}}}";
}

TEST(Growth, TokenizerJsonOfManyWords) {
  for (const char* type : {"WordPiece", "WordLevel"})
    expect_linear(
        2'000, [&](std::size_t n) { return vocabulary_json(type, n); }, read);
}

TEST(Growth, TokenizerJsonOfManyPieces) {
  const auto pieces = [](std::size_t n) {
    std::string json = R"({"model": {"type": "Unigram", "unk_id": 0, "vocab": [["x", -1])";
    for (std::size_t i = 1; i < n; ++i) json += fmt::format(R"(, ["{}", -{}.5])", word(i), i % 20);
    return json + "]}}";
  };
  expect_linear(2'000, pieces, read);
}

TEST(Growth, TokenizerJsonOfManyMerges) {
  const auto merges = [](std::size_t n) {
    std::string vocab = R"("a": 0)", list;
    for (std::size_t i = 1; i < n; ++i) {
      vocab += fmt::format(R"(, "{}": {}, "a{}": {})", word(i), 2 * i, word(i), 2 * i + 1);
      list += fmt::format(R"({}"a {}")", i > 1 ? ", " : "", word(i));
    }
    return R"({"model": {"type": "BPE", "vocab": {)" + vocab + R"(}, "merges": [)" + list + "]}}";
  };
  expect_linear(1'000, merges, read);
}

TEST(Growth, TokenizerJsonOfManyAddedTokens) {
  const auto added = [](std::size_t n) {
    std::string list;
    for (std::size_t i = 1; i < n; ++i)
      list += fmt::format(R"({}{{"id": {}, "content": "<{}>", "special": true}})", i > 1 ? ", " : "", i, word(i));
    return R"({"model": {"type": "WordLevel", "unk_token": "x", "vocab": {"x": 0}}, "added_tokens": [)" + list + "]}";
  };
  expect_linear(1'000, added, read);
}

// As many tokens as large vocabularies have: only memory (time jumps when tables exceed the caches).
TEST(Growth, LargeVocabulariesStayInMemory) {
  const auto within = [](const std::string& input, const auto& work) {
    const test::Cost cost = test::cost_of([&] { work(input); });
    EXPECT_STREQ(cost.fault.data(), "");
    if (!test::kSanitized) {
      EXPECT_LE(cost.mebibytes, 64 + 2.0 * static_cast<double>(input.size()) / (1 << 20));
    }
  };
  within(vocabulary_json("WordPiece", 200'000), read);
  within(vocabulary_json("WordLevel", 200'000), read);
}

// Tokens that differ only at the end, and many steps.
TEST(Growth, TokenizerJsonOfLongTokensAndManySteps) {
  const auto tokens = [](std::size_t n) {
    std::string json = R"({"model": {"type": "WordPiece", "unk_token": "x", "vocab": {"x": 0)";
    for (std::size_t i = 1; i < n; ++i) json += fmt::format(R"(, "{}{}": {})", std::string(8000, 'a'), word(i), i);
    return json + "}}}";
  };
  expect_linear(60, tokens, read);
  const auto steps = [](std::size_t n) {
    std::string list;
    for (std::size_t i = 0; i < n; ++i) list += R"({"type": "Lowercase"}, )";
    return R"({"model": {"type": "WordLevel", "unk_token": "x", "vocab": {"x": 0}}, "normalizer": {"type": "Sequence",
              "normalizers": [)" +
           list + R"({"type": "NFC"}]}})";
  };
  expect_linear(5'000, steps, read);
}

TEST(Growth, VocabularyFiles) {
  const Scratch scratch;
  const auto text = [&](std::size_t n) {
    std::string lines = "[UNK]\n";
    for (std::size_t i = 1; i < n; ++i) lines += word(i) + "\n";
    put(scratch / fmt::format("{}.txt", n), lines);
    return scratch / fmt::format("{}.txt", n);
  };
  expect_linear(3'000, text, [](const std::filesystem::path& file) { read_vocab_txt(file, {}); });
  const auto pair = [&](std::size_t n) {
    std::string vocab = R"({"a": 0)", merges;
    for (std::size_t i = 1; i < n; ++i) {
      vocab += fmt::format(R"(, "{}": {}, "a{}": {})", word(i), 2 * i, word(i), 2 * i + 1);
      merges += "a " + word(i) + "\n";
    }
    put(scratch / fmt::format("{}.json", n), vocab + "}");
    put(scratch / fmt::format("{}.merges", n), merges);
    return scratch / fmt::format("{}.json", n);
  };
  expect_linear(1'000, pair, [](const std::filesystem::path& file) {
    read_vocab_and_merges(file, std::filesystem::path(file).replace_extension("merges"));
  });
}

TEST(Growth, SentencePieceModels) {
  const auto varint = [](std::size_t v) {
    std::string bytes;
    for (; v >= 0x80; v >>= 7) bytes += static_cast<char>(v | 0x80);
    return bytes + static_cast<char>(v);
  };
  const auto piece = [&](const std::string& text, int kind) {
    const std::string body = "\x0A" + varint(text.size()) + text + "\x18" + static_cast<char>(kind);
    return "\x0A" + varint(body.size()) + body;
  };
  for (const int kind : {1, 4}) {  // normal and user-defined ones
    const auto model = [&](std::size_t n) {
      std::string bytes = piece("<unk>", 2);
      for (std::size_t i = 1; i < n; ++i) bytes += piece(word(i), kind);
      return bytes;
    };
    expect_linear(2'000, model, [](const std::string& bytes) { parse_sentencepiece_model(bytes, "m.model"); });
  }
}

GgufVocabulary gguf(std::string_view lines, const char* model) {
  GgufVocabulary v;
  v.model = model;
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = lines.find('\n', at);
    v.tokens.emplace_back(lines.substr(at, end - at));
    at = end + 1;
  }
  v.scores.assign(v.tokens.size(), -1);
  v.token_types.assign(v.tokens.size(), 1);
  v.unk = 0;
  return v;
}
std::string words(std::size_t n) {
  std::string lines = "<unk>\n<s>\n</s>\n";
  for (std::size_t i = 0; i < n; ++i) lines += word(i) + "\n";
  return lines;
}

TEST(Growth, GgufVocabularies) {
  for (const char* model : {"gpt2", "llama", "bert", "t5"})
    expect_linear(2'000, words, [&](const std::string& lines) { Tokenizer::from_gguf(gguf(lines, model), "m.gguf"); });
}

// Twenty tokens of a megabyte; also one of the maximum length, written as a tokenizer.json.
TEST(Growth, GgufVocabulariesOfLongTokensAreConverted) {
  const auto tokens = [](std::size_t n) {
    std::string lines = "<unk>\n<s>\n</s>\na\n";
    for (std::size_t i = 0; i < n; ++i) lines += std::string(kLongestToken - 8 - i, 'a') + "\n";
    return lines;
  };
  expect_linear(
      20, tokens, [](const std::string& lines) { tokenizer_json(gguf(lines, "llama"), "m.gguf"); }, true);
  EXPECT_THROW(Tokenizer::from_gguf(gguf("<unk>\n" + std::string(1 << 20, 'a') + "\n", "gpt2"), "m.gguf"), Error);
}

// A model over letters with additions of the test.
Json letter_model(const Json& model) { return {{"added_tokens", Json::array()}, {"model", model}}; }

void expect_linear_on(const Json& json, std::string_view unit, std::size_t first = 8 << 10, bool refused = false) {
  SCOPED_TRACE(dump_json(json).substr(0, 300));
  const Tokenizer t = Tokenizer::from_json(dump_json(json), "tokenizer.json");
  expect_linear(
      first, [&](std::size_t n) { return repeated(unit, n); }, [&](const std::string& text) { t.encode(text); },
      refused);
}

const std::string kLong(kLongestToken - 1, 'a');
Json pieces(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (std::size_t i = 0; i < texts.size(); ++i) list.push_back(Json::array({texts[i], -1.0 - static_cast<double>(i)}));
  return list;
}

// A piece, a word, an added token so long that it may begin at every position of the text.
TEST(Growth, LongTokensAtEveryPlaceOfAText) {
  const std::string long_token(1000, 'a');  // short compared to the texts, whose last positions have no room for the
                                            // token
  const Json unigram{{"type", "Unigram"}, {"unk_id", 0}, {"vocab", pieces({"x", "a", long_token + "b", long_token})}};
  expect_linear_on(letter_model(unigram), "a", 16 << 10);
  const Json wordpiece{{"type", "WordPiece"},
                       {"unk_token", "x"},
                       {"max_input_chars_per_word", 1 << 30},
                       {"vocab", {{"x", 0}, {"a", 1}, {"##a", 2}, {"##" + long_token.substr(2) + "b", 3}}}};
  expect_linear_on(letter_model(wordpiece), "a", 16 << 10);
  Json added = letter_model({{"type", "WordLevel"}, {"unk_token", "x"}, {"vocab", {{"x", 0}}}});
  added["added_tokens"] = {{{"id", 1}, {"content", long_token + "b"}, {"special", true}},
                           {{"id", 2}, {"content", long_token + "c"}, {"normalized", true}}};
  expect_linear_on(added, "a", 16 << 10);
  added["added_tokens"] = {{{"id", 1}, {"content", " "}, {"lstrip", true}, {"rstrip", true}, {"single_word", true}}};
  expect_linear_on(added, " ");
  const Json longest{{"type", "Unigram"}, {"unk_id", 0}, {"vocab", pieces({"x", "a", kLong + "b", kLong})}};
  const Tokenizer t = Tokenizer::from_json(dump_json(letter_model(longest)), "tokenizer.json");
  const test::Cost cost = test::cost_of([&] { t.encode(std::string(1 << 18, 'a')); });
  EXPECT_LT(cost.seconds, test::kSanitized ? 20 : 2);
}

TEST(Growth, ATokenLongerThanTheLimitIsRefused) {
  for (Json json :
       {letter_model({{"type", "Unigram"}, {"unk_id", 0}, {"vocab", pieces({"x", kLong + "bc"})}}),
        letter_model({{"type", "WordPiece"}, {"unk_token", "x"}, {"vocab", {{"x", 0}, {kLong + "bc", 1}}}}),
        letter_model({{"type", "BPE"}, {"merges", Json::array()}, {"vocab", {{"x", 0}, {kLong + "bc", 1}}}})})
    EXPECT_THAT(refusal([&] { read(dump_json(json)); }), ::testing::HasSubstr("has 16385 bytes, the most is 16384"));
  Json added = letter_model({{"type", "WordLevel"}, {"unk_token", "x"}, {"vocab", {{"x", 0}}}});
  added["added_tokens"] = {{{"id", 1}, {"content", kLong + "bc"}, {"special", true}}};
  EXPECT_THAT(refusal([&] { read(dump_json(added)); }), ::testing::HasSubstr("has 16385 bytes"));
}

// One word of any length through BPE: growing merges, and merges that never reach a token.
TEST(Growth, LongWords) {
  const Json merges{{"type", "BPE"},
                    {"vocab", {{"a", 0}, {"b", 1}, {"aa", 2}, {"aaaa", 3}, {"ab", 4}}},
                    {"merges", {"a a", "aa aa", "a b"}}};
  expect_linear_on(letter_model(merges), "a");
  expect_linear_on(letter_model(merges), "ab");
  Json fallback = merges;
  fallback["byte_fallback"] = true;
  fallback["end_of_word_suffix"] = "</w>";
  for (int b = 0; b < 256; ++b) fallback["vocab"][fmt::format("<0x{:02X}>", b)] = 10 + b;
  expect_linear_on(letter_model(fallback), "\xC3\xA9");
  GgufVocabulary v = gguf("<unk>\n<s>\n</s>\na\nb\naa\naaaa\nab\n", "llama");
  const Tokenizer scored = Tokenizer::from_gguf(v, "m.gguf");
  expect_linear(
      8 << 10, [](std::size_t n) { return repeated("ab", n); }, [&](const std::string& text) { scored.encode(text); });
}

constexpr std::string_view kMixture = "Hello, wörld! 12 don't  \tΑΣ 你好 (x) \xCC\x81\xCC\x80 ";
const Json kWordLevel{{"type", "WordLevel"}, {"unk_token", "x"}, {"vocab", {{"x", 0}}}};

TEST(Growth, EveryNormalizer) {
  for (const Json& entry : tokenizer_reference()["normalizers"])
    for (const std::string_view unit :
         {kMixture, std::string_view("x\xCC\x81\xCC\x80\xCC\xA3"), std::string_view(" ")}) {
      Json json = letter_model(kWordLevel);
      json["normalizer"] = entry["json"];
      expect_linear_on(json, unit);
    }
}

TEST(Growth, EveryPreTokenizer) {
  for (const Json& entry : tokenizer_reference()["pretokenizers"])
    for (const std::string_view unit : {kMixture, std::string_view(" "), std::string_view("7")}) {
      Json json = letter_model(kWordLevel);
      json["pre_tokenizer"] = entry["json"];
      expect_linear_on(json, unit);
    }
}

// Patterns that scan to the end of the text from each position are stopped in time.
TEST(Growth, PatternsThatGoBack) {
  for (const char* pattern : {"(?>[^b]*)b", "a(?=.*b)|c"}) {
    Json json = letter_model(kWordLevel);
    json["pre_tokenizer"] = {
        {"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}};
    expect_linear_on(json, "a", 64 << 10, true);
  }
}

TEST(Growth, EveryDecoder) {
  Json model{{"type", "WordLevel"},
             {"unk_token", "x"},
             {"vocab", {{"x", 0}, {"<0x80>", 1}, {"##s", 2}, {"a</w>", 3}, {"\xE2\x96\x81", 4}, {" n't", 5}, {"", 6}}}};
  for (const Json& entry : tokenizer_reference()["decoders"]) {
    SCOPED_TRACE(dump_json(entry["json"]));
    Json json = letter_model(model);
    json["decoder"] = entry["json"];
    const Tokenizer t = Tokenizer::from_json(dump_json(json), "tokenizer.json");
    expect_linear(
        16 << 10, [&](std::size_t n) { return std::string(n, '.'); },
        [&](const std::string& text) {
          std::vector<std::int32_t> ids(text.size());
          for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int32_t>(i % 7);
          t.decode(ids);
        });
  }
}

// Bytes that never form characters, tokens without text, and ordinary ones.
TEST(Growth, TheStreamDecoder) {
  Json json = letter_model({{"type", "WordLevel"},
                            {"unk_token", "x"},
                            {"vocab", {{"x", 0}, {"<0x80>", 1}, {"<0xC3>", 3}, {"<0xA9>", 4}, {"y", 5}}}});
  json["decoder"] = {{"type", "ByteFallback"}};
  json["added_tokens"] = {{{"id", 2}, {"content", "<s>"}, {"special", true}}};
  const Tokenizer t = Tokenizer::from_json(dump_json(json), "tokenizer.json");
  const std::vector<std::vector<std::int32_t>> units{{1}, {2}, {3, 4}, {5, 0}};
  for (const std::vector<std::int32_t>& unit : units)
    expect_linear(
        8 << 10, [&](std::size_t n) { return std::string(n, '.'); },
        [&](const std::string& text) {
          StreamDecoder stream(t);
          std::string all;
          std::vector<std::int32_t> ids;
          for (std::size_t i = 0; i < text.size(); ++i) {
            ids.push_back(unit[i % unit.size()]);
            all += stream.push(ids.back());
          }
          all += stream.finish();
          LINNET_ASSERT(all == t.decode(ids));
        });
}

}  // namespace
}  // namespace linnet

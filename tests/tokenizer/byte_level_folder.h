// A folder with a small byte-level tokenizer, for tests of GGUF conversion.
#pragma once

#include <string>
#include <utility>

#include "linnet/base/json.h"
#include "linnet/base/utf8.h"
#include "linnet/tokenizer/gguf/export.h"
#include "linnet/tokenizer/normalizer.h"
#include "tests/scratch.h"

namespace linnet {

// A byte-level vocabulary: a token per byte, some merges, an end token.
inline Json byte_level(const Json& pretokenizer) {
  Json vocabulary = Json::object(), merges = Json::array();
  int id = 0;
  for (int byte = 0; byte < 256; ++byte) {
    std::string text;
    utf8::append(text, byte_to_code(static_cast<unsigned char>(byte)));
    vocabulary[text] = id++;
  }
  const std::pair<const char*, const char*> joined[] = {{"3", "3"}, {"33", "3"}, {"h", "e"}, {"l", "l"},
                                                        {"Ġ", "x"}, {"'", "s"},  {"Ġ", "Ġ"}};
  for (const auto& [left, right] : joined) {
    vocabulary[std::string(left) + right] = id++;
    merges.push_back({left, right});
  }
  return {{"version", "1.0"},
          {"added_tokens",
           {{{"id", id}, {"content", "<end>"}, {"special", true}},
            {{"id", id + 1}, {"content", "<own>"}, {"special", false}, {"normalized", false}}}},
          {"normalizer", nullptr},
          {"pre_tokenizer", pretokenizer},
          {"post_processor", nullptr},
          {"decoder", {{"type", "ByteLevel"}}},
          {"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", merges}}}};
}

inline const Json kGpt2{{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}};
inline const Json kSmol{{"type", "Sequence"},
                        {"pretokenizers", {{{"type", "Digits"}, {"individual_digits", true}}, kGpt2}}};

struct ByteLevelFolder {
  explicit ByteLevelFolder(const Json& json) {
    put(scratch / "tokenizer.json", dump_json(json));
    put(scratch / "tokenizer_config.json",
        R"({"eos_token": "<end>", "model_max_length": 64, "chat_template": "{{ messages }}"})");
  }
  GgufVocabulary exported(std::int64_t rows = 270) const { return export_gguf_vocabulary(scratch.path(), rows); }
  Scratch scratch;
};

}  // namespace linnet

// Results of the `tokenizers` library for small texts (tools/fixtures/tokenizer_parts.py).
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "linnet/base/json.h"
#include "linnet/tokenizer/tokenizer.h"
#include "tests/scratch.h"

namespace linnet {

inline const Json& tokenizer_reference() {
  static const Json json = read_json(LINNET_SOURCE_DIR "/tests/fixtures/tokenizers.json");
  return json;
}

// Calls check(text, expected result) for every text of an entry of the reference.
template <class Check>
void for_each_text(const Json& entry, Check check) {
  const Json& texts = tokenizer_reference()["texts"];
  for (std::size_t i = 0; i < texts.size(); ++i) {
    SCOPED_TRACE(dump_json(entry["json"]) + " on " + dump_json(texts[i]));
    check(texts[i].get<std::string>(), entry["out"][i]);
  }
}

inline Tokenizer tokenizer_of(const Json& description) {
  Scratch scratch;
  put(scratch / "tokenizer.json", dump_json(description));
  return Tokenizer::from_file(scratch / "tokenizer.json");
}

inline void expect_encoding(const Encoding& found, const Json& wanted) {
  EXPECT_EQ(found.ids, wanted["ids"].get<std::vector<std::int32_t>>());
  EXPECT_EQ(found.tokens, wanted["tokens"].get<std::vector<std::string>>());
  EXPECT_EQ(found.type_ids, wanted["type_ids"].get<std::vector<std::int32_t>>());
  EXPECT_EQ(found.special_tokens_mask, wanted["special"].get<std::vector<std::int32_t>>());
  std::vector<std::pair<std::int64_t, std::int64_t>> offsets;
  for (const Json& o : wanted["offsets"]) offsets.emplace_back(o[0], o[1]);
  EXPECT_EQ(found.offsets, offsets);
}

// Every tokenizer of a group on every text: ids, tokens and byte offsets; and only the ids, the fast path.
inline void expect_models_agree(const char* group) {
  for (const Json& entry : tokenizer_reference()["models"][group]) {
    const Tokenizer tokenizer = tokenizer_of(entry["json"]);
    for_each_text(entry, [&](const std::string& text, const Json& wanted) {
      expect_encoding(tokenizer.encode(text), wanted);
      EXPECT_EQ(tokenizer.encode_ids(text), wanted["ids"].get<std::vector<std::int32_t>>());
    });
  }
}

}  // namespace linnet

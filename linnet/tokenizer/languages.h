// Languages of a tokenizer of translations: a token marks the language of a text.
//
//   Tokenizer t = Tokenizer::from_pretrained("models/mbart").with_languages("en", "ro_RO");
//   t.encode("A door")                  // the source text, marked as English
//   t.target().encode("O ușă")          // the target text, marked as Romanian
//   t.target_language_id()              // ro_RO: the first token to generate
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/base/json.h"

namespace linnet {

struct TokenizerData;

struct Languages {
  enum class Place : std::uint8_t {
    kBefore,  // code X </s>
    kAfter,   // X </s> code
    kInText   // the target's code in front of the source text: code X </s>
  } place = Place::kBefore;
  std::vector<std::string> codes;  // with ids
  std::string source, target;      // as configured or chosen; "" if unknown
};

// Sets the languages of a model whose tokenizer class has them, and the special tokens around its texts, from src_lang
// and tgt_lang of tokenizer_config.json, `config`. `place` is its name for messages.
void apply_languages(TokenizerData& data, std::string_view tokenizer_class, const Json& config, std::string_view place);

}  // namespace linnet

// Decoders: convert token texts to one text.
//
//   DecoderPtr d = make_decoder(json["decoder"], "tokenizer.json");
//   std::string text = decode_tokens(d.get(), {"Hello", "##s"});   // "Hellos"
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/base/json.h"
#include "linnet/tokenizer/text_budget.h"

namespace linnet {

class TokenDecoder {
 public:
  virtual ~TokenDecoder() = default;
  // Each step modifies the list of texts, which are joined at the end. The budget limits their growth.
  virtual void decode(std::vector<std::string>& tokens, TextBudget& budget) const = 0;
};
using DecoderPtr = std::unique_ptr<const TokenDecoder>;

// The `decoder` of a tokenizer.json; null for null. Unknown or malformed: kBadInput naming `place`.
DecoderPtr make_decoder(const Json& json, std::string_view place);
// Without a decoder the tokens are joined by spaces. Too much growth is kInvalidArgument, see TextBudget.
std::string decode_tokens(const TokenDecoder* decoder, std::vector<std::string> tokens);

// Transformers' clean_up_tokenization: " ." " ?" " !" " ," " ' " " n't" " 'm" " 's" " 've" " 're" lose their space.
std::string clean_up_spaces(std::string text);

}  // namespace linnet

// Post-processors: special tokens around one text or a pair, type ids, offsets without spaces.
//
//   PostProcessorPtr p = make_postprocessor(json["post_processor"], "tokenizer.json");
//   Encoding whole = p->process(std::move(first), nullptr, texts, true);
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/base/json.h"
#include "linnet/tokenizer/encoding.h"

namespace linnet {

// The encodings of one or two texts during post-processing. Offsets refer to `texts`.
struct Parts {
  std::vector<Encoding> encodings;
  std::vector<std::string_view> texts;  // of encodings 0 and 1
  bool add_special_tokens = true;
};

class PostProcessor {
 public:
  virtual ~PostProcessor() = default;
  virtual void process(Parts& parts) const = 0;
  // Number of tokens that it adds, for truncation.
  virtual std::int64_t added(bool pair) const = 0;
  // True if it removes spaces from offsets.
  virtual bool trims_offsets() const { return false; }
};
using PostProcessorPtr = std::unique_ptr<const PostProcessor>;

// The `post_processor` of a tokenizer.json; null for null. Unknown or malformed: kBadInput naming `place`.
PostProcessorPtr make_postprocessor(const Json& json, std::string_view place);

// A template in code: pieces are token ids or the texts A and B.
struct TemplatePiece {
  enum class What : std::uint8_t { kFirst, kSecond, kToken } what = What::kFirst;
  std::int32_t type_id = 0;
  std::vector<std::int32_t> ids;  // for kToken
  std::vector<std::string> tokens;
};
PostProcessorPtr template_processor(std::vector<TemplatePiece> single, std::vector<TemplatePiece> pair);

void append(Encoding& to, const Encoding& more);
// Truncates to `length` tokens.
void truncate(Encoding& encoding, std::int64_t length, Side side);
// Truncates like `tokenizers`: longest first, or one of the two. kInvalidArgument if a pair cannot be short enough.
void truncate_parts(std::vector<Encoding>& encodings, const Truncation& truncation);

}  // namespace linnet

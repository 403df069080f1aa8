// Pre-tokenizers: they split a normalised text into pieces, and some modify it.
//
//   PreTokenizerPtr p = make_pretokenizer(json["pre_tokenizer"], "tokenizer.json");
//   PieceList list(std::move(text));
//   p->split(list);
//   for (Span s : list.pieces) … list.text.view().substr(s.begin, s.end - s.begin)
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "linnet/base/json.h"
#include "linnet/tokenizer/aligned_text.h"

namespace linnet {

// A text and its pieces in order; text between pieces is dropped.
struct PieceList {
  AlignedText text;
  std::vector<Span> pieces;  // never empty

  PieceList(AlignedText whole, Span piece) : text(std::move(whole)) {
    if (piece.begin < piece.end) pieces.push_back(piece);
  }
};

class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  virtual void split(PieceList& list) const = 0;
  // True if it needs origins of pieces even without offsets.
  virtual bool needs_origins() const { return false; }
};
using PreTokenizerPtr = std::unique_ptr<const PreTokenizer>;

// Output of a ByteLevel step: characters of byte_to_code, or bytes, for a model that takes bytes.
enum class ByteSpelling : std::uint8_t { kCharacters, kAsTheyAre };

// The `pre_tokenizer` of a tokenizer.json; null for null. Unknown or malformed: kBadInput naming `place`.
PreTokenizerPtr make_pretokenizer(const Json& json, std::string_view place, ByteSpelling spelling);
// True if the last step is ByteLevel and no other one is, so that kAsTheyAre is possible.
bool ends_in_byte_level(const Json& json);

}  // namespace linnet

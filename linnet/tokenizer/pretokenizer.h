// Pre-tokenizers: they cut a normalised text into pieces, and some change it on the way.
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

// A text and the pieces of it, in order; what lies between them is gone.
struct PieceList {
  AlignedText text;
  std::vector<Span> pieces;  // never empty ones

  PieceList(AlignedText whole, Span piece) : text(std::move(whole)) {
    if (piece.begin < piece.end) pieces.push_back(piece);
  }
};

class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  virtual void split(PieceList& list) const = 0;
  // Needs to know where pieces come from even if nobody asked for offsets.
  virtual bool needs_origins() const { return false; }
};
using PreTokenizerPtr = std::unique_ptr<const PreTokenizer>;

// Whether a ByteLevel step spells bytes with the characters of byte_to_code, or leaves them as they are, for a model
// that takes bytes.
enum class ByteSpelling : std::uint8_t { kCharacters, kAsTheyAre };

// The `pre_tokenizer` of a tokenizer.json; null for null. Unknown or malformed: kBadInput naming `place`.
PreTokenizerPtr make_pretokenizer(const Json& json, std::string_view place, ByteSpelling spelling);
// True where the last step is ByteLevel and no other one is, so that kAsTheyAre may be asked for.
bool ends_in_byte_level(const Json& json);

}  // namespace linnet

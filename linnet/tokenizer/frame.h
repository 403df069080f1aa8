// The special tokens that a tokenizer's post-processor puts around one text or a pair.
//
//   Frame frame = tokenizer.frame(Texts::kPair);   // [CLS] A [SEP] B [SEP]
//   frame.before();                                // the ids in front of the first text
#pragma once

#include <cstdint>
#include <vector>

#include "linnet/tokenizer/postprocessor.h"

namespace linnet {

enum class Texts : std::uint8_t { kOne, kPair };

struct Frame {
  struct Piece {
    TemplatePiece::What what = TemplatePiece::What::kFirst;  // a text or a token
    std::int32_t id = -1;                                    // of a token
    std::int32_t type_id = 0;
  };
  std::vector<Piece> pieces;  // in order; a template may omit or repeat a text

  // Ids before the first text and after the last.
  std::vector<std::int32_t> before() const;
  std::vector<std::int32_t> after() const;
};

// `postprocessor` may be null: then there are no special tokens.
Frame frame_of(const PostProcessor* postprocessor, Texts texts);

}  // namespace linnet

#include "linnet/tokenizer/frame.h"

#include <algorithm>

#include "linnet/tokenizer/tokenizer.h"
#include "linnet/tokenizer/tokenizer_data.h"

namespace linnet {
namespace {

constexpr std::int32_t kFirstText = -1, kSecondText = -2;  // in place of the ids of a text

Encoding placeholder(std::int32_t id, std::int32_t type_id) {
  return {.ids = {id},
          .tokens = {""},
          .offsets = {{0, 0}},
          .type_ids = {type_id},
          .attention_mask = {1},
          .special_tokens_mask = {0},
          .words = {}};
}

bool is_text(const Frame::Piece& piece) { return piece.what != TemplatePiece::What::kToken; }

template <class Iterator>
std::vector<std::int32_t> ids_between(Iterator begin, Iterator end) {
  std::vector<std::int32_t> ids;
  for (; begin != end; ++begin) ids.push_back(begin->id);
  return ids;
}

}  // namespace

std::vector<std::int32_t> Frame::before() const {
  return ids_between(pieces.begin(), std::find_if(pieces.begin(), pieces.end(), is_text));
}

std::vector<std::int32_t> Frame::after() const {
  return ids_between(std::find_if(pieces.rbegin(), pieces.rend(), is_text).base(), pieces.end());
}

// Post-processes placeholders: what a post-processor adds does not depend on the tokens of the texts.
Frame frame_of(const PostProcessor* postprocessor, Texts texts) {
  Parts parts;
  parts.encodings.push_back(placeholder(kFirstText, 0));
  if (texts == Texts::kPair) parts.encodings.push_back(placeholder(kSecondText, 1));
  parts.texts.resize(parts.encodings.size());
  if (postprocessor != nullptr) postprocessor->process(parts);
  Frame frame;
  for (const Encoding& e : parts.encodings)
    for (std::size_t i = 0; i < e.size(); ++i) {
      const auto what = e.ids[i] == kFirstText    ? TemplatePiece::What::kFirst
                        : e.ids[i] == kSecondText ? TemplatePiece::What::kSecond
                                                  : TemplatePiece::What::kToken;
      frame.pieces.push_back({what, what == TemplatePiece::What::kToken ? e.ids[i] : -1, e.type_ids[i]});
    }
  return frame;
}

Frame Tokenizer::frame(Texts texts) const { return frame_of(data_->postprocessor.get(), texts); }

}  // namespace linnet

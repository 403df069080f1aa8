#include <algorithm>
#include <optional>

#include "linnet/tokenizer/byte_trie.h"
#include "linnet/tokenizer/model.h"
#include "linnet/tokenizer/normalizer.h"

namespace linnet {
namespace {

class SentencePiece : public Normalizer {
 public:
  SentencePiece(const SentencePieceOptions& options, std::string_view place) : options_(options) {
    if (!options.charsmap.empty()) map_ = Charsmap::parse(options.charsmap, place);
    for (const std::string& piece : options.untouched) untouched_.insert(piece, 0);
    options_.charsmap.clear();  // both are in their tables now
    options_.untouched = {};
  }

  void normalize(AlignedText& text) const override {
    Output out{text.tracked(), {}, {}};
    const std::string_view input = text.view();
    std::size_t at = 0;
    // Removes leading spaces before the prefix is added, trailing ones at the end.
    if (options_.remove_extra_whitespaces)
      while (at < input.size()) {
        const Step step = next(input.substr(at));
        if (step.text != " ") break;
        at += step.length;
      }
    if (at == input.size()) return text.assign({}, {});
    if (options_.add_dummy_prefix) put(out, " ", text, at, at + 1);
    bool after_blank = options_.remove_extra_whitespaces;
    while (at < input.size()) {
      const Step step = next(input.substr(at));
      std::string_view piece = step.text;
      if (options_.remove_extra_whitespaces && after_blank)
        while (piece.starts_with(' ')) piece.remove_prefix(1);
      if (!piece.empty()) {
        put(out, piece, text, at, at + step.length);
        text.check_next_size(out.text.size());
        after_blank = options_.remove_extra_whitespaces && piece.ends_with(' ');
      }
      at += step.length;
    }
    if (options_.remove_extra_whitespaces) {
      const std::string_view blank = options_.escape_whitespaces ? kSpaceMark : std::string_view(" ");
      while (out.text.ends_with(blank)) out.text.resize(out.text.size() - blank.size());
      if (out.tracked) out.spans.resize(out.text.size());
    }
    text.replace_all(std::move(out.text), std::move(out.spans));
  }

 private:
  struct Step {
    std::string_view text;
    std::size_t length;
  };
  struct Output {
    bool tracked;
    std::string text;
    std::vector<Span> spans;
  };
  // The replacement of the beginning of `input`.
  Step next(std::string_view input) const {
    if (const std::size_t length = untouched_.longest(input); length > 0) return {input.substr(0, length), length};
    if (map_)
      if (const auto hit = map_->longest(input)) return {hit->replacement, hit->length};
    const std::size_t length = utf8::decode(input).length;
    return {input.substr(0, length), length};
  }
  void put(Output& out, std::string_view piece, const AlignedText& from, std::size_t begin, std::size_t end) const {
    const std::size_t before = out.text.size();
    for (const char c : piece) {
      if (c == ' ' && options_.escape_whitespaces)
        out.text += kSpaceMark;
      else
        out.text += c;
    }
    if (out.tracked) out.spans.insert(out.spans.end(), out.text.size() - before, from.origin(begin, end));
  }

  SentencePieceOptions options_;
  std::optional<Charsmap> map_;
  ByteTrie untouched_;
};

}  // namespace

NormalizerPtr sentencepiece_normalizer(const SentencePieceOptions& options, std::string_view place) {
  return std::make_unique<SentencePiece>(options, place);
}

}  // namespace linnet

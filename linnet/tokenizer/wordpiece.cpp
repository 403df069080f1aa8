#include <algorithm>
#include <atomic>

#include "linnet/base/error.h"
#include "linnet/base/utf8.h"
#include "linnet/tokenizer/byte_trie.h"
#include "linnet/tokenizer/model.h"
#include "linnet/tokenizer/word_cache.h"

namespace linnet {
namespace {

// Repeatedly takes the longest token; a word that is not covered completely is unknown as a whole.
class WordPiece : public TokenModel {
 public:
  WordPiece(Vocabulary vocabulary, const WordPieceOptions& options, std::string_view place)
      : TokenModel(std::move(vocabulary)), options_(options), place_(place), unk_(vocabulary_.find(options.unk_token)) {
    const std::string& prefix = options_.continuing_subword_prefix;
    vocabulary_.for_each([&](std::string_view text, std::int32_t id) {
      starts_.insert(text, id);
      if (text.starts_with(prefix)) continues_.insert(text.substr(prefix.size()), id);
    });
    static std::atomic<std::uint64_t> count{3ULL << 32};
    number_ = ++count;
  }

  void tokenize(std::string_view piece, std::vector<ModelToken>& out) const override {
    if (piece.empty()) return;
    WordCache& cache = WordCache::local(number_);
    if (cache.fetch(piece, 0, out)) return;
    const std::size_t before = out.size();
    const bool too_long = piece.size() > static_cast<std::uint64_t>(options_.max_input_chars_per_word) &&
                          static_cast<std::int64_t>(utf8::count(piece)) > options_.max_input_chars_per_word;
    std::size_t at = 0;
    while (!too_long && at < piece.size()) {
      std::int32_t id = -1;
      const std::size_t length = (at == 0 ? starts_ : continues_).longest(piece.substr(at), &id);
      if (length == 0) break;
      out.push_back({id, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at + length)});
      at += length;
    }
    if (at < piece.size()) {
      check(unk_ >= 0, ErrorKind::kBadInput,
            "{}: a word is unknown and the unknown token '{}' is not in the vocabulary; add it", place_,
            printable(options_.unk_token, 60));
      out.resize(before);
      out.push_back({unk_, 0, static_cast<std::uint32_t>(piece.size())});
    }
    cache.store(piece, 0, out, before);
  }
  bool marks_continuations() const override { return !options_.continuing_subword_prefix.empty(); }

 private:
  WordPieceOptions options_;
  std::string place_;
  std::int32_t unk_;
  ByteTrie starts_, continues_;
  std::uint64_t number_ = 0;
};

class WordLevel : public TokenModel {
 public:
  WordLevel(Vocabulary vocabulary, const std::string& unk_token, std::string_view place)
      : TokenModel(std::move(vocabulary)), place_(place), unk_token_(unk_token), unk_(vocabulary_.find(unk_token)) {}

  void tokenize(std::string_view piece, std::vector<ModelToken>& out) const override {
    if (piece.empty()) return;
    std::int32_t id = vocabulary_.find(piece);
    if (id < 0) id = unk_;
    check(id >= 0, ErrorKind::kBadInput,
          "{}: a word is unknown and the unknown token '{}' is not in the vocabulary; add it", place_,
          printable(unk_token_, 60));
    out.push_back({id, 0, static_cast<std::uint32_t>(piece.size())});
  }

 private:
  std::string place_, unk_token_;
  std::int32_t unk_;
};

}  // namespace

TokenModelPtr make_wordpiece(Vocabulary vocabulary, const WordPieceOptions& options, std::string_view place) {
  check(options.max_input_chars_per_word >= 0, ErrorKind::kBadInput,
        "{}: max_input_chars_per_word is {}; it is a count, 100 by default", place, options.max_input_chars_per_word);
  check_token_lengths(vocabulary, place);
  return std::make_unique<WordPiece>(std::move(vocabulary), options, place);
}

TokenModelPtr make_wordlevel(Vocabulary vocabulary, const std::string& unk_token, std::string_view place) {
  check_token_lengths(vocabulary, place);
  return std::make_unique<WordLevel>(std::move(vocabulary), unk_token, place);
}

}  // namespace linnet

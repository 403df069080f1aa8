#include <algorithm>
#include <atomic>
#include <queue>

#include "linnet/base/error.h"
#include "linnet/base/utf8.h"
#include "linnet/tokenizer/byte_trie.h"
#include "linnet/tokenizer/model.h"
#include "linnet/tokenizer/word_cache.h"

namespace linnet {
namespace {

class ScoredBpe : public TokenModel {
 public:
  ScoredBpe(ScoredPieces pieces, std::string_view place)
      : TokenModel(vocabulary_of(pieces)), place_(place), scores_(std::move(pieces.scores)), unk_(pieces.unk) {
    separable_ = true;
    for (std::size_t i = 0; i < pieces.texts.size(); ++i) {
      const PieceKind kind = pieces.kinds.empty() ? PieceKind::kNormal : pieces.kinds[i];
      const std::string& text = pieces.texts[i];
      if (kind != PieceKind::kNormal && kind != PieceKind::kUserDefined && kind != PieceKind::kUnused) continue;
      if (kind == PieceKind::kUserDefined) frozen_.insert(text, static_cast<std::int32_t>(i));
      matchable_.add(text, static_cast<std::int32_t>(i));
      std::size_t begin = 0;
      while (text.compare(begin, kSpaceMark.size(), kSpaceMark) == 0) begin += kSpaceMark.size();
      separable_ = separable_ && text.find(kSpaceMark, begin) == text.npos;
    }
    matchable_.finish();
    // Otherwise unknown marks fuse with preceding unknown text.
    separable_ = separable_ && matchable_.find(kSpaceMark) >= 0;
    if (pieces.byte_fallback) byte_tokens_ = byte_tokens(vocabulary_);
    static std::atomic<std::uint64_t> count{2ULL << 32};
    number_ = ++count;
  }

  void tokenize(std::string_view piece, std::vector<ModelToken>& out) const override {
    if (piece.empty()) return;
    if (!separable_) return word(piece, 0, out);
    std::size_t begin = 0;
    for (std::size_t at = 1; (at = piece.find(kSpaceMark, at)) != piece.npos; ++at) {
      if (at >= kSpaceMark.size() && piece.substr(at - kSpaceMark.size(), kSpaceMark.size()) == kSpaceMark) continue;
      word(piece.substr(begin, at - begin), begin, out);
      begin = at;
    }
    word(piece.substr(begin), begin, out);
  }

 private:
  struct Symbol {
    std::uint32_t begin, length;  // length 0: merged away
    std::int32_t prev, next;
    bool frozen;  // a user-defined piece never merges
  };
  struct Candidate {
    double score;
    std::int32_t left;
    std::uint32_t length;  // of the joined text, to detect a stale entry
    bool operator<(const Candidate& other) const {
      return score != other.score ? score < other.score : left > other.left;
    }
  };

  void word(std::string_view text, std::size_t shift, std::vector<ModelToken>& out) const {
    if (text.empty()) return;
    WordCache& cache = WordCache::local(number_);
    if (cache.fetch(text, static_cast<std::uint32_t>(shift), out)) return;
    const std::size_t before = out.size();
    std::vector<Symbol> symbols = split(text);
    merge(text, symbols);
    for (const Symbol& s : symbols)
      if (s.length > 0) emit(text, s, static_cast<std::uint32_t>(shift), out);
    fuse_unknown(out, before);
    cache.store(text, static_cast<std::uint32_t>(shift), out, before);
  }

  std::vector<Symbol> split(std::string_view text) const {
    std::vector<Symbol> symbols;
    for (std::size_t at = 0; at < text.size();) {
      std::size_t length = frozen_.empty() ? 0 : frozen_.longest(text.substr(at));
      const bool frozen = length > 0;
      if (!frozen) length = utf8::decode(text.substr(at)).length;
      const auto i = static_cast<std::int32_t>(symbols.size());
      symbols.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(length), i - 1, i + 1, frozen});
      at += length;
    }
    if (!symbols.empty()) symbols.back().next = -1;
    return symbols;
  }

  void merge(std::string_view text, std::vector<Symbol>& symbols) const {
    std::priority_queue<Candidate> queue;
    const auto look = [&](std::int32_t left) {
      if (left < 0) return;
      const Symbol& a = symbols[static_cast<std::size_t>(left)];
      if (a.next < 0) return;
      const Symbol& b = symbols[static_cast<std::size_t>(a.next)];
      if (a.frozen || b.frozen || a.length + b.length > matchable_.longest()) return;
      const std::int32_t id = matchable_.find(text.substr(a.begin, a.length + b.length));
      if (id >= 0) queue.push({scores_[static_cast<std::size_t>(id)], left, a.length + b.length});
    };
    for (std::size_t i = 0; i < symbols.size(); ++i) look(static_cast<std::int32_t>(i));
    while (!queue.empty()) {
      const Candidate top = queue.top();
      queue.pop();
      Symbol& left = symbols[static_cast<std::size_t>(top.left)];
      if (left.length == 0 || left.next < 0) continue;
      Symbol& right = symbols[static_cast<std::size_t>(left.next)];
      if (left.length + right.length != top.length) continue;
      left.length = top.length;
      right.length = 0;
      left.next = right.next;
      if (left.next >= 0) symbols[static_cast<std::size_t>(left.next)].prev = top.left;
      look(left.prev);
      look(top.left);
    }
  }

  void emit(std::string_view text, const Symbol& s, std::uint32_t shift, std::vector<ModelToken>& out) const {
    const std::string_view part = text.substr(s.begin, s.length);
    const std::uint32_t begin = shift + s.begin, end = begin + s.length;
    if (const std::int32_t id = matchable_.find(part); id >= 0) {
      out.push_back({id, begin, end});
      return;
    }
    const auto known = [&](char c) { return byte_tokens_[static_cast<unsigned char>(c)] >= 0; };
    if (!byte_tokens_.empty() && std::ranges::all_of(part, known)) {
      for (std::uint32_t i = 0; i < s.length; ++i)
        out.push_back({byte_tokens_[static_cast<unsigned char>(part[i])], begin + i, begin + i + 1});
      return;
    }
    check(unk_ >= 0, ErrorKind::kBadInput,
          "{}: the text has a character that is not a token, and the vocabulary has no unknown token; set unk_id",
          place_);
    out.push_back({unk_, begin, end, true});
  }

  // Fuses a run of unknown characters to one token.
  void fuse_unknown(std::vector<ModelToken>& out, std::size_t from) const {
    std::size_t kept = from;
    for (std::size_t i = from; i < out.size(); ++i) {
      if (kept > from && out[i].literal && out[kept - 1].literal)
        out[kept - 1].end = out[i].end;
      else
        out[kept++] = out[i];
    }
    out.resize(kept);
  }

  std::string place_;
  std::vector<double> scores_;
  std::int32_t unk_;
  Vocabulary matchable_;
  ByteTrie frozen_;
  std::vector<std::int32_t> byte_tokens_;
  bool separable_ = false;
  std::uint64_t number_ = 0;
};

}  // namespace

TokenModelPtr make_scored_bpe(ScoredPieces pieces, std::string_view place) {
  check(pieces.unk < static_cast<std::int64_t>(pieces.texts.size()), ErrorKind::kBadInput,
        "{}: unk_id is {}, the vocabulary has {} pieces; get the file again", place, pieces.unk, pieces.texts.size());
  for (const std::string& text : pieces.texts) check_token_length(text, place);
  return std::make_unique<ScoredBpe>(std::move(pieces), place);
}

}  // namespace linnet

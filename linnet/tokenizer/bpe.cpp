#include <algorithm>
#include <array>
#include <atomic>
#include <queue>

#include "linnet/base/error.h"
#include "linnet/base/utf8.h"
#include "linnet/tokenizer/merge_table.h"
#include "linnet/tokenizer/model.h"
#include "linnet/tokenizer/normalizer.h"
#include "linnet/tokenizer/word_cache.h"

namespace linnet {
namespace {

constexpr std::int32_t kMerged = -1;

struct Symbol {
  std::int32_t id;          // kMerged: merged into the previous symbol
  std::uint32_t length;     // bytes of the piece; 0 for an affix, which is not in the text
  std::int32_t prev, next;  // -1 at the ends
};

class Bpe : public TokenModel {
 public:
  Bpe(Vocabulary vocabulary, const std::vector<std::pair<std::string, std::string>>& merges, const BpeOptions& options,
      std::string_view place)
      : TokenModel(std::move(vocabulary)), options_(options) {
    if (!options.unk_token.empty()) {
      unk_ = vocabulary_.find(options.unk_token);
      unk_missing_ = unk_ < 0;
    }
    place_ = place;
    if (options.byte_fallback) byte_tokens_ = byte_tokens(vocabulary_);
    read_merges(merges);
    for (std::uint32_t b = 0; b < 256; ++b) {
      std::string text;
      utf8::append(text, options.bytes ? byte_to_code(static_cast<unsigned char>(b)) : b);
      first_[b] = options.bytes || b < 0x80 ? vocabulary_.find(text) : -1;
    }
    if (options.bytes && options.ignore_merges) read_byte_spellings();
    static std::atomic<std::uint64_t> count{0};
    number_ = ++count;
  }

  bool takes_bytes() const override { return options_.bytes; }
  bool marks_continuations() const override { return !options_.continuing_subword_prefix.empty(); }

  void tokenize(std::string_view piece, std::vector<ModelToken>& out) const override {
    if (piece.empty()) return;
    if (options_.ignore_merges) {
      const std::int32_t id = (options_.bytes ? spelled_ : vocabulary_).find(piece);
      if (id >= 0) {
        out.push_back({id, 0, static_cast<std::uint32_t>(piece.size())});
        return;
      }
    }
    if (!separable_) return word(piece, 0, out);
    // No token has a mark after other text: text before a mark never merges with it.
    std::size_t begin = 0;
    for (std::size_t at = 1; (at = piece.find(kSpaceMark, at)) != piece.npos; ++at) {
      const bool run = at >= kSpaceMark.size() && piece.substr(at - kSpaceMark.size(), kSpaceMark.size()) == kSpaceMark;
      if (run || at == begin) continue;
      word(piece.substr(begin, at - begin), begin, out);
      begin = at;
    }
    word(piece.substr(begin), begin, out);
  }

 private:
  void read_merges(const std::vector<std::pair<std::string, std::string>>& merges) {
    const auto id_of = [&](const std::string& text) {
      const std::int32_t id = vocabulary_.find(text);
      if (id < 0)
        fail(ErrorKind::kBadInput, "{}: merges need the token '{}', which the vocabulary lacks; get the file again",
             place_, printable(text, 60));
      return id;
    };
    merges_.reserve(merges.size());
    const std::string& prefix = options_.continuing_subword_prefix;
    separable_ = !options_.bytes && prefix.empty() && options_.end_of_word_suffix.empty() && !options_.ignore_merges;
    for (std::size_t i = 0; i < merges.size(); ++i) {
      const auto& [a, b] = merges[i];
      if (b.size() < prefix.size())  // not `check`: no message per merge, there are half a million
        fail(ErrorKind::kBadInput, "{}: merge {} ('{}' '{}') is shorter than the prefix '{}'; get the file again",
             place_, i, printable(a, 60), printable(b, 60), printable(prefix, 60));
      const std::string joined = a + b.substr(prefix.size());
      merges_.insert(id_of(a), id_of(b), {static_cast<std::uint32_t>(i), id_of(joined)});
      if (separable_) {
        std::size_t text = 0;
        while (joined.compare(text, kSpaceMark.size(), kSpaceMark) == 0) text += kSpaceMark.size();
        separable_ = joined.find(kSpaceMark, text) == joined.npos;
      }
    }
  }

  void read_byte_spellings() {
    vocabulary_.for_each([&](std::string_view text, std::int32_t id) {
      std::string bytes;
      for (std::string_view rest = text; !rest.empty();) {
        const utf8::Character c = utf8::decode(rest);
        const int byte = code_to_byte(c.code);
        if (byte < 0) return;
        bytes += static_cast<char>(byte);
        rest.remove_prefix(c.length);
      }
      spelled_.add(bytes, id);
    });
  }

  void word(std::string_view text, std::size_t shift, std::vector<ModelToken>& out) const {
    WordCache& cache = WordCache::local(number_);
    if (cache.fetch(text, static_cast<std::uint32_t>(shift), out)) return;
    const std::size_t before = out.size();
    std::vector<Symbol> symbols;
    if (options_.bytes) {
      symbols.resize(text.size());
      for (std::size_t i = 0; i < text.size(); ++i) symbols[i] = {first_[static_cast<unsigned char>(text[i])], 1, 0, 0};
    } else {
      split(text, symbols);
    }
    merge(symbols);
    auto at = static_cast<std::uint32_t>(shift);
    const auto end = at + static_cast<std::uint32_t>(text.size());
    for (const Symbol& s : symbols) {
      if (s.id == kMerged) continue;
      // A byte of an affix has the position of the affix's character.
      const std::uint32_t begin = s.length == 0 && at == end ? at - 1 : at;
      out.push_back({s.id, begin, begin + std::max<std::uint32_t>(s.length, 1)});
      at += s.length;
    }
    cache.store(text, static_cast<std::uint32_t>(shift), out, before);
  }

  // One symbol per character; unknown ones by the options.
  void split(std::string_view text, std::vector<Symbol>& symbols) const {
    std::uint32_t unknown = 0;  // bytes of unknown text without a token yet
    const auto flush = [&] {
      if (unknown > 0) symbols.push_back({unk_, unknown, 0, 0});
      unknown = 0;
    };
    std::string spelling;
    for (std::size_t at = 0; at < text.size();) {
      const auto length = static_cast<std::uint32_t>(utf8::decode(text.substr(at)).length);
      const bool starts = at == 0, ends = at + length == text.size();
      std::string_view s = text.substr(at, length);
      if ((!starts && !options_.continuing_subword_prefix.empty()) || (ends && !options_.end_of_word_suffix.empty())) {
        spelling = starts ? "" : options_.continuing_subword_prefix;
        spelling += s;
        if (ends) spelling += options_.end_of_word_suffix;
        s = spelling;
      }
      at += length;
      const std::uint32_t before = starts ? 0 : static_cast<std::uint32_t>(options_.continuing_subword_prefix.size());
      const std::int32_t id = s.size() == 1 ? first_[static_cast<unsigned char>(s[0])] : vocabulary_.find(s);
      if (id >= 0) {
        flush();
        symbols.push_back({id, length, 0, 0});
      } else if (!push_bytes(s, before, length, symbols)) {
        check(!unk_missing_, ErrorKind::kBadInput,
              "{}: the text has a character that is not a token, and the unknown token '{}' is not in the vocabulary; "
              "add it, or set unk_token to a token",
              place_, printable(options_.unk_token, 60));
        if (unk_ < 0) continue;  // without an unknown token, unknown text is skipped
        if (!options_.fuse_unk) flush();
        unknown += length;
      }
    }
    flush();
  }

  // One token per byte of `s`; `length` bytes after the first `before` are text, the others an affix.
  bool push_bytes(std::string_view s, std::uint32_t before, std::uint32_t length, std::vector<Symbol>& symbols) const {
    if (byte_tokens_.empty()) return false;
    for (const char c : s)
      if (byte_tokens_[static_cast<unsigned char>(c)] < 0) return false;
    for (std::size_t i = 0; i < s.size(); ++i) {
      const std::uint32_t in_text = i >= before && i < std::size_t{before} + length ? 1 : 0;
      symbols.push_back({byte_tokens_[static_cast<unsigned char>(s[i])], in_text, 0, 0});
    }
    return true;
  }

  void merge(std::vector<Symbol>& symbols) const {
    if (symbols.size() < 2) return;
    if (symbols.size() <= 48) return merge_short(symbols);
    merge_long(symbols);
  }

  // Merges by lowest rank, leftmost first, with a linear search: faster than a heap for words.
  void merge_short(std::vector<Symbol>& symbols) const {
    std::array<MergeTable::Merge, 48> pairs;
    std::size_t n = symbols.size();
    for (std::size_t i = 0; i + 1 < n; ++i) pairs[i] = merges_.find(symbols[i].id, symbols[i + 1].id);
    while (n > 1) {
      std::size_t best = 0;
      for (std::size_t i = 1; i + 1 < n; ++i)
        if (pairs[i].rank < pairs[best].rank) best = i;
      if (pairs[best].rank == MergeTable::kNone) break;
      symbols[best].id = pairs[best].id;
      symbols[best].length += symbols[best + 1].length;
      for (std::size_t i = best + 1; i + 1 < n; ++i) {
        symbols[i] = symbols[i + 1];
        if (i + 2 < n) pairs[i] = pairs[i + 1];
      }
      --n;
      if (best > 0) pairs[best - 1] = merges_.find(symbols[best - 1].id, symbols[best].id);
      if (best + 1 < n) pairs[best] = merges_.find(symbols[best].id, symbols[best + 1].id);
    }
    symbols.resize(n);
  }

  void merge_long(std::vector<Symbol>& symbols) const {
    struct Candidate {
      std::uint32_t rank;
      std::int32_t at, id;
      bool operator<(const Candidate& other) const {  // the top of the queue is the lowest rank, then the leftmost
        return rank != other.rank ? rank > other.rank : at > other.at;
      }
    };
    std::vector<Candidate> storage;
    storage.reserve(symbols.size());
    const auto count = static_cast<std::int32_t>(symbols.size());
    const auto look = [&](std::int32_t left, std::int32_t right, auto push) {
      const MergeTable::Merge m =
          merges_.find(symbols[static_cast<std::size_t>(left)].id, symbols[static_cast<std::size_t>(right)].id);
      if (m.rank != MergeTable::kNone) push(Candidate{m.rank, left, m.id});
    };
    for (std::int32_t i = 0; i < count; ++i) {
      symbols[static_cast<std::size_t>(i)].prev = i - 1;
      symbols[static_cast<std::size_t>(i)].next = i + 1 < count ? i + 1 : -1;
      if (i + 1 < count) look(i, i + 1, [&](Candidate c) { storage.push_back(c); });
    }
    std::priority_queue<Candidate> queue({}, std::move(storage));
    while (!queue.empty()) {
      const Candidate top = queue.top();
      queue.pop();
      Symbol& left = symbols[static_cast<std::size_t>(top.at)];
      if (left.id == kMerged || left.next < 0) continue;
      Symbol& right = symbols[static_cast<std::size_t>(left.next)];
      const MergeTable::Merge now = merges_.find(left.id, right.id);
      if (now.rank == MergeTable::kNone || now.id != top.id) continue;
      left.id = top.id;
      left.length += right.length;
      right.id = kMerged;
      left.next = right.next;
      if (left.next >= 0) symbols[static_cast<std::size_t>(left.next)].prev = top.at;
      if (left.prev >= 0) look(left.prev, top.at, [&](Candidate c) { queue.push(c); });
      if (left.next >= 0) look(top.at, left.next, [&](Candidate c) { queue.push(c); });
    }
  }

  BpeOptions options_;
  std::string place_;
  MergeTable merges_;
  std::array<std::int32_t, 256> first_{};  // ids of single bytes, or of ASCII characters
  std::vector<std::int32_t> byte_tokens_;
  Vocabulary spelled_;  // by the bytes of a token
  std::int32_t unk_ = -1;
  bool unk_missing_ = false;
  bool separable_ = false;
  std::uint64_t number_ = 0;
};

}  // namespace

Vocabulary vocabulary_of(const ScoredPieces& pieces) {
  Vocabulary vocabulary;
  for (std::size_t i = 0; i < pieces.texts.size(); ++i) vocabulary.add(pieces.texts[i], static_cast<std::int32_t>(i));
  vocabulary.finish();
  return vocabulary;
}

std::vector<std::int32_t> byte_tokens(const Vocabulary& vocabulary) {
  std::vector<std::int32_t> ids(256, -1);
  for (int b = 0; b < 256; ++b) ids[static_cast<std::size_t>(b)] = vocabulary.find(fmt::format("<0x{:02X}>", b));
  return ids;
}

bool bpe_can_take_bytes(const Vocabulary& vocabulary, const BpeOptions& options) {
  if (!options.continuing_subword_prefix.empty() || !options.end_of_word_suffix.empty()) return false;
  for (int b = 0; b < 256; ++b) {
    std::string text;
    utf8::append(text, byte_to_code(static_cast<unsigned char>(b)));
    // Bytes that never occur in UTF-8 may be missing.
    const bool never = b == 0xC0 || b == 0xC1 || b >= 0xF5;
    if (!never && vocabulary.find(text) < 0) return false;
  }
  return true;
}

TokenModelPtr make_bpe(Vocabulary vocabulary, const std::vector<std::pair<std::string, std::string>>& merges,
                       const BpeOptions& options, std::string_view place) {
  check_token_lengths(vocabulary, place);
  return std::make_unique<Bpe>(std::move(vocabulary), merges, options, place);
}

}  // namespace linnet

#include <algorithm>
#include <atomic>
#include <limits>

#include "linnet/base/error.h"
#include "linnet/base/utf8.h"
#include "linnet/tokenizer/byte_trie.h"
#include "linnet/tokenizer/model.h"
#include "linnet/tokenizer/word_cache.h"

namespace linnet {
namespace {

constexpr double kUnknownPenalty = 10.0;  // below the lowest score, as in SentencePiece

// The best path through the lattice of pieces (Viterbi); a run of unknown characters becomes one token.
class Unigram : public TokenModel {
 public:
  Unigram(ScoredPieces pieces, std::string_view place)
      : TokenModel(vocabulary_of(pieces)),
        place_(place),
        scores_(std::move(pieces.scores)),
        unk_(pieces.unk),
        float_sums_(pieces.float_sums) {
    double lowest = std::numeric_limits<double>::infinity();
    const auto kind = [&](std::size_t i) { return pieces.kinds.empty() ? PieceKind::kNormal : pieces.kinds[i]; };
    for (std::size_t i = 0; i < scores_.size(); ++i) {
      const PieceKind k = kind(i);
      if (k == PieceKind::kNormal) lowest = std::min(lowest, scores_[i]);
      if (k != PieceKind::kNormal && k != PieceKind::kUserDefined) continue;
      if (!pieces.texts[i].empty()) trie_.insert(pieces.texts[i], vocabulary_.find(pieces.texts[i]));
    }
    unknown_score_ = lowest - kUnknownPenalty;
    if (pieces.byte_fallback) byte_tokens_ = byte_tokens(vocabulary_);
    static std::atomic<std::uint64_t> count{1ULL << 32};
    number_ = ++count;
  }

  void tokenize(std::string_view piece, std::vector<ModelToken>& out) const override {
    if (piece.empty()) return;
    WordCache& cache = WordCache::local(number_);
    if (cache.fetch(piece, 0, out)) return;
    const std::size_t before = out.size();
    std::vector<Node> ends(piece.size() + 1);
    forward(piece, ends);
    backward(piece, ends, out);
    cache.store(piece, 0, out, before);
  }

 private:
  struct Node {
    double score = 0;
    std::uint32_t begin = UINT32_MAX;
    std::int32_t id = -1;
  };

  void forward(std::string_view piece, std::vector<Node>& ends) const {
    for (std::size_t at = 0; at < piece.size();) {
      const std::size_t character = utf8::decode(piece.substr(at)).length;
      const double base = ends[at].score;
      bool single = false;
      const auto offer = [&](std::size_t length, std::int32_t id, double score) {
        Node& node = ends[at + length];
        const double sum = base + score;
        if (node.begin == UINT32_MAX || sum > node.score)
          node = {float_sums_ ? static_cast<float>(sum) : sum, static_cast<std::uint32_t>(at), id};
      };
      trie_.for_each_prefix(piece.substr(at), [&](std::size_t length, std::int32_t id) {
        offer(length, id, scores_[static_cast<std::size_t>(id)]);
        single = single || length == character;
      });
      if (!single) {
        check(unk_ >= 0, ErrorKind::kBadInput,
              "{}: the text has a character that is not a token, and the vocabulary has no unknown token; set unk_id",
              place_);
        offer(character, unk_, unknown_score_);
      }
      at += character;
    }
  }

  void backward(std::string_view piece, const std::vector<Node>& ends, std::vector<ModelToken>& out) const {
    std::vector<ModelToken> path;
    for (std::size_t end = piece.size(); end > 0;) {
      const Node& node = ends[end];
      if (node.id == unk_ && !path.empty() && path.back().id == unk_)
        path.back().begin = node.begin;
      else
        path.push_back({node.id, node.begin, static_cast<std::uint32_t>(end)});
      end = node.begin;
    }
    for (auto token = path.rbegin(); token != path.rend(); ++token) {
      if (token->id == unk_)
        unknown(piece, *token, out);
      else
        out.push_back(*token);
    }
  }

  void unknown(std::string_view piece, ModelToken token, std::vector<ModelToken>& out) const {
    const std::string_view text = piece.substr(token.begin, token.end - token.begin);
    if (const std::int32_t id = vocabulary_.find(text); id >= 0) {
      token.id = id;
      out.push_back(token);
      return;
    }
    const auto known = [&](char c) { return byte_tokens_[static_cast<unsigned char>(c)] >= 0; };
    if (!byte_tokens_.empty() && std::ranges::all_of(text, known)) {
      for (const char c : text) out.push_back({byte_tokens_[static_cast<unsigned char>(c)], token.begin, token.end});
      return;
    }
    token.literal = true;
    out.push_back(token);
  }

  std::string place_;
  std::vector<double> scores_;
  std::int32_t unk_;
  bool float_sums_;
  double unknown_score_ = 0;
  ByteTrie trie_;
  std::vector<std::int32_t> byte_tokens_;
  std::uint64_t number_ = 0;
};

}  // namespace

TokenModelPtr make_unigram(ScoredPieces pieces, std::string_view place) {
  check(pieces.unk < static_cast<std::int64_t>(pieces.texts.size()), ErrorKind::kBadInput,
        "{}: unk_id is {}, the vocabulary has {} pieces; get the file again", place, pieces.unk, pieces.texts.size());
  for (const std::string& text : pieces.texts) check_token_length(text, place);
  return std::make_unique<Unigram>(std::move(pieces), place);
}

}  // namespace linnet

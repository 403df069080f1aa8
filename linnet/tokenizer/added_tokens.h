// Tokens that are matched in the text before the model: "</s>", "<mask>", "<extra_id_0>".
//
//   AddedTokens added; added.add({.content = "<mask>", .lstrip = true}, 103, "<mask>");
//   added.find_raw("a <mask> b", SpecialText::kParse, [](std::size_t b, std::size_t e, std::int32_t id) { … });
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/tokenizer/aligned_text.h"
#include "linnet/tokenizer/byte_trie.h"
#include "linnet/tokenizer/encoding.h"

namespace linnet {

struct AddedToken {
  std::string content;
  bool single_word = false;  // only without an adjacent word character
  bool lstrip = false;       // includes the spaces to its left
  bool rstrip = false;       // includes the spaces to its right
  bool normalized = false;   // matched after normalisation, in normalised form
  bool special = false;      // skipped by decode(…, skip_special_tokens)
};

class AddedTokens {
 public:
  // `spelling`: the normalised content, for `normalized`.
  void add(const AddedToken& token, std::int32_t id, const std::string& spelling);

  struct Match {
    Span span;
    std::int32_t id;  // -1: ordinary text
  };
  enum class Stage : std::uint8_t { kRaw, kNormalized };
  // The text in order, split at the tokens of that stage; nothing for an empty text.
  std::vector<Match> split(std::string_view text, Stage stage, SpecialText special) const;
  bool any(Stage stage) const { return !tries_[static_cast<int>(stage)].empty(); }

  std::int32_t find(std::string_view content) const;  // -1: absent
  const AddedToken* token(std::int32_t id) const;
  // Its text in decode: the normalised form if that differs, so that the decoder can undo it.
  std::optional<std::string_view> decoded(std::int32_t id) const;
  bool is_special_text(std::string_view content) const;
  std::int32_t max_id() const { return by_id_.empty() ? -1 : by_id_.rbegin()->first; }

 private:
  struct Known {
    AddedToken token;
    std::string spelling;
  };
  ByteTrie tries_[2];  // by stage
  bool first_bytes_[2][256] = {};
  std::map<std::int32_t, Known> by_id_;
  std::map<std::string, std::int32_t, std::less<>> by_content_;
  std::map<std::string, bool, std::less<>> special_contents_;
};

}  // namespace linnet

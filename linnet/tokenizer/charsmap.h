// SentencePiece's precompiled character map: a double-array trie from byte strings to their replacements.
//
//   Charsmap map = Charsmap::parse(blob, "tokenizer.model");
//   if (auto hit = map.longest("\xEF\xBD\x81…")) … hit->length, hit->replacement
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace linnet {

class Charsmap {
 public:
  struct Hit {
    std::size_t length = 0;  // bytes matched
    std::string_view replacement;
  };

  // `blob` is u32 length of the trie in bytes | the trie, u32 little-endian units | replacements, each ended by NUL.
  // Source: SentencePiece, normalizer.cc. A blob that cannot be one: kBadInput naming `place`.
  static Charsmap parse(std::string_view blob, std::string_view place);

  std::optional<Hit> shortest(std::string_view text) const { return find(text, true); }
  std::optional<Hit> longest(std::string_view text) const { return find(text, false); }

 private:
  std::optional<Hit> find(std::string_view text, bool stop_at_first) const;
  std::vector<std::uint32_t> units_;
  std::string replacements_;
};

}  // namespace linnet

#include "linnet/tokenizer/charsmap.h"

#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/base/utf8.h"

namespace linnet {
namespace {

// The fields of a unit of the double array, in darts-clone's format.
bool has_leaf(std::uint32_t unit) { return (unit >> 8 & 1) != 0; }
bool is_leaf(std::uint32_t unit) { return (unit & 0x80000000) != 0; }
std::uint32_t value(std::uint32_t unit) { return unit & 0x7FFFFFFF; }
std::uint32_t label(std::uint32_t unit) { return unit & 0x800000FF; }
std::uint32_t offset(std::uint32_t unit) { return unit >> 10 << ((unit & 0x200) >> 6); }

std::uint32_t read_u32(std::string_view bytes, std::size_t at) {
  std::uint32_t out = 0;
  for (int i = 3; i >= 0; --i) out = out << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
  return out;
}

}  // namespace

Charsmap Charsmap::parse(std::string_view blob, std::string_view place) {
  const auto bad = [&](bool ok, std::string_view fact) {
    check(ok, ErrorKind::kBadInput, "{}: precompiled_charsmap: {}; the tokenizer file is damaged", place, fact);
  };
  bad(blob.size() > 4, "shorter than its own header");
  const std::uint32_t trie_bytes = read_u32(blob, 0);
  bad(trie_bytes <= blob.size() - 4,
      fmt::format("the trie has {} bytes, only {} are there", trie_bytes, blob.size() - 4));
  bad(trie_bytes >= 4 && trie_bytes % 4 == 0, fmt::format("the trie has {} bytes, not a multiple of 4", trie_bytes));
  Charsmap map;
  map.units_.resize(trie_bytes / 4);
  for (std::size_t i = 0; i < map.units_.size(); ++i) map.units_[i] = read_u32(blob, 4 + 4 * i);
  bad(!is_leaf(map.units_[0]), "the root of the trie is a leaf");
  map.replacements_ = blob.substr(4 + trie_bytes);
  bad(utf8::valid(map.replacements_), "a replacement is not UTF-8");
  // Checks that the children of every unit and the replacement of every leaf are in range; unused units have the offset
  // 0.
  for (std::size_t i = 0; i < map.units_.size(); ++i) {
    const std::uint32_t unit = map.units_[i];
    if (is_leaf(unit)) continue;
    const std::size_t children = i ^ offset(unit);
    bad(children < map.units_.size(), fmt::format("unit {} leads to unit {} of {}", i, children, map.units_.size()));
    if (!has_leaf(unit)) continue;
    const std::uint32_t start = value(map.units_[children]);
    bad(is_leaf(map.units_[children]) && start < map.replacements_.size(),
        fmt::format("unit {} has its replacement at byte {} of {}", i, start, map.replacements_.size()));
    bad((static_cast<unsigned char>(map.replacements_[start]) & 0xC0) != 0x80,
        fmt::format("unit {} has its replacement inside a character", i));
  }
  return map;
}

std::optional<Charsmap::Hit> Charsmap::find(std::string_view text, bool stop_at_first) const {
  std::size_t node = offset(units_[0]);
  std::optional<Hit> hit;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == 0) break;
    node ^= byte;
    if (node >= units_.size() || label(units_[node]) != byte) break;
    const std::uint32_t unit = units_[node];
    node ^= offset(unit);
    if (!has_leaf(unit)) continue;
    const std::uint32_t start = value(units_[node]);
    const std::size_t end = std::min(replacements_.find('\0', start), replacements_.size());
    hit = Hit{i + 1, std::string_view(replacements_).substr(start, end - start)};
    if (stop_at_first) break;
  }
  return hit;
}

}  // namespace linnet

#include "linnet/tokenizer/piece_splits.h"

#include "linnet/base/error.h"
#include "linnet/tokenizer/byte_trie.h"

namespace linnet {

std::vector<PieceSplit> piece_splits(std::span<const std::string> texts, std::span<const std::int32_t> ids,
                                     std::string_view place) {
  const auto text_of = [&](std::int32_t id) -> const std::string& { return texts[static_cast<std::size_t>(id)]; };
  ByteTrie beginnings, endings;  // pieces, and reversed pieces
  for (const std::int32_t id : ids) {
    beginnings.insert(text_of(id), id);
    endings.insert(std::string(text_of(id).rbegin(), text_of(id).rend()), id);
  }
  std::size_t bytes = 0, most = std::size_t{1} << 20;  // total size of the merges
  for (const std::string& text : texts) most += 32 * text.size();
  std::vector<PieceSplit> found;
  for (const std::int32_t id : ids) {
    const std::string& text = text_of(id);
    std::vector<std::int32_t> left(text.size() + 1, -1), right(text.size() + 1, -1);  // by the position of the split
    beginnings.for_each_prefix(text, [&](std::size_t length, std::int32_t part) { left[length] = part; });
    endings.for_each_prefix(std::string(text.rbegin(), text.rend()),
                            [&](std::size_t length, std::int32_t part) { right[text.size() - length] = part; });
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
      if (left[cut] < 0 || right[cut] < 0) continue;
      bytes += text.size();
      check(bytes <= most, ErrorKind::kBadInput,
            "{}: the tokens have more than {} bytes of merges; get the file again, it is not a sound vocabulary", place,
            most);
      found.push_back({id, left[cut], right[cut]});
    }
  }
  return found;
}

}  // namespace linnet

#include "linnet/tokenizer/vocabulary.h"

#include <algorithm>
#include <functional>

#include "linnet/base/error.h"

namespace linnet {

void Vocabulary::grow() {
  std::vector<std::uint32_t> slots(slots_.empty() ? 64 : slots_.size() * 2);
  const std::size_t mask = slots.size() - 1;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    std::size_t at = std::hash<std::string_view>{}(view(entries_[i])) & mask;
    while (slots[at] != 0) at = (at + 1) & mask;
    slots[at] = static_cast<std::uint32_t>(i) + 1;
  }
  slots_ = std::move(slots);
}

bool Vocabulary::add(std::string_view text, std::int32_t id) {
  if (entries_.size() * 2 >= slots_.size()) grow();
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = std::hash<std::string_view>{}(text)&mask;
  while (slots_[at] != 0 && view(entries_[slots_[at] - 1]) != text) at = (at + 1) & mask;
  max_id_ = std::max(max_id_, id);
  if (slots_[at] != 0) {
    entries_[slots_[at] - 1].id = id;
    return false;
  }
  entries_.push_back({characters_.size(), static_cast<std::uint32_t>(text.size()), id});
  characters_ += text;
  longest_ = std::max(longest_, text.size());
  slots_[at] = static_cast<std::uint32_t>(entries_.size());
  return true;
}

void Vocabulary::finish() {
  dense_.clear();
  sparse_.clear();
  const bool compact = max_id_ >= 0 && static_cast<std::uint64_t>(max_id_) < 4 * entries_.size() + 1024;
  if (compact) dense_.resize(static_cast<std::size_t>(max_id_) + 1);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    std::uint32_t& place = compact ? dense_[static_cast<std::size_t>(entries_[i].id)] : sparse_[entries_[i].id];
    shared_ids_ = shared_ids_ || place != 0;
    place = static_cast<std::uint32_t>(i) + 1;
  }
}

std::int32_t Vocabulary::find(std::string_view text) const {
  if (slots_.empty()) return -1;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = std::hash<std::string_view>{}(text)&mask; slots_[at] != 0; at = (at + 1) & mask)
    if (const Entry& e = entries_[slots_[at] - 1]; view(e) == text) return e.id;
  return -1;
}

std::optional<std::string_view> Vocabulary::text(std::int32_t id) const {
  std::uint32_t entry = 0;
  if (!dense_.empty()) {
    if (id >= 0 && static_cast<std::size_t>(id) < dense_.size()) entry = dense_[static_cast<std::size_t>(id)];
  } else if (const auto found = sparse_.find(id); found != sparse_.end()) {
    entry = found->second;
  }
  if (entry == 0) return std::nullopt;
  return view(entries_[entry - 1]);
}

void check_token_length(std::string_view token, std::string_view place) {
  if (token.size() > kLongestToken)  // not `check`: no message per token, there are many
    fail(ErrorKind::kBadInput, "{}: the token '{}' has {} bytes, the most is {}; remove it from the vocabulary", place,
         printable(token, 60), token.size(), kLongestToken);
}

void check_token_lengths(const Vocabulary& vocabulary, std::string_view place) {
  if (vocabulary.longest() <= kLongestToken) return;
  vocabulary.for_each([&](std::string_view text, std::int32_t) { check_token_length(text, place); });
}

}  // namespace linnet

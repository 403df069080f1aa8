// A cache of recent words and their tokens per thread: a table of fixed size, indexed by hash; the latest word stays.
//
//   WordCache& cache = WordCache::local(model_number);
//   if (!cache.fetch(word, 0, out)) { …; cache.store(word, 0, out, before); }
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string_view>
#include <vector>

#include "linnet/tokenizer/model.h"

namespace linnet {

class WordCache {
 public:
  // This thread's table; it is cleared if another model used it last.
  static WordCache& local(std::uint64_t owner) {
    thread_local WordCache cache;
    if (cache.owner_ != owner) {
      cache.entries_.assign(kEntries, {});
      cache.owner_ = owner;
    }
    return cache;
  }

  // Appends the word's tokens, with positions shifted by `shift`.
  bool fetch(std::string_view word, std::uint32_t shift, std::vector<ModelToken>& out) const {
    if (word.empty() || word.size() > kBytes) return false;
    const Entry& e = entries_[slot(word)];
    if (e.length != word.size() || std::memcmp(e.text.data(), word.data(), word.size()) != 0) return false;
    std::uint32_t at = shift;
    for (std::size_t i = 0; i < e.tokens; ++i) {
      out.push_back({e.ids[i], at, at + e.lengths[i]});
      at += e.lengths[i];
    }
    return true;
  }

  // Stores tokens out[from…] if they cover the word.
  void store(std::string_view word, std::uint32_t shift, const std::vector<ModelToken>& out, std::size_t from) {
    const std::size_t count = out.size() - from;
    if (word.empty() || word.size() > kBytes || count > kTokens) return;
    Entry e;
    std::uint32_t at = shift;
    for (std::size_t i = 0; i < count; ++i) {
      const ModelToken& t = out[from + i];
      if (t.begin != at || t.literal) return;
      e.ids[i] = t.id;
      e.lengths[i] = static_cast<std::uint8_t>(t.end - t.begin);
      at = t.end;
    }
    if (at != shift + word.size()) return;
    e.length = static_cast<std::uint8_t>(word.size());
    e.tokens = static_cast<std::uint8_t>(count);
    std::memcpy(e.text.data(), word.data(), word.size());
    entries_[slot(word)] = e;
  }

 private:
  static constexpr std::size_t kEntries = 16384, kBytes = 26, kTokens = 8;
  struct Entry {
    std::array<std::int32_t, kTokens> ids{};
    std::array<std::uint8_t, kTokens> lengths{};
    std::array<char, kBytes> text{};
    std::uint8_t length = 0, tokens = 0;
  };
  static std::size_t slot(std::string_view word) { return std::hash<std::string_view>{}(word) & (kEntries - 1); }
  std::vector<Entry> entries_;
  std::uint64_t owner_ = 0;
};

}  // namespace linnet

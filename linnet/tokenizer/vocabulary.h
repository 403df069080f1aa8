// Token texts and their ids, both ways.
//
//   Vocabulary v; v.add("the", 5);
//   v.find("the");   // 5, or -1
//   v.text(5);       // "the", or nothing
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace linnet {

class Vocabulary {
 public:
  // A duplicate text gets the new id and returns false; of two texts with one id, the id means the later one.
  bool add(std::string_view text, std::int32_t id);
  // Call once after the last `add`; `text` needs it. Tables are proportional to the number of tokens.
  void finish();

  std::int32_t find(std::string_view text) const;  // -1: absent
  std::optional<std::string_view> text(std::int32_t id) const;
  std::int64_t size() const { return static_cast<std::int64_t>(entries_.size()); }
  std::int32_t max_id() const { return max_id_; }   // -1 if empty
  std::size_t longest() const { return longest_; }  // in bytes
  bool has_shared_ids() const { return shared_ids_; }

  template <class Visit>
  void for_each(Visit visit) const {  // (text, id), in the order of `add`
    for (const Entry& e : entries_) visit(view(e), e.id);
  }

 private:
  struct Entry {
    std::uint64_t offset;
    std::uint32_t length;
    std::int32_t id;
  };
  std::string_view view(const Entry& e) const { return std::string_view(characters_).substr(e.offset, e.length); }
  void grow();

  std::string characters_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> slots_;  // entry index + 1; 0: free; a power of two
  std::vector<std::uint32_t> dense_;  // by id: entry index + 1
  std::unordered_map<std::int32_t, std::uint32_t> sparse_;
  std::int32_t max_id_ = -1;
  std::size_t longest_ = 0;
  bool shared_ids_ = false;
};

// The maximum length of a token. Matching reads up to this number of bytes at each position of a text; no published
// tokenizer has a token of a thousand bytes.
inline constexpr std::size_t kLongestToken = 16384;
void check_token_length(std::string_view token, std::string_view place);
void check_token_lengths(const Vocabulary& vocabulary, std::string_view place);

}  // namespace linnet

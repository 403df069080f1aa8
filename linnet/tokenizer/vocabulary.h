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
  // A text added again takes the new id, and the answer is false; of two texts with one id the later is what the id
  // means.
  bool add(std::string_view text, std::int32_t id);
  // Call once after the last `add`: makes `text` ready. No table is larger than the number of tokens allows.
  void finish();

  std::int32_t find(std::string_view text) const;  // -1: absent
  std::optional<std::string_view> text(std::int32_t id) const;
  std::int64_t size() const { return static_cast<std::int64_t>(entries_.size()); }
  std::int32_t max_id() const { return max_id_; }   // -1 where empty
  std::size_t longest() const { return longest_; }  // bytes
  bool has_shared_ids() const { return shared_ids_; }

  template <class Visit>
  void for_each(Visit visit) const {  // (text, id), in the order they were added
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
  std::vector<std::uint32_t> slots_;  // entry number + 1, 0 free; a power of two
  std::vector<std::uint32_t> dense_;  // by id: entry number + 1
  std::unordered_map<std::int32_t, std::uint32_t> sparse_;
  std::int32_t max_id_ = -1;
  std::size_t longest_ = 0;
  bool shared_ids_ = false;
};

// The longest token a file may have. Looking for a token reads up to so many bytes at each place of a text, and no
// published tokenizer has one of a thousand.
inline constexpr std::size_t kLongestToken = 16384;
void check_token_length(std::string_view token, std::string_view place);
void check_token_lengths(const Vocabulary& vocabulary, std::string_view place);

}  // namespace linnet

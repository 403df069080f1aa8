// An ordered JSON object with look-up in constant time. nlohmann's `ordered_json` needs n² steps to read n members.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace linnet {

// The object type of `Json`. A small object is searched linearly; a larger one has a hash table. Only mutating calls
// update the table, so that threads may read one object at the same time.
template <class Key, class T, class IgnoredLess = std::less<Key>,
          class Allocator = std::allocator<std::pair<const Key, T>>>
struct JsonObject : nlohmann::ordered_map<Key, T, IgnoredLess, Allocator> {
  using Base = nlohmann::ordered_map<Key, T, IgnoredLess, Allocator>;
  using typename Base::const_iterator;
  using typename Base::Container;
  using typename Base::iterator;
  using typename Base::size_type;
  using typename Base::value_type;
  using mapped_type = T;

  JsonObject() = default;
  explicit JsonObject(const Allocator& alloc) : Base(alloc) {}
  template <class It>
  JsonObject(It first, It last, const Allocator& alloc = Allocator()) : Base(alloc) {
    insert(first, last);
  }
  JsonObject(std::initializer_list<value_type> members, const Allocator& alloc = Allocator()) : Base(alloc) {
    insert(members.begin(), members.end());
  }

  iterator find(std::string_view key) { return this->begin() + static_cast<std::ptrdiff_t>(place(key)); }
  const_iterator find(std::string_view key) const { return this->begin() + static_cast<std::ptrdiff_t>(place(key)); }
  size_type count(std::string_view key) const { return place(key) < this->size() ? 1 : 0; }

  template <class Name>
  std::pair<iterator, bool> emplace(Name&& key, T&& value) {
    const iterator found = find(key);
    if (found != this->end()) return {found, false};
    Container::emplace_back(std::forward<Name>(key), std::move(value));
    note_last();
    return {std::prev(this->end()), true};
  }
  std::pair<iterator, bool> insert(value_type&& member) { return emplace(member.first, std::move(member.second)); }
  std::pair<iterator, bool> insert(const value_type& member) { return emplace(member.first, T(member.second)); }
  template <class It>
  void insert(It first, It last) {
    for (; first != last; ++first) insert(*first);
  }

  template <class Name>
  T& operator[](Name&& key) {
    const iterator found = find(key);
    return found != this->end() ? found->second : emplace(std::forward<Name>(key), T{}).first->second;
  }
  T& at(std::string_view key) { return const_cast<T&>(std::as_const(*this).at(key)); }
  const T& at(std::string_view key) const {
    const const_iterator found = find(key);
    if (found == this->end()) throw std::out_of_range("key not found");
    return found->second;
  }

  size_type erase(std::string_view key) {
    const iterator found = find(key);
    if (found == this->end()) return 0;
    erase(found);
    return 1;
  }
  iterator erase(iterator at) { return erase(at, std::next(at)); }
  iterator erase(iterator first, iterator last) {
    const iterator next = Base::erase(first, last);
    rebuild();
    return next;
  }
  void clear() {
    Container::clear();
    rebuild();
  }

 private:
  static constexpr std::size_t kFew = 16;

  static std::size_t hash(std::string_view key) { return std::hash<std::string_view>()(key); }

  // The index of `key`, or size(). The table is used only if it has every member: a caller may have added some to the
  // base vector directly.
  std::size_t place(std::string_view key) const {
    if (known_ != this->size() || known_ <= kFew) {
      std::size_t i = 0;
      while (i < this->size() && std::string_view((*this)[i].first) != key) ++i;
      return i;
    }
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t slot = hash(key) & mask; slots_[slot] != 0; slot = (slot + 1) & mask)
      if (std::string_view((*this)[slots_[slot] - 1].first) == key) return slots_[slot] - 1;
    return this->size();
  }
  const value_type& operator[](std::size_t index) const { return Container::operator[](index); }

  void enter(std::size_t index) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = hash(Container::operator[](index).first) & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = static_cast<std::uint32_t>(index + 1);
  }
  void note_last() {
    if (known_ + 1 != this->size() || slots_.size() < 2 * this->size()) return rebuild();
    enter(this->size() - 1);
    known_ = this->size();
  }
  void rebuild() {
    known_ = this->size();
    slots_.clear();
    if (known_ <= kFew) return;
    std::size_t slots = 64;
    while (slots < 4 * known_) slots *= 2;
    slots_.assign(slots, 0);
    for (std::size_t i = 0; i < known_; ++i) enter(i);
  }

  std::vector<std::uint32_t> slots_;  // index + 1, 0: free; open addressing, a power of two
  std::size_t known_ = 0;             // members that are in `slots_`
};

}  // namespace linnet

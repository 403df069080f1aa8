// The rows of a dataset. A row takes 12 bytes, the address of its cells and the id of its label; an Example is
// constructed on demand.
//
//   Examples rows(store);          // a std::shared_ptr<RowStore>
//   rows.add(record);              // whose cells are in store->arena
//   rows.set_label(0, 1);
//   rows[0].text, rows[0].label
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <memory>
#include <string_view>
#include <vector>

#include "linnet/data/example.h"
#include "linnet/data/record.h"

namespace linnet {

// The maximum number of rows: 32-bit row numbers.
inline constexpr std::size_t kMaxRows = 0xFFFF'FFFE;

// The bytes of rows and the meaning of their columns.
struct RowStore {
  std::shared_ptr<const ColumnNames> names;  // shared by the rows of a stream
  Arena arena;
  Columns columns;
  bool values = false;  // the labels are numbers for regression
};

class Examples {
 public:
  class Iterator;

  Examples() = default;
  explicit Examples(std::shared_ptr<RowStore> store) : store_(std::move(store)) {}

  std::size_t size() const { return records_.size(); }
  bool empty() const { return records_.empty(); }
  Example operator[](std::size_t index) const;
  Record record(std::size_t index) const;  // only the cells; faster
  Iterator begin() const;
  Iterator end() const;

  void add(const Record& record) { records_.push_back(record.bytes()); }  // at most kMaxRows
  void set_label(std::size_t index, std::int32_t label);
  void set_labels(std::size_t index, const std::vector<std::int32_t>& labels);  // of a row, or one per token
  void set_texts(std::size_t index, std::string_view text, std::string_view target);
  void read_values() { store_->values = true; }  // the labels are numbers for regression
  // Maps label i to ids[i].
  void renumber(const std::vector<std::int32_t>& ids);
  // Removes the marked rows and returns them; both parts keep their order.
  Examples take(const std::vector<bool>& marked);

 private:
  void set_more(std::size_t index, const RecordWriter& more);

  std::shared_ptr<RowStore> store_;
  // Not vectors, which need twice the memory while they grow.
  std::deque<const char*> records_;
  std::deque<std::int32_t> labels_;  // as set; empty if no row has one
  std::deque<const char*> more_;     // records of other values: a list of labels, two texts; empty like labels_
  std::vector<std::int32_t> ids_;    // current ids of labels; empty: as set
};

class Examples::Iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = Example;
  using difference_type = std::ptrdiff_t;
  using pointer = const Example*;
  using reference = Example;

  Iterator(const Examples& examples, std::size_t index) : examples_(&examples), index_(index) {}
  Example operator*() const { return (*examples_)[index_]; }
  Iterator& operator++() {
    ++index_;
    return *this;
  }
  Iterator operator++(int) { return {*examples_, index_++}; }
  bool operator==(const Iterator& other) const { return index_ == other.index_; }

 private:
  const Examples* examples_;
  std::size_t index_;
};

inline Examples::Iterator Examples::begin() const { return {*this, 0}; }
inline Examples::Iterator Examples::end() const { return {*this, size()}; }

}  // namespace linnet

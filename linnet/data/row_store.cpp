#include "linnet/data/row_store.h"

#include <cstring>
#include <limits>

#include "linnet/data/labels.h"

namespace linnet {
namespace {

template <class Value>
std::deque<Value> take_marked(std::deque<Value>& values, const std::vector<bool>& marked) {
  std::deque<Value> taken;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (marked[i])
      taken.push_back(values[i]);
    else
      values[kept++] = values[i];
  }
  values.resize(kept);
  return taken;
}

}  // namespace

Record Examples::record(std::size_t index) const { return {records_[index], store_->names.get()}; }

Example Examples::operator[](std::size_t index) const {
  const Columns& columns = store_->columns;
  const auto id = [&](std::int32_t label) {
    return label < 0 || ids_.empty() ? label : ids_[static_cast<std::size_t>(label)];
  };
  Example example = show_row(record(index), columns);
  if (index < labels_.size()) example.label = id(labels_[index]);
  if (store_->values)
    example.value = label_value(example.row.find(columns.label)).value_or(std::numeric_limits<double>::quiet_NaN());
  if (index >= more_.size() || more_[index] == nullptr) return example;
  const Record more(more_[index], nullptr);
  if (columns.both_texts_in_one()) {
    example.text = more.find(0).text;
    example.target = more.find(1).text;
    return example;
  }
  const std::string_view bytes = more.find(0).text;
  auto& labels = columns.shape == DataShape::kTokens ? example.tags : example.labels;
  labels.resize(bytes.size() / sizeof(std::int32_t));
  std::memcpy(labels.data(), bytes.data(), bytes.size());
  for (std::int32_t& label : labels) label = id(label);
  return example;
}

void Examples::set_label(std::size_t index, std::int32_t label) {
  if (labels_.size() < size()) labels_.resize(size(), -1);
  labels_[index] = label;
}

void Examples::set_labels(std::size_t index, const std::vector<std::int32_t>& labels) {
  if (labels.empty()) return;
  RecordWriter more;
  more.add(0, CellKind::kText, {reinterpret_cast<const char*>(labels.data()), labels.size() * sizeof(std::int32_t)});
  set_more(index, more);
}

void Examples::set_texts(std::size_t index, std::string_view text, std::string_view target) {
  RecordWriter more;
  more.add(0, CellKind::kText, text);
  more.add(1, CellKind::kText, target);
  set_more(index, more);
}

void Examples::set_more(std::size_t index, const RecordWriter& more) {
  if (more_.size() < size()) more_.resize(size(), nullptr);
  more_[index] = more.finish(store_->arena, *store_->names).bytes();
}

void Examples::renumber(const std::vector<std::int32_t>& ids) {
  if (ids_.empty()) {
    ids_ = ids;
    return;
  }
  for (std::int32_t& id : ids_) id = ids[static_cast<std::size_t>(id)];
}

Examples Examples::take(const std::vector<bool>& marked) {
  Examples taken(store_);
  taken.records_ = take_marked(records_, marked);
  taken.labels_ = take_marked(labels_, marked);
  taken.more_ = take_marked(more_, marked);
  taken.ids_ = ids_;
  return taken;
}

}  // namespace linnet
